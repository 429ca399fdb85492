/** What becomes of names of tables, step by step, where the source tells of each step. */
import type { RenamedColumn, ToldRename } from '../../pipeline/producer.ts';
import { joinedRenames } from '../../pipeline/producer-names.ts';

/** A table or view of a container: a schema or a database. */
export type ContainedName = readonly [container: string, name: string];

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
  const all = joinedRenames(before.columns, columns);
  return { from: before.from, to, columns: all.filter((one) => one.from !== one.to) };
}

/** Renames as the runner is told them; `idOf` gives the id of an object. */
export function toldRenames(
  renamed: readonly TableRename[],
  idOf: (name: ContainedName) => string,
): readonly ToldRename[] {
  return renamed.map(({ from, to, columns }) => ({ from: idOf(from), to: idOf(to), columns }));
}

function keyOf(name: ContainedName): string {
  return JSON.stringify(name);
}
