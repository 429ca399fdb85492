/**
 * Routines in SQL languages become processes, a script one for each routine that it defines: the tables that they read and write, which column comes from which, and the routines that
 * they call. What the text does not tell is a warning with its line, and lowers the confidence.
 */
import {
  containerReferences,
  databaseTypes,
  type PathContext,
  refOfPath,
} from '../pipeline/database-names.ts';
import { processEntity, warningText } from '../pipeline/process.ts';
import {
  type Derivation,
  deriving,
  type KnownAsset,
  type TransformContext,
  type TransformFactory,
} from '../pipeline/transform.ts';
import type { Attributes, EntityBody, EntityRef, Routine, TypedEvent } from '../schemas/types.ts';
import { dialectOfRoutine, type TextDialect } from './sql-source/dialect.ts';
import { otherName } from './sql-source/other-names.ts';
import { pathOfName } from './sql-source/paths.ts';
import {
  type TracedScriptPart,
  type TracedText,
  traceScriptParts,
  traceText,
} from './sql-source/trace-text.ts';
import type { Name } from './sql/ir.ts';
import { displayName } from './sql/names.ts';

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
  const text = {
    text: routine.text,
    producer: routine.producer,
    language,
    path: routine.path.slice(0, -1),
    location: routine.file ?? routine.objectId,
  };
  const parts: readonly Part[] =
    routine.kind === 'SCRIPT'
      ? scriptParts(at, routine, traceScriptParts(context, at, text))
      : [wholePart(ref, routine, traceText(context, at, text))];
  const processes = parts.map((part) => ({
    entities: [processOf(at, part)] as const,
    complete: [],
    placeholder: false,
  }));
  const warnings = [...routine.warnings, ...parts.flatMap(({ traced }) => traced.warnings)];
  return {
    event,
    changes: [...processes, ...parts.flatMap(({ traced }) => traced.placeholders)],
    known: parts.flatMap((part) => knownRoutines(at, part, { language, text: routine.text })),
    warnings: [...new Map(warnings.map((warning) => [warningText(warning), warning])).values()],
  };
}

/** What becomes one process: a routine, one that a script defines, or what a script itself runs. */
interface Part {
  readonly ref: EntityRef;
  readonly name: string;
  readonly kind: string;
  /** Its own text. */
  readonly definition: string;
  /** What the source says of the whole. */
  readonly routine: Routine;
  readonly traced: TracedText;
  /** The routine of a script, by its name. */
  readonly defines?: Name;
}

function wholePart(ref: EntityRef, routine: Routine, traced: TracedText): Part {
  const name = routine.path.at(-1)?.name ?? '';
  return { ref, name, kind: routine.kind, definition: routine.text, routine, traced };
}

/** The parts of a script. A routine is named within it (`load.sql#dbo.p`), and its text ends where the next one begins. */
function scriptParts(at: PathContext, script: Routine, traced: readonly TracedScriptPart[]): readonly Part[] {
  const lines = script.text.split('\n');
  const begins = traced.flatMap(({ routine }) => routine?.line ?? []).sort((a, b) => a - b);
  const file = script.path.at(-1)?.name ?? '';
  return traced.flatMap((part): readonly Part[] => {
    const head = part.routine;
    const own = head === undefined ? undefined : displayName(head.name);
    const level = { level: 'routine', name: own === undefined ? file : `${file}#${own}` } as const;
    const ref = refOfPath(at, [...script.path.slice(0, -1), level]);
    if (ref === undefined) return [];
    if (head === undefined || own === undefined) return [wholePart(ref, script, part)];
    const next = begins.find((line) => line > head.line) ?? lines.length + 1;
    const definition = lines.slice(head.line - 1, next - 1).join('\n');
    const kind = head.kind.toUpperCase();
    return [{ ref, name: own, kind, definition, routine: script, traced: part, defines: head.name }];
  });
}

function processOf(at: PathContext, part: Part): EntityBody {
  const { ref, name, routine, traced } = part;
  return processEntity({
    ...ref,
    name,
    inputs: traced.inputs,
    outputs: traced.outputs,
    edges: traced.edges,
    warnings: [...routine.warnings, ...traced.warnings],
    attributes: attributesOf(at, part),
    references: containerReferences(at, routine.path, at.database.routine?.container),
  });
}

/** Facts of the routine and its lineage, as far as its type declares them. */
function attributesOf(at: PathContext, { ref, kind, definition, routine, traced }: Part): Attributes {
  const declared = at.naming.type(ref.typeName).attributes;
  const facts: Attributes = {
    ...traced.attributes,
    language: routine.language,
    kind,
    definition,
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
  { ref, routine, traced, defines }: Part,
  { language, text }: { readonly language: TextDialect; readonly text: string },
): readonly KnownAsset[] {
  const place = routine.path.slice(0, -1);
  const name = defines ?? [traced.defines ?? routine.path.at(-1)?.name ?? ''];
  const path = pathOfName(at, place, name);
  const other = path === undefined ? undefined : otherName(at, path, language.dialect);
  if (other === undefined) return [];
  const known = { dialect: language.dialect.name, text, place };
  return [{ ...other, columns: [], standsFor: ref, routine: known }];
}
