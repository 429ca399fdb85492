/**
 * Routines in SQL languages become processes: the tables that they read and write, which column comes from which, and the routines that
 * they call. What the text does not tell is a warning with its line, and lowers the confidence.
 */
import {
  containerReferences,
  databaseTypes,
  type PathContext,
  refOfPath,
} from '../pipeline/database-names.ts';
import { processEntity } from '../pipeline/process.ts';
import {
  type Derivation,
  deriving,
  type KnownAsset,
  type TransformContext,
  type TransformFactory,
} from '../pipeline/transform.ts';
import type { Attributes, EntityRef, Routine, TypedEvent } from '../schemas/types.ts';
import { dialectOfRoutine, type TextDialect } from './sql-source/dialect.ts';
import { otherName } from './sql-source/other-names.ts';
import { traceText, type TracedText } from './sql-source/trace-text.ts';

/** The transform: routines in SQL languages → processes. Where the source declares no type of routines, only their warnings stay. */
export const traceSqlRoutines: TransformFactory = (context) =>
  deriving((event) => {
    if (event.type !== 'routine') return undefined;
    const settings = context.settings(event.value.producer);
    const language = dialectOfRoutine(settings, event.value);
    return language === undefined ? undefined : derive(context, event, language);
  });

function derive(context: TransformContext, event: TypedEvent<'routine'>, language: TextDialect): Derivation {
  const routine = event.value;
  const settings = context.settings(routine.producer);
  const database = databaseTypes(settings, routine.producer);
  const at: PathContext = { naming: context.naming, settings, database };
  const ref = refOfPath(at, routine.path);
  if (ref === undefined) return { event, changes: [], known: [], warnings: routine.warnings };
  const traced = traceText(context, at, {
    text: routine.text,
    producer: routine.producer,
    language,
    path: routine.path.slice(0, -1),
    location: routine.file ?? routine.objectId,
  });
  const warnings = [...routine.warnings, ...traced.warnings];
  const process = processEntity({
    ...ref,
    name: routine.path.at(-1)?.name ?? '',
    inputs: traced.inputs,
    outputs: traced.outputs,
    edges: traced.edges,
    warnings,
    attributes: attributesOf(at, ref, routine, traced),
    references: containerReferences(at, routine.path, database.routine?.container),
  });
  return {
    event,
    changes: [{ entities: [process], complete: [], placeholder: false }, ...traced.placeholders],
    known: knownRoutines(at, ref, routine, { language, defines: traced.defines }),
    warnings,
  };
}

/** Facts of the routine and its lineage, as far as its type declares them. */
function attributesOf(
  at: PathContext,
  { typeName }: EntityRef,
  routine: Routine,
  traced: TracedText,
): Attributes {
  const declared = at.naming.type(typeName).attributes;
  const facts: Attributes = {
    ...traced.attributes,
    language: routine.language,
    kind: routine.kind,
    definition: routine.text,
    sourceFile: routine.file,
  };
  return {
    // A file cannot be described, a routine of a database can: there, none clears what was said before.
    ...(routine.kind === 'SCRIPT' && routine.description === null
      ? {}
      : { description: routine.description }),
    ...Object.fromEntries(Object.entries(facts).filter(([name]) => Object.hasOwn(declared, name))),
  };
}

/** The routine under the name by which others call it: its path may hold the signature, too. */
function knownRoutines(
  at: PathContext,
  ref: EntityRef,
  routine: Routine,
  { language, defines }: { readonly language: TextDialect; readonly defines: string | undefined },
): readonly KnownAsset[] {
  const place = routine.path.slice(0, -1);
  const name = defines ?? routine.path.at(-1)?.name ?? '';
  const other = otherName(at, [...place, { level: 'routine', name }], language.dialect);
  if (other === undefined) return [];
  const text = { dialect: language.dialect.name, text: routine.text, place };
  return [{ ...other, columns: [], standsFor: ref, routine: text }];
}
