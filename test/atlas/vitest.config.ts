import { defineConfig } from 'vitest/config';

// `npm run test:atlas`: the sink against a real Apache Atlas, which one server for the whole run is.
export default defineConfig({
  test: {
    root: new URL('../../', import.meta.url).pathname,
    include: ['test/atlas/**/*.test.ts'],
    globalSetup: ['test/support/build-cli-setup.ts', 'test/support/atlas/setup.ts'],
    // The server is the limit, and files would only wait for each other; what they import is loaded once.
    fileParallelism: false,
    isolate: false,
    testTimeout: 180_000,
    hookTimeout: 240_000,
  },
});
