/** Reads the texts of the routines that rows of a text come through, before the text itself. */
import type { Effect } from './effect.ts';
import { maxLibraryCharacters, maxLibraryRoutines } from './limits.ts';
import type { CatalogedRoutine } from './place.ts';
import { openSession, runText } from './script.ts';
import type { Relation } from './relations.ts';
import type { Session } from './session.ts';
import type { TraceInput } from './trace.ts';

/** A session that has read a text behind its library. */
export interface LibrarySession {
  readonly session: Session;
  /** Where the effects and reasons of the text itself begin. */
  readonly firstEffect: number;
  readonly firstReason: number;
  /** True if routines were left out because there are too many. */
  readonly cut: boolean;
}

/**
 * Reads the text; when its rows come through routines of the place, or it shares temporary tables with them, reads it
 * again with their texts before it, until nothing is missing: the shape of a routine's rows is known only then.
 */
export function readLibrary(text: string, input: TraceInput): LibrarySession {
  const library = new Map<string, CatalogedRoutine>();
  let characters = 0;
  let results: ReadonlyMap<string, Relation> | undefined;
  for (;;) {
    const session = openSession({
      dialect: input.dialect,
      catalog: {},
      ...input.defaults,
      place: input.place,
      postgres: input.postgres,
      results,
    });
    for (const routine of [...library.values()].reverse()) run(session, routine.text, routine.defaults);
    const firstEffect = session.effects.length;
    const firstReason = session.reasons.length;
    session.results = [];
    run(session, text, input.defaults);
    const missing = missingRoutines(session, input).filter(([node]) => !library.has(node));
    const before = library.size;
    for (const [node, routine] of missing) {
      characters += routine.text.length;
      if (library.size >= maxLibraryRoutines || characters > maxLibraryCharacters) break;
      library.set(node, routine);
    }
    const cut = library.size < before + missing.length;
    if (library.size > before) continue;
    // Once more, if a routine is called before its own text.
    const { lateResults } = session;
    if (lateResults === undefined || results !== undefined) return { session, firstEffect, firstReason, cut };
    results = lateResults;
  }
}

function run(session: Session, text: string, { database, schema }: CatalogedRoutine['defaults']): void {
  session.nodes.defaults = { database, schema, full: database !== undefined };
  runText(session, text);
}

/** Routines of the place that rows come from, or that may make or fill a temporary table that is used here. */
function missingRoutines(
  session: Session,
  { place }: TraceInput,
): readonly (readonly [string, CatalogedRoutine])[] {
  const shared = session.effects.some((effect) => usesTemporary(effect, session));
  const sources = session.effects.flatMap((effect) => [
    ...[...effect.tableEdges.values()].map(([source]) => source),
    ...effect.columnEdges.map((edge) => edge.source),
    ...(shared ? effect.calls : []),
  ]);
  const nodes = new Set(
    sources.filter((node) => /^(?:fn|proc):/.test(node)).map((node) => node.slice(node.indexOf(':') + 1)),
  );
  return [...nodes].flatMap((node) => {
    const name = session.nodes.nameOf(node);
    const routine = name === undefined || session.routines.has(node) ? undefined : place.routine(name);
    return routine === undefined ? [] : [[node, routine] as const];
  });
}

function usesTemporary(effect: Effect, { nodes }: Session): boolean {
  return [...effect.reads.values(), ...effect.writes.values()].some(
    (node) => nodes.sessionPart(node) !== undefined && !node.startsWith('@'),
  );
}
