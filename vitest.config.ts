import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose files take longest, in the order in which they begin: what takes long at the end leaves a core idle. The others begin after them. */
const longFirst = [
  'docs',
  'bench',
  'package',
  'end-to-end',
  'transports',
  'cli',
  'examples',
  'producers',
  'sinks',
];

/** Vitest's own order, which is that of sizes and of former runs, within folders that begin one after the other. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = longFirst.findIndex((folder) => moduleId.includes(`/test/${folder}/`));
      return place === -1 ? longFirst.length : place;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

/** Files that begin with libraries of their own: MSAL keeps in its module where it had found the managed identity of a machine. */
const alone = [
  'test/end-to-end/secrets.test.ts',
  'test/platform/azure-credential.test.ts',
  'test/sinks/purview/sign-in.test.ts',
  'test/state/sql.test.ts',
];

// Real servers (PostgreSQL, the local catalogue, child processes) start inside hooks.
const timeouts = { testTimeout: 30_000, hookTimeout: 60_000 };

// Test runner options that differ from Vitest's defaults, each with its reason.
export default defineConfig({
  test: {
    // The command line, compiled once; one Kafka for all files that need it, started by the first of them.
    globalSetup: ['test/support/build-cli-setup.ts', 'test/support/kafka/setup.ts'],
    // Two cores are the machine this project is built and tested on; a third process works while others wait for servers.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    projects: [
      {
        test: {
          ...timeouts,
          name: 'sharing',
          include: ['test/**/*.test.ts'],
          // `npm run test:atlas` has a server and a configuration of its own.
          exclude: ['test/atlas/**', ...alone],
          // Files share the modules of their process: to load them anew for each file cost a sixth of the whole.
          isolate: false,
          setupFiles: ['test/support/undo-changes.ts'],
        },
      },
      { test: { ...timeouts, name: 'alone', include: alone } },
    ],
  },
});
