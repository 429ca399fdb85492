import type { ColumnEdge } from '../../pipeline/column-mapping.ts';
import type { PathContext } from '../../pipeline/database-names.ts';
import type { CaseRule } from '../../pipeline/naming.ts';
import type { DerivedEntity, TransformContext } from '../../pipeline/transform.ts';
import type { Attributes, EntityRef, NamePart, Warning } from '../../schemas/types.ts';
import type { Dialect } from '../sql/dialects.ts';
import type { Name } from '../sql/ir.ts';
import { displayName } from '../sql/names.ts';
import type { RoutineHead } from '../sql/pieces.ts';
import { type Trace, type TracedEdge, type TraceInput, traceParts, traceSql } from '../sql/trace.ts';
import { SqlDatasets } from './datasets.ts';
import type { TextDialect } from './dialect.ts';
import { DatabasePlace } from './place.ts';

/** A text of SQL and where it stands. */
export interface SqlText {
  readonly text: string;
  readonly producer: string;
  readonly language: TextDialect;
  /** The levels that it stands in, outermost first, without its own. */
  readonly path: readonly NamePart[];
  /** Schemas that a name without one is looked for in, where others than the path's own are. */
  readonly searchPath?: readonly string[];
  /** The file or object that it is, for warnings. */
  readonly location: string;
  /** The view that its query defines, with its columns in order. */
  readonly view?: { readonly name: string; readonly columns: readonly string[] };
}

/** What a text means in the catalogue. */
export interface TracedText {
  readonly inputs: readonly EntityRef[];
  readonly outputs: readonly EntityRef[];
  readonly edges: readonly ColumnEdge[];
  readonly warnings: readonly Warning[];
  readonly placeholders: readonly DerivedEntity[];
  /** Attributes of a process whose lineage is read from code, beside those of every process. */
  readonly attributes: Attributes;
  /** The routine that the text defines first, by the last part of its name. */
  readonly defines: string | undefined;
}

/** Traces a text in its place. What could not be known is a warning with the line. */
export function traceText(context: TransformContext, at: PathContext, text: SqlText): TracedText {
  const place = placeOf(context, at, text);
  return inCatalogue(context, place, { text, trace: traceSql(text.text, inputOf(context, place, text)) });
}

/** A part of a script in the catalogue. */
export interface TracedScriptPart extends TracedText {
  /** The routine that the script defines; undefined for what it runs outside of routines. */
  readonly routine: RoutineHead | undefined;
}

/** Traces a script in its place: each routine that it defines, and what it runs itself. */
export function traceScriptParts(
  context: TransformContext,
  at: PathContext,
  text: SqlText,
): readonly TracedScriptPart[] {
  const place = placeOf(context, at, text);
  return traceParts(text.text, inputOf(context, place, text)).map(({ routine, trace }) => ({
    ...inCatalogue(context, place, { text, trace }),
    routine,
  }));
}

/** The place of a text. */
export function placeOf(context: TransformContext, at: PathContext, text: SqlText): DatabasePlace {
  const { dialect } = text.language;
  return new DatabasePlace(context, at, { dialect, path: text.path, searchPath: text.searchPath });
}

/** What a text is traced with in its place. */
export function inputOf(context: TransformContext, place: DatabasePlace, text: SqlText): TraceInput {
  const name =
    text.view === undefined ? undefined : place.complete([text.view.name], { ...place.defaults, full: true });
  return {
    dialect: text.language.dialect,
    place,
    postgres: context.postgres,
    defaults: place.defaults,
    ...(text.view === undefined || name === undefined ? {} : { view: { name, columns: text.view.columns } }),
  };
}

function inCatalogue(
  context: TransformContext,
  place: DatabasePlace,
  { text, trace }: { readonly text: SqlText; readonly trace: Trace },
): TracedText {
  const { producer, location } = text;
  const { dialect, assumed } = text.language;
  const datasets = new SqlDatasets(context, place, { producer, location, columnCase: columnCaseOf(dialect) });
  const refs = (names: readonly Name[]) => names.flatMap((one) => datasets.find(one)?.ref ?? []);
  const [inputs, outputs] = [refs(trace.inputs), refs(trace.outputs)];
  const edges = columnEdges(trace.edges, datasets, location);
  const calls = callsOf(trace, place, location);
  return {
    inputs,
    outputs,
    edges: edges.edges,
    warnings: [
      ...(assumed ? [dialectAssumed(location)] : []),
      ...trace.reasons.map(({ code, line, text: message }) => ({
        code,
        location: `${location}:${line}`,
        message,
      })),
      ...datasets.warnings,
      ...edges.warnings,
      ...calls.warnings,
    ],
    placeholders: datasets.placeholders,
    attributes: {
      evidence: 'declared',
      dialect: dialect.name,
      confidence: trace.confidence,
      calls: calls.names,
    },
    defines: trace.defines[0]?.at(-1),
  };
}

function dialectAssumed(location: string): Warning {
  const message =
    'Nothing tells the SQL dialect; the text was read as generic SQL. Set the option dialect of the producer.';
  return { code: 'dialect-assumed', location, message };
}

/** How names of columns are compared. */
export function columnCaseOf(dialect: Dialect): CaseRule {
  return dialect.folding === 'upper' ? 'upper' : 'lower';
}

/** Edges between columns that both sides have, spelled as their own source spells them. */
export function columnEdges(
  traced: readonly Omit<TracedEdge, 'kind'>[],
  datasets: SqlDatasets,
  location: string,
): { readonly edges: readonly ColumnEdge[]; readonly warnings: readonly Warning[] } {
  const missing = new Map<string, Warning>();
  const column = (table: Name, name: string) => {
    const dataset = datasets.find(table);
    const found = dataset?.columns.find(name);
    if (dataset !== undefined && found === undefined) {
      const message = `${dataset.ref.qualifiedName} has no column ${JSON.stringify(name)}, which the text names.`;
      missing.set(message, { code: 'column-not-found', location, message });
    }
    return dataset === undefined || found === undefined ? undefined : { ref: dataset.ref, name: found };
  };
  const edges = traced.flatMap((edge): readonly ColumnEdge[] => {
    const source = column(edge.source, edge.sourceColumn);
    const target = column(edge.target, edge.targetColumn);
    if (source === undefined || target === undefined) return [];
    return [
      {
        source: source.ref.qualifiedName,
        sourceColumn: source.name,
        target: target.ref.qualifiedName,
        targetColumn: target.name,
      },
    ];
  });
  return { edges, warnings: [...missing.values()] };
}

/** The qualifiedNames of called routines that are known; a routine that is not is a reason of the trace. */
function callsOf(
  trace: Trace,
  place: DatabasePlace,
  location: string,
): { readonly names: readonly string[]; readonly warnings: readonly Warning[] } {
  const warnings: Warning[] = [];
  const names = trace.calls.flatMap((name) => {
    const found = place.calledRoutine(name);
    if (found === 'ambiguous') {
      const message = `Several routines are named ${displayName(name)}; which of them is called is not known.`;
      warnings.push({ code: 'ambiguous-routine', location, message });
      return [];
    }
    return found === undefined ? [] : [(found.standsFor ?? found).qualifiedName];
  });
  return { names: [...new Set(names)].sort(), warnings };
}
