/**
 * One text of a database to what it moves there: full names instead of names as written, rows followed into the
 * routines that it calls, temporary tables that another routine made or fills.
 */
import type { PostgresParser } from '../../pipeline/postgres-parser.ts';
import type { Dialect } from './dialects.ts';
import { Effect, type NodeColumnEdge } from './effect.ts';
import { lineageOf } from './graph.ts';
import type { DirectKind, Name } from './ir.ts';
import { type LibrarySession, readLibrary } from './library.ts';
import { maxCharacters, maxScriptEdges } from './limits.ts';
import type { SqlPlace } from './place.ts';
import { confidenceOf, type Reason } from './reasons.ts';
import type { Relation } from './relations.ts';
import { routineResults } from './routine-results.ts';
import type { Session } from './session.ts';
import { bridgeTemporaries } from './temporaries.ts';
import { type Defaults, displayName, nameKey } from './names.ts';
import type { RoutineHead } from './pieces.ts';

/** What a text is traced with. */
export interface TraceInput {
  readonly dialect: Dialect;
  readonly place: SqlPlace;
  /** Reads texts of the dialect postgres as PostgreSQL does. */
  readonly postgres?: PostgresParser | undefined;
  /** What completes names until the text says otherwise. */
  readonly defaults: Pick<Defaults, 'database' | 'schema'>;
  /** The view that the text's query defines, by its full name and its columns in order (empty if they are not known). */
  readonly view?: { readonly name: Name; readonly columns: readonly string[] };
}

/** A value from a column to a column, tables by full name. */
export interface TracedEdge {
  readonly source: Name;
  readonly sourceColumn: string;
  readonly target: Name;
  readonly targetColumn: string;
  readonly kind: DirectKind;
}

/** What a text moves. Temporary tables and variables are collapsed. */
export interface Trace {
  /** Tables and locations that rows come from, or that are looked at. */
  readonly inputs: readonly Name[];
  /** Tables and locations that are changed. */
  readonly outputs: readonly Name[];
  /** Only columns that the text or the catalogue names: no stars, and no guesses by position. */
  readonly edges: readonly TracedEdge[];
  /** Routines called, by full name. */
  readonly calls: readonly Name[];
  /** The routines that the text defines, by full name. */
  readonly defines: readonly Name[];
  readonly reasons: readonly Reason[];
  readonly confidence: number;
}

/** Traces a text. Throws nothing, whatever the text. */
export function traceSql(text: string, input: TraceInput): Trace {
  if (text.length > maxCharacters) return tooLarge(text);
  const read = readLibrary(text, input);
  const { session, firstEffect } = read;
  const own = session.effects.slice(firstEffect);
  if (input.view !== undefined) own.push(...storeView(session, input.view));
  return traceOf(read, own);
}

/** A part of a script with what it moves. */
export interface TracedPart {
  /** The routine that the script defines; undefined for what it runs outside of routines. */
  readonly routine: RoutineHead | undefined;
  readonly trace: Trace;
}

/**
 * Traces a script by its parts: each routine that it defines, and what it runs itself, if that is anything or there is no routine.
 * Gaps that belong to no statement are reasons of every part. Throws nothing, whatever the text.
 */
export function traceParts(text: string, input: TraceInput): readonly TracedPart[] {
  if (text.length > maxCharacters) return [{ routine: undefined, trace: tooLarge(text) }];
  const read = readLibrary(text, input);
  const parts = new Map<string, { readonly routine: RoutineHead; readonly effects: Effect[] }>();
  const outside: Effect[] = [];
  for (const effect of read.session.effects.slice(read.firstEffect)) {
    const { routine } = effect;
    if (routine === undefined || routine.executes !== undefined) {
      outside.push(effect);
      continue;
    }
    const key = nameKey(displayName(routine.name), input.dialect);
    const part = parts.get(key) ?? { routine, effects: [] };
    part.effects.push(effect);
    parts.set(key, part);
  }
  const traced = [...parts.values()].map(
    ({ routine, effects }): TracedPart => ({ routine, trace: traceOf(read, effects) }),
  );
  const rest = traceOf(read, outside);
  const says =
    rest.outputs.length + rest.calls.length + outside.flatMap((effect) => effect.reasons).length > 0;
  return says || traced.length === 0 ? [...traced, { routine: undefined, trace: rest }] : traced;
}

/** What some of a script's effects move; the others count as far as they fill intermediates of these. */
function traceOf({ session, firstReason, cut }: LibrarySession, own: readonly Effect[]): Trace {
  const results = routineResults(session);
  const temporary = bridgeTemporaries([...session.effects, ...own], session.nodes);
  const hidden = (node: string): boolean => session.nodes.isIntermediate(node) || results.nodes.has(node);
  const counted = new Set(own);
  const others = session.effects.filter((effect) => !counted.has(effect));
  const lineage = lineageOf(
    [
      ...own.map((effect) => certain(effect, hidden)),
      ...[...others, ...results.effects].map((effect) => into(effect, hidden)),
    ],
    { nodes: session.nodes, hidden, hides: true, name: (node) => node },
    temporary.bridges,
  );
  const missing = new Set(bridgeTemporaries(own, session.nodes).reasons.map((reason) => reason.text));
  const reasons = [
    ...session.reasons.slice(firstReason),
    ...own.flatMap((effect) => effect.reasons),
    ...temporary.reasons.filter((reason) => missing.has(reason.text)),
    ...(lineage.cut || cut ? [tooMany(cut)] : []),
  ];
  return {
    ...named(session, lineage),
    ...calledBy(session, own),
    reasons,
    confidence: confidenceOf(reasons),
  };
}

