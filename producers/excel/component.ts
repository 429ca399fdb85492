import path from 'node:path';
import { producerComponent } from '../../pipeline/component.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { watchFiles } from '../../platform/watch-files.ts';
import { KeptEntities } from './kept-entities.ts';
import type { Layout } from './layout.ts';
import { excelOptions, layoutOf } from './options.ts';
import { type Problem, placeText, problemText } from './problems.ts';
import { isFolder, readWorkbook } from './read-workbook.ts';

/** The producer `excel`: a workbook in the form of pyapacheatlas's template, that people fill in. */
export const excel = producerComponent({
  summary:
    'A workbook that people fill in (the template of pyapacheatlas), or a folder of CSV files named as its sheets: entities, lineage, classifications, terms, contacts.',
  options: excelOptions,
  configure: (_name, options, host) => ({
    settings: {
      // What a workbook defines is created by `excel types`: a workbook is read when the producer is opened, not before.
      types: { entityTypes: [], relationshipTypes: [] },
      caseRule: 'preserve',
      steps: 'collapse',
      datasets: {},
    },
    open: () =>
      openWorkbook({
        file: path.resolve(host.baseFolder, options.path),
        layout: layoutOf(options),
        removed: options.removed,
      }),
  }),
});

interface OpenedWorkbook {
  readonly file: string;
  readonly layout: Layout;
  readonly removed: 'keep' | 'delete';
}

async function openWorkbook(workbook: OpenedWorkbook): Promise<Producer> {
  const { file } = workbook;
  await isFolder(file);
  return {
    // A workbook that is restored from a copy is the same source: positions grow with every difference.
    incarnation: () => Promise.resolve('files'),
    scan: (context) => scanWorkbook(workbook, context),
    changes: (signal) => watchFiles({ path: file, matches: isWorkbookFile }, signal),
    close: () => Promise.resolve(),
  };
}

/** Excel and LibreOffice put files of their own beside one that is open. */
function isWorkbookFile(file: string): boolean {
  return !file.startsWith('~$') && !file.startsWith('.~');
}

async function* scanWorkbook(
  { file, layout, removed }: OpenedWorkbook,
  context: ScanContext,
): AsyncGenerator<FoundObject> {
  throwIfStopped(context.signal);
  const { entities, problems, modifiedMs } = await readWorkbook(file, layout, context.signal);
  const kept = removed === 'keep' ? await KeptEntities.open(context.memory) : undefined;
  for (const value of entities) {
    throwIfStopped(context.signal);
    const objectId = `${value.typeName} ${value.qualifiedName}`;
    const found = { type: 'entity', objectId, sequence: modifiedMs, value } as const;
    kept?.add(found);
    yield found;
  }
  for (const found of kept?.missing() ?? []) {
    throwIfStopped(context.signal);
    yield found;
  }
  for (const problem of problems) if (problem.severity === 'error') context.reject(rejection(problem));
}

/** A cell that is wrong is one dead letter; what its row means is left as it is in the catalogue. */
function rejection(problem: Problem): Parameters<ScanContext['reject']>[0] {
  return {
    objectId: placeText(problem),
    error: new StreamError('SOURCE_INVALID', problemText(problem)),
  };
}
