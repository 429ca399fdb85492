/** What routines hand out, as edges into their nodes, so that lineage can go through a call to the tables behind it. */
import { Effect } from './effect.ts';
import type { Session } from './session.ts';

/** The effects that fill `fn:` and `proc:` nodes of the script's routines, and the nodes that they fill. */
export function routineResults(session: Session): {
  readonly effects: readonly Effect[];
  readonly nodes: ReadonlySet<string>;
} {
  const nodes = new Set<string>();
  const effects: Effect[] = [];
  for (const [routine, head] of session.routines) {
    const result = session.resultOf(routine);
    if (result === undefined) continue;
    const effect = new Effect(head.line, 'result', head);
    const table = session.resultTableOf(head);
    for (const node of [`fn:${routine}`, `proc:${routine}`]) {
      nodes.add(node);
      if (table !== undefined) {
        effect.edge(table, node);
        effect.keepColumns(table, node, head.result?.columns);
      } else effect.store(node, result);
      for (const column of result.columns)
        for (const origin of column.origins.values())
          if (origin.table !== '') effect.edge(origin.table, node);
    }
    effects.push(effect);
  }
  return { effects, nodes };
}
