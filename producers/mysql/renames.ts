/** Which tables and columns have other names after statements of the binary log. */
import type { RenamedColumn } from '../../pipeline/producer.ts';
import type { NameStep } from '../../platform/relational/renames.ts';
import { isCutOff, type Name, StatementReader } from './statement.ts';

/** What an ALTER TABLE renames: the table, or columns of it. `reader` stands behind the name of the table. */
export function alterations(reader: StatementReader): {
  readonly to: Name | undefined;
  readonly columns: readonly RenamedColumn[];
} {
  const columns: RenamedColumn[] = [];
  let to: Name | undefined;
  let depth = 0;
  for (let word = reader.word(); word !== undefined; word = reader.word()) {
    if (word === '(') depth += 1;
    else if (word === ')') depth -= 1;
    else if (depth > 0) continue;
    else if (word === 'CHANGE') columns.push(...renamedColumn(reader));
    else if (word === 'RENAME') {
      if (reader.isNext(['COLUMN'])) columns.push(...renamedColumn(reader));
      else if (!reader.isNext(['INDEX', 'KEY', 'CONSTRAINT'])) {
        reader.pass(['TO', 'AS', '=']);
        to = reader.name();
      }
    }
  }
  return { to, columns };
}

function renamedColumn(reader: StatementReader): readonly RenamedColumn[] {
  reader.pass(['COLUMN', 'IF', 'EXISTS']);
  const from = reader.part();
  reader.pass(['TO']);
  const to = reader.part();
  const isOther = from !== undefined && to !== undefined && from.toLowerCase() !== to.toLowerCase();
  return isOther ? [{ from, to }] : [];
}

/** Reads what a statement does to names of tables and views, in its order. `current`: the database that it ran in. */
export function nameSteps(sql: string, current: string): readonly NameStep[] {
  if (isCutOff(sql)) return [];
  const reader = new StatementReader(sql, current);
  const verb = reader.word();
  if (verb === 'RENAME' && reader.isNext(['TABLE', 'TABLES'])) return moves(reader.names(['TO']));
  if (verb === 'ALTER' && reader.skipTo('TABLE')) return alteration(reader);
  return verb === 'CREATE' || verb === 'DROP' ? replaced(reader) : [];
}

function moves(names: readonly Name[]): readonly NameStep[] {
  return names.flatMap((from, at): NameStep[] => {
    const to = at % 2 === 0 ? names[at + 1] : undefined;
    return to === undefined ? [] : [{ from, to, columns: [] }];
  });
}

function alteration(reader: StatementReader): readonly NameStep[] {
  const [from] = reader.names([]);
  if (from === undefined) return [];
  const { to = from, columns } = alterations(reader);
  return to === from && columns.length === 0 ? [] : [{ from, to, columns }];
}

function replaced(reader: StatementReader): readonly NameStep[] {
  for (let kind = reader.word(); kind !== undefined; kind = reader.word())
    if (kind === 'TABLE' || kind === 'VIEW') return reader.names([]).map((gone) => ({ gone }));
  return [];
}
