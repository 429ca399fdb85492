/** OUTPUT and RETURNING to edges. */
import { type Frame, targetColumns, writeTo } from './frame.ts';
import type { Output } from './ir.ts';
import { Origins, type Relation } from './relations.ts';
import { Scope } from './scope.ts';
import { setVariables } from './variables.ts';

/** Applies OUTPUT and RETURNING: into a table, or handed out. */
export function applyOutputs(
  frame: Frame,
  outputs: readonly Output[],
  target: string | undefined,
  around: Scope,
): Relation {
  const { effect, session } = frame;
  let result: Relation = { columns: [], open: [] };
  for (const output of outputs) {
    const resolver = session.resolver(effect.line);
    const scope = new Scope(frame.tables, around);
    if (target !== undefined) {
      const columns = session.columnsOf(target);
      const own =
        columns === undefined
          ? { columns: [], open: [target] }
          : {
              columns: columns.map((name) => ({ name, origins: Origins.of(target, name), star: false })),
              open: [],
            };
      for (const name of ['inserted', 'deleted'])
        scope.add({ relation: own, table: target, label: name }, [name]);
    }
    const relation = resolver.items(output.items, scope);
    effect.reasons.push(...resolver.reasons);
    if (output.variables !== undefined) {
      setVariables(frame, output.variables, relation, target === undefined ? [] : [target]);
      continue;
    }
    if (output.into === undefined) {
      result = relation;
      continue;
    }
    const into = writeTo(frame, output.into);
    effect.store(into, relation, targetColumns(frame, into, relation, output.columns));
    const sources = new Set<string>();
    for (const column of relation.columns)
      for (const origin of column.origins.values()) if (origin.table !== '') sources.add(origin.table);
    if (sources.size === 0 && target !== undefined) sources.add(target);
    for (const source of sources) effect.edge(source, into);
  }
  return result;
}
