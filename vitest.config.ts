import { defineConfig } from 'vitest/config';

/** What starts no pipeline and leaves nothing behind in its process: these files share their modules, which halves what they cost. */
const sharing = ['catalog', 'pipeline', 'platform', 'producers', 'schemas', 'sinks', 'transforms'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

// Real servers (PostgreSQL, the local catalogue, child processes) start inside hooks.
const timeouts = { testTimeout: 30_000, hookTimeout: 60_000 };

// Test runner options that differ from Vitest's defaults, each with its reason.
export default defineConfig({
  test: {
    // The command line, compiled once; one Kafka for all files that need it, started by the first of them. Here, for a project would do it again.
    globalSetup: ['test/support/build-cli-setup.ts', 'test/support/kafka/setup.ts'],
    // Two cores are the machine this project is built and tested on.
    maxWorkers: 2,
    projects: [
      { test: { ...timeouts, name: 'sharing', include: sharing, isolate: false } },
      {
        test: {
          ...timeouts,
          name: 'alone',
          include: ['test/**/*.test.ts'],
          // `npm run test:atlas` has a server and a configuration of its own.
          exclude: ['test/atlas/**', ...sharing],
        },
      },
    ],
  },
});
