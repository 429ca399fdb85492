import type { FlowColumn, FlowComponent, FlowPort, FlowProperty } from './pipeline.ts';

/** Properties that hold the id of a column where the package does not mark them so. */
const idNames = /(?:lineage|column|col)id$/i;

/**
 * The columns that an output column of a component is made from, as lineage ids of what the component takes. What components write: an expression with ids in it (derived column), the
 * id of one column (sort, aggregate, copy column, data conversion, pivot), or at the input's column the id of the output's (union all, merge, unpivot).
 */
export function sourcesOf(component: FlowComponent, column: FlowColumn): readonly string[] {
  const taken = takenBy(component);
  const ids = new Set<string>();
  for (const id of idsIn(column.properties)) {
    const lineage = taken.byId.get(id) ?? (taken.lineage.has(id) ? id : undefined);
    if (lineage !== undefined) ids.add(lineage);
  }
  for (const input of component.inputs) {
    for (const one of input.columns) {
      const pointed = idsIn(one.properties);
      if (pointed.includes(column.lineageId) || pointed.includes(column.id)) ids.add(one.lineageId);
    }
  }
  return [...ids];
}

/** The columns that an expression at an input's own column reads: a derived column that replaces it. */
export function replacementOf(component: FlowComponent, column: FlowColumn): readonly string[] {
  const taken = takenBy(component);
  const ids = idsIn(column.properties).map((id) => taken.byId.get(id) ?? id);
  return ids.filter((id) => taken.lineage.has(id));
}

interface Taken {
  readonly byId: ReadonlyMap<string, string>;
  readonly lineage: ReadonlySet<string>;
}

const known = new WeakMap<FlowComponent, Taken>();

function takenBy(component: FlowComponent): Taken {
  const found = known.get(component);
  if (found !== undefined) return found;
  const columns = component.inputs.flatMap((input: FlowPort) => input.columns);
  const taken = {
    byId: new Map(columns.map(({ id, lineageId }) => [id, lineageId])),
    lineage: new Set(columns.map(({ lineageId }) => lineageId)),
  };
  known.set(component, taken);
  return taken;
}

function idsIn(properties: readonly FlowProperty[]): readonly string[] {
  return properties.flatMap(({ name, value, holdsIds }) => {
    if (!holdsIds && !value.includes('#{') && !idNames.test(name)) return [];
    const marked = [...value.matchAll(/#\{([^}]*)\}|#(\d+)/g)].map((match) => match[1] ?? match[2] ?? '');
    return marked.length > 0 ? marked : [value.trim()];
  });
}
