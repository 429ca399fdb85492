/**
 * SQL text to lineage. The entry point of this folder: pure, throws on no input, linear in the text up to its limits.
 */
import type { PostgresParser } from '../../pipeline/postgres-parser.ts';
import type { TableColumns } from './catalog.ts';
import { dialectNames, findDialect, type DialectName } from './dialects.ts';
import type { Effect } from './effect.ts';
import { lineageOf } from './graph.ts';
import { maxCharacters, maxScriptEdges } from './limits.ts';
import type { ColumnEdge, GraphView, Lineage } from './lineage.ts';
import { displayName } from './names.ts';
import type { RoutineHead } from './pieces.ts';
import { confidenceOf, type Reason } from './reasons.ts';
import { routineResults } from './routine-results.ts';
import { openSession, runText } from './script.ts';
import type { Relation } from './relations.ts';
import type { Session } from './session.ts';
import { bridgeTemporaries } from './temporaries.ts';
import { StreamError } from '../../pipeline/errors.ts';

/** Options of {@link analyzeSql}. */
export interface SqlOptions {
  /** A name or alias of `dialectNames`; `generic` if left out. */
  readonly dialect?: string;
  /** The columns of tables outside of the script. */
  readonly catalog?: TableColumns;
  readonly defaultDatabase?: string;
  readonly defaultSchema?: string;
  /** Shows temporary tables and table variables instead of collapsing them. Scalar variables are always collapsed. */
  readonly keepIntermediate?: boolean;
  /** Follows rows through the routines that the script defines, to the tables behind `fn:` and `proc:` nodes. */
  readonly throughRoutines?: boolean;
  /** Reads texts of the dialect postgres as PostgreSQL does. */
  readonly postgres?: PostgresParser;
}

/** One statement. Names stand as written, folded and without quotes; common tables are resolved away. */
export interface SqlStatement {
  readonly line: number;
  readonly kind: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly columnEdges: readonly ColumnEdge[];
  readonly reasons: readonly Reason[];
}

/** A procedure, function or trigger that the script defines. */
export interface SqlRoutine extends Lineage {
  readonly kind: RoutineHead['kind'];
  readonly name: string;
  readonly line: number;
  /** Routines that it calls: `proc:` or `fn:` and the name. */
  readonly calls: readonly string[];
  /** The names of the columns that it hands out; undefined if it hands out none or they are not known. */
  readonly resultColumns: readonly string[] | undefined;
  readonly reasons: readonly Reason[];
  readonly confidence: number;
}

/** What is known of a script. */
export interface SqlLineage extends Lineage {
  readonly dialect: DialectName;
  readonly statements: readonly SqlStatement[];
  readonly routines: readonly SqlRoutine[];
  readonly calls: readonly string[];
  readonly reasons: readonly Reason[];
  /** 1 if nothing is in doubt, down to 0. */
  readonly confidence: number;
}

/**
 * Reads a script.
 * @throws StreamError USAGE if the dialect is unknown; nothing else, whatever the text
 */
export function analyzeSql(text: string, options: SqlOptions = {}): SqlLineage {
  const dialect = findDialect(options.dialect ?? 'generic');
  if (dialect === undefined) {
    throw new StreamError('USAGE', `SQL dialect "${options.dialect ?? ''}" is unknown.`, {
      advice: `Use one of ${dialectNames.join(', ')}.`,
    });
  }
  const open = (results: ReadonlyMap<string, Relation> | undefined): Session =>
    openSession({
      dialect,
      catalog: options.catalog ?? {},
      database: options.defaultDatabase,
      schema: options.defaultSchema,
      postgres: options.postgres,
      results,
    });
  let session = open(undefined);
  if (text.length > maxCharacters) {
    session.reasons.push({
      code: 'too-large',
      line: 1,
      text: `The script has ${text.length} characters; more than ${maxCharacters} are not read.`,
    });
  } else if (isBinary(text)) {
    const reason = 'This is not text in UTF-8, or in UTF-16 with a byte order mark; nothing of it was read.';
    session.reasons.push({ code: 'not-text', line: 1, text: reason });
  } else {
    runText(session, text);
    const { lateResults } = session;
    if (lateResults !== undefined) {
      // A routine was called before its text: the second time, what it hands out is known.
      session = open(lateResults);
      runText(session, text);
    }
  }
  return resultOf(session, options);
}

/** True if one character of 50 at the beginning is a control character other than white space, and more than a few are. */
function isBinary(text: string): boolean {
  const length = Math.min(text.length, 65_536);
  let controls = 0;
  for (let at = 0; at < length; at++) if (isControl(text.charCodeAt(at))) controls++;
  return controls >= 8 && controls * 50 > length;
}

