import { defineConfig } from 'vitest/config';

// Test runner options that differ from Vitest's defaults, each with its reason.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // `npm run test:atlas` has a server and a configuration of its own.
    exclude: ['test/atlas/**'],
    // The command line, compiled once; one Kafka for all files that need it, started by the first of them.
    globalSetup: ['test/support/build-cli-setup.ts', 'test/support/kafka/setup.ts'],
    // Real servers (PostgreSQL, the local catalogue, child processes) start inside hooks.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores are the machine this project is built and tested on.
    maxWorkers: 2,
  },
});
