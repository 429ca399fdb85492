/** What becomes of names of tables, step by step, where the source tells of each step. */

/** A table or view of a container: a schema or a database. */
export type ContainedName = readonly [container: string, name: string];

/** A column that was called otherwise. */
export interface RenamedColumn {
  readonly from: string;
  readonly to: string;
}

/** A table or view that was called otherwise, or of which columns were; both names are the same where only columns were. */
export interface TableRename {
  readonly from: ContainedName;
  readonly to: ContainedName;
  readonly columns: readonly RenamedColumn[];
}

/** What one step does to names: another name for a table, or a table that is not the one that had that name before. */
export type NameStep = TableRename | { readonly gone: ContainedName };

/** What has other names after some steps than before them, for as long as it was not dropped or made anew. */
export function renamedBy(steps: readonly NameStep[]): readonly TableRename[] {
  const renamed = new Map<string, TableRename>();
  for (const step of steps) {
    if ('gone' in step) {
      renamed.delete(keyOf(step.gone));
      continue;
    }
    const before = renamed.get(keyOf(step.from));
    renamed.delete(keyOf(step.from));
    renamed.set(keyOf(step.to), before === undefined ? step : joined(before, step));
  }
  return [...renamed.values()].filter(
    ({ from, to, columns }) => columns.length > 0 || keyOf(from) !== keyOf(to),
  );
}

function joined(before: TableRename, { to, columns }: TableRename): TableRename {
  const now = new Map(columns.map((one) => [one.from, one.to]));
  const through = new Set(before.columns.map((one) => one.to));
  const all = [
    ...before.columns.map((one) => ({ from: one.from, to: now.get(one.to) ?? one.to })),
    ...columns.filter((one) => !through.has(one.from)),
  ];
  return { from: before.from, to, columns: all.filter((one) => one.from !== one.to) };
}

function keyOf(name: ContainedName): string {
  return JSON.stringify(name);
}
