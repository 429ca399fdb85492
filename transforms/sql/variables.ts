/** Variables that receive a row. */
import type { Frame } from './frame.ts';
import type { Relation } from './relations.ts';

/** Gives variables the columns of a relation by position (one variable may take them all as a record), and the tables read. */
export function setVariables(
  frame: Frame,
  names: readonly string[],
  relation: Relation,
  reads: readonly string[],
): void {
  const { effect, session } = frame;
  for (const [at, one] of names.entries()) {
    // `rec.a`: a field of a record.
    const [name = '', field = ''] = one.split('.');
    // The row of a trigger is none of the variables.
    if (session.pseudoTable(name) !== undefined) continue;
    session.declare(name);
    session.texts.set(name, undefined);
    const node = session.nodes.variable(name);
    for (const read of reads) effect.edge(read, node);
    const record =
      field === '' && names.length === 1 && (relation.columns.length !== 1 || relation.open.length > 0);
    const columns = record ? relation.columns : relation.columns.slice(at, at + 1);
    for (const column of columns) {
      if (!record) effect.value(node, field, column.origins);
      if (names.length === 1 && field === '') effect.value(node, column.name, column.origins);
    }
  }
}
