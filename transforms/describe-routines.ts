import {
  containerReferences,
  databaseTypes,
  type PathContext,
  refOfPath,
} from '../pipeline/database-names.ts';
import { processEntity } from '../pipeline/process.ts';
import type { Derivation, TransformContext } from '../pipeline/transform.ts';
import type { Attributes, TypedEvent } from '../schemas/types.ts';
import { dialectOfRoutine } from './sql-source/dialect.ts';

/** Languages whose text another transform traces. */
const tracedElsewhere: ReadonlySet<string> = new Set(['custom']);

/**
 * Describes a routine of a database as a process without lineage: its name, language, kind and whole text, as far as its type declares
 * these attributes. Undefined for languages that have a transform of their own, and where the source declares no type of
 * routines.
 */
export function describeRoutine(
  context: TransformContext,
  event: TypedEvent<'routine'>,
): Derivation | undefined {
  const routine = event.value;
  const settings = context.settings(routine.producer);
  if (tracedElsewhere.has(routine.language) || dialectOfRoutine(settings, routine) !== undefined)
    return undefined;
  const at: PathContext = {
    naming: context.naming,
    settings,
    database: databaseTypes(settings, routine.producer),
  };
  const ref = refOfPath(at, routine.path);
  if (ref === undefined) return { event, changes: [], known: [], warnings: routine.warnings };
  const declared = context.naming.type(ref.typeName).attributes;
  const facts: Attributes = {
    language: routine.language,
    kind: routine.kind,
    definition: routine.text,
  };
  const process = processEntity({
    ...ref,
    name: routine.path.at(-1)?.name ?? '',
    inputs: [],
    outputs: [],
    edges: [],
    warnings: routine.warnings,
    attributes: {
      description: routine.description,
      ...Object.fromEntries(Object.entries(facts).filter(([name]) => Object.hasOwn(declared, name))),
    },
    references: containerReferences(at, routine.path, at.database.routine?.container),
  });
  return {
    event,
    changes: [{ entities: [process], complete: [], placeholder: false }],
    known: [],
    warnings: routine.warnings,
  };
}
