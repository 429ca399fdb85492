/**
 * Scripts in languages of databases and tools become processes with column lineage: each column that is written goes back to
 * the columns read, through every variable between.
 */
import type { NamePart, Routine } from '../schemas/types.ts';
import {
  containerReferences,
  databaseTypes,
  type PathContext,
  refOfPath,
} from '../pipeline/database-names.ts';
import { placeholderOf } from '../pipeline/datasets.ts';
import { StreamError } from '../pipeline/errors.ts';
import { processEntity } from '../pipeline/process.ts';
import {
  type Derivation,
  deriving,
  type DerivedEntity,
  type ObjectRawEvent,
  type TransformContext,
  type TransformFactory,
} from '../pipeline/transform.ts';
import { customScript } from './custom-script.ts';
import { knownColumns } from './known-columns.ts';
import type { RoutineParser } from './scripts/parser.ts';
import { type ScriptTable, traceScript } from './scripts/trace.ts';

/** The script languages, one line each. */
const parsers: readonly RoutineParser[] = [customScript];

/** The transform: routines in one of the script languages → processes. Throws SCRIPT_INVALID with file, line and text. */
export const traceScripts: TransformFactory = (context) =>
  deriving((event) => {
    if (event.type !== 'routine') return undefined;
    const { language } = event.value;
    const parser = parsers.find((one) => one.language === language);
    return parser === undefined ? undefined : derive(context, event, { routine: event.value, parser });
  });

function derive(
  context: TransformContext,
  event: ObjectRawEvent,
  { routine, parser }: { readonly routine: Routine; readonly parser: RoutineParser },
): Derivation {
  const settings = context.settings(routine.producer);
  const database = databaseTypes(settings, routine.producer);
  const at: PathContext = { naming: context.naming, settings, database };
  const ref = refOfPath(at, routine.path);
  const name = routine.path.at(-1)?.name;
  if (ref === undefined || name === undefined) {
    throw new StreamError(
      'EVENT_INVALID',
      `The routine ${routine.objectId} of ${routine.producer} has no path to a routine.`,
    );
  }
  const databasePath = routine.path.slice(0, -1);
  const file = routine.file ?? name;
  const lineage = traceScript(parser.parse(routine.text, file), {
    file,
    caseRule: settings.caseRule,
    table: (table) => findTable(context, at, [...databasePath, { level: 'table', name: table }]),
  });
  const warnings = [...routine.warnings, ...lineage.warnings];
  const process = processEntity({
    ...ref,
    name,
    inputs: lineage.inputs.map((table) => table.ref),
    outputs: lineage.outputs.map((table) => table.ref),
    edges: lineage.edges,
    warnings,
    attributes: {
      // A script without a description says nothing of it: what a person wrote in the catalogue stays.
      ...(routine.description === null ? {} : { description: routine.description }),
      sourceFile: routine.file,
      definition: routine.text,
    },
    references: containerReferences(at, routine.path, database.routine?.container),
  });
  return {
    event,
    changes: [
      { entities: [process], complete: [], placeholder: false },
      ...placeholders([...lineage.inputs, ...lineage.outputs]),
    ],
    known: [],
    warnings,
  };
}

function findTable(context: TransformContext, at: PathContext, path: readonly NamePart[]): ScriptTable {
  const name = path.at(-1)?.name ?? '';
  const ref = refOfPath(at, path);
  if (ref === undefined)
    throw new StreamError('CONFIG_INVALID', `There is no entity type for the table ${name}.`);
  const asset = context.known.asset(ref);
  return { name, ref, described: asset !== undefined, columns: knownColumns(asset, at.settings.caseRule) };
}

function placeholders(tables: readonly ScriptTable[]): readonly DerivedEntity[] {
  const missing = new Map(
    tables.filter((table) => !table.described).map((table) => [table.ref.qualifiedName, table]),
  );
  return [...missing.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, table]) => placeholderOf(table.ref, table.name));
}