function tooLarge(text: string): Trace {
  const reason: Reason = {
    code: 'too-large',
    line: 1,
    text: `The text has ${text.length} characters; more than ${maxCharacters} are not read.`,
  };
  const nothing = { inputs: [], outputs: [], edges: [], calls: [], defines: [] };
  return { ...nothing, reasons: [reason], confidence: confidenceOf([reason]) };
}

function tooMany(library: boolean): Reason {
  const text = library
    ? 'Rows come through more routines than are followed; the rest were left out.'
    : `There are more than ${maxScriptEdges} edges; the rest were left out.`;
  return { code: 'too-many-edges', line: 1, text };
}

/** The rows of the text's own query go to the view. */
function storeView(session: Session, { name, columns }: NonNullable<TraceInput['view']>): readonly Effect[] {
  const node = session.nodes.of(name);
  return session.results.map((relation: Relation) => {
    const effect = new Effect(1, 'create-view', undefined);
    effect.writes.add(node);
    const fits = columns.length === relation.columns.length ? columns : undefined;
    effect.store(node, relation, fits);
    return effect;
  });
}

/** Without edges that only the order of unknown columns tells: the reason stands in for them. */
function certain(effect: Effect, hidden: (node: string) => boolean): Effect {
  if (!effect.reasons.some((reason) => reason.code === 'target-columns-unknown')) return effect;
  return copy(effect, {
    reads: effect.reads.values(),
    writes: effect.writes.values(),
    keepsTable: () => true,
    keepsColumn: (edge) => edge.target === null || hidden(edge.target),
  });
}

/** Only what leads into intermediates: what another routine writes to tables is its own lineage. */
function into(effect: Effect, hidden: (node: string) => boolean): Effect {
  return copy(effect, {
    reads: [],
    writes: [],
    keepsTable: hidden,
    keepsColumn: (edge) => edge.target !== null && hidden(edge.target),
  });
}

function copy(
  effect: Effect,
  what: {
    readonly reads: Iterable<string>;
    readonly writes: Iterable<string>;
    readonly keepsTable: (target: string) => boolean;
    readonly keepsColumn: (edge: NodeColumnEdge) => boolean;
  },
): Effect {
  const result = new Effect(effect.line, effect.kind, effect.routine);
  for (const read of what.reads) result.reads.add(read);
  for (const write of what.writes) result.writes.add(write);
  for (const [source, target] of effect.tableEdges.values())
    if (what.keepsTable(target)) result.edge(source, target);
  result.columnEdges.push(...effect.columnEdges.filter(what.keepsColumn));
  return result;
}

function named(
  session: Session,
  lineage: ReturnType<typeof lineageOf>,
): Pick<Trace, 'inputs' | 'outputs' | 'edges'> {
  const { nodes } = session;
  const edges = lineage.columnEdges.flatMap((edge): readonly TracedEdge[] => {
    if (edge.sourceColumn === '*' || edge.targetColumn === '*' || edge.kind === 'window') return [];
    const source = nodes.nameOf(edge.sourceTable ?? '');
    const target = nodes.nameOf(edge.targetTable ?? '');
    if (source === undefined || target === undefined) return [];
    return [
      { source, sourceColumn: edge.sourceColumn, target, targetColumn: edge.targetColumn, kind: edge.kind },
    ];
  });
  const written = new Set([...lineage.writes, ...lineage.tableEdges.map(([, target]) => target)]);
  const read = [
    ...lineage.reads.filter((node) => !written.has(node)),
    ...lineage.tableEdges.map(([source]) => source),
    ...lineage.columnEdges.flatMap((edge) => (edge.targetTable === null ? [] : (edge.sourceTable ?? []))),
  ];
  const namesOf = (list: Iterable<string>): readonly Name[] =>
    [...new Set(list)].flatMap((node) => {
      const name = nodes.nameOf(node);
      return name === undefined ? [] : [name];
    });
  return { inputs: namesOf(read), outputs: namesOf(written), edges };
}

function calledBy(session: Session, own: readonly Effect[]): Pick<Trace, 'calls' | 'defines'> {
  const { nodes } = session;
  const heads = new Set(own.map((effect) => effect.routine));
  const defined = [...session.routines].filter(([, head]) => heads.has(head)).map(([node]) => node);
  const called = new Set(
    own.flatMap((effect) => [...effect.calls].map((call) => call.slice(call.indexOf(':') + 1))),
  );
  const name = (node: string): readonly Name[] => {
    const found = nodes.nameOf(node);
    return found === undefined ? [] : [found];
  };
  return { calls: [...called].flatMap(name), defines: defined.flatMap(name) };
}
