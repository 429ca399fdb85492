import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { caseOption, producerComponent } from '../../pipeline/component.ts';
import type { Producer } from '../../pipeline/producer.ts';
import { fileError } from '../../platform/read-file.ts';
import { watchFiles } from '../../platform/watch-files.ts';
import { scanCustomDb } from './scan.ts';
import { customDbTypes } from './types.ts';

const customDbOptions = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'Folder with the system table sys.json, the part files and the scripts; or the system table itself.',
    ),
  server: z
    .string()
    .min(1)
    .optional()
    .describe("Logical name of the database in qualifiedNames; by default the folder's name."),
  scripts: z
    .string()
    .min(1)
    .default('**/*.custom')
    .describe('Which files below the folder are scripts: * within a name, ** for any folders.'),
  case: caseOption,
});

/** The producer `custom-db`: a database of files with a system table and scripts. */
export const customDb = producerComponent({
  summary: 'A database that only has files: a system table sys.json, part files, and scripts (*.custom).',
  options: customDbOptions,
  configure: (_name, options, host) => ({
    settings: { types: customDbTypes, caseRule: options.case, steps: 'collapse', datasets: {} },
    open: () => openCustomDb(resolve(host.baseFolder, options.path), options),
  }),
});

async function openCustomDb(path: string, options: z.output<typeof customDbOptions>): Promise<Producer> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (thrown: unknown) => {
      throw fileError(thrown, path);
    },
  );
  const root = isFolder ? path : dirname(path);
  const systemFile = isFolder ? 'sys.json' : basename(path);
  await stat(join(root, systemFile)).catch((thrown: unknown) => {
    throw fileError(thrown, join(root, systemFile));
  });
  const folder = {
    root,
    systemFile,
    scripts: options.scripts,
    server: options.server ?? basename(root),
  };
  return {
    // Files that are restored from a copy are the same source: positions grow with every difference.
    incarnation: () => Promise.resolve('files'),
    scan: (context) => scanCustomDb(folder, context),
    changes: (signal) => watchFiles({ path: root }, signal),
    close: () => Promise.resolve(),
  };
}