function isControl(code: number): boolean {
  return (code < 32 && (code < 9 || code > 13)) || (code > 126 && code < 160);
}

function resultOf(
  session: Session,
  { keepIntermediate = false, throughRoutines = false }: SqlOptions,
): SqlLineage {
  const { nodes, effects } = session;
  const behind = throughRoutines ? routineResults(session) : undefined;
  const temporary = bridgeTemporaries(effects, nodes);
  const hidden = (node: string): boolean =>
    (keepIntermediate ? nodes.isVariable(node) : nodes.isIntermediate(node)) ||
    behind?.nodes.has(node) === true;
  const view: GraphView = {
    nodes,
    hidden,
    hides: nodes.hasIntermediates || behind !== undefined,
    name: (node: string) => nodes.fullName(node),
  };
  const all = behind === undefined ? effects : [...effects, ...behind.effects];
  const lineage = lineageOf(all, view, temporary.bridges);
  const reasons = [...session.reasons, ...reasonsOf(effects), ...temporary.reasons];
  if (lineage.cut)
    reasons.push({
      code: 'too-many-edges',
      line: 1,
      text: `The script has more than ${maxScriptEdges} edges; the rest were left out.`,
    });
  return {
    dialect: session.dialect.name,
    statements: effects.map((effect) => statementOf(effect, session)),
    reads: lineage.reads,
    writes: lineage.writes,
    tableEdges: lineage.tableEdges,
    columnEdges: lineage.columnEdges,
    indirectEdges: lineage.indirectEdges,
    cut: lineage.cut,
    routines: routinesOf(session, view),
    calls: callsOf(effects),
    reasons,
    confidence: confidenceOf(reasons),
  };
}

function statementOf(effect: Effect, { nodes }: Session): SqlStatement {
  const name = (node: string): string => effect.nameOf(node) ?? nodes.display(node);
  const isTable = (node: string | null): boolean => node === null || !nodes.isVariable(node);
  const names = (list: readonly string[]): readonly string[] => {
    const shown: string[] = [];
    for (const node of list) if (isTable(node)) shown.push(name(node));
    return shown;
  };
  const columnEdges: ColumnEdge[] = [];
  for (const edge of effect.columnEdges) {
    if (!isTable(edge.source) || !isTable(edge.target)) continue;
    columnEdges.push({
      sourceTable: edge.source === '' ? null : name(edge.source),
      sourceColumn: edge.sourceColumn,
      targetTable: edge.target === null ? null : name(edge.target),
      targetColumn: edge.targetColumn,
      kind: edge.kind,
    });
  }
  return {
    line: effect.line,
    kind: effect.kind,
    reads: names(effect.reads.values()),
    writes: names(effect.writes.values()),
    columnEdges,
    reasons: effect.reasons,
  };
}

function reasonsOf(effects: readonly Effect[]): readonly Reason[] {
  const reasons: Reason[] = [];
  for (const effect of effects) for (const reason of effect.reasons) reasons.push(reason);
  return reasons;
}

function callsOf(effects: readonly Effect[]): readonly string[] {
  const calls = new Set<string>();
  for (const effect of effects) for (const call of effect.calls) calls.add(call);
  return [...calls];
}

function routinesOf(session: Session, view: GraphView): readonly SqlRoutine[] {
  if (session.routines.size === 0) return [];
  const byRoutine = new Map<RoutineHead, Effect[]>();
  for (const effect of session.effects) {
    if (effect.routine === undefined) continue;
    const own = byRoutine.get(effect.routine);
    if (own === undefined) byRoutine.set(effect.routine, [effect]);
    else own.push(effect);
  }
  return [...session.routines].map(([node, head]) =>
    routineOf(session, { node, head, effects: byRoutine.get(head) ?? [] }, view),
  );
}

function routineOf(
  session: Session,
  { node, head, effects }: { node: string; head: RoutineHead; effects: readonly Effect[] },
  view: GraphView,
): SqlRoutine {
  const result = session.resultOf(node);
  const columns = result?.columns.map((column) => column.name) ?? head.result?.columns;
  const reasons = reasonsOf(effects);
  return {
    kind: head.kind,
    name: displayName(head.name),
    line: head.line,
    ...lineageOf(effects, view),
    calls: callsOf(effects),
    resultColumns: columns === undefined || columns.includes('*') ? undefined : columns,
    reasons,
    confidence: confidenceOf(reasons),
  };
}
