/** Histories of tables whose names and columns change, and of a job that reads them, as changes that are derived of them. */
import * as fc from 'fast-check';
import type { NewRecord } from '../../pipeline/transport.ts';
import { decodeEvent } from '../../schemas/codec.ts';
import type { EntityChange, RawEvent } from '../../schemas/types.ts';
import { Deriving, smallNaming } from './deriving.ts';
import { RenamingSource, type SourceTable, shopTransforms } from './renaming-source.ts';

const names = ['a', 'b', 'c'] as const;

/** What happens in the source: `which` of its tables, or of its columns, as far as there are so many. */
export interface RenameStep {
  readonly kind:
    | 'create'
    | 'drop'
    | 'rename'
    | 'swap'
    | 'rename-column'
    | 'add-column'
    | 'drop-column'
    | 'job';
  readonly which: number;
  readonly name: (typeof names)[number];
  readonly column: 'x' | 'y' | 'z';
  readonly inputs: readonly string[];
}

/** Any of them. */
export const anyRenameStep: fc.Arbitrary<RenameStep> = fc.record({
  kind: fc.constantFrom(
    'rename',
    'rename',
    'rename',
    'create',
    'drop',
    'swap',
    'rename-column',
    'add-column',
    'drop-column',
    'job',
  ),
  which: fc.nat(2),
  name: fc.constantFrom(...names),
  column: fc.constantFrom('x', 'y', 'z'),
  inputs: fc.subarray([...names]),
});

/** What the tables are after a step, with numbers that no table or column had before. */
function stepped(tables: readonly SourceTable[], step: RenameStep, fresh: number): readonly SourceTable[] {
  const { kind, which, name, column } = step;
  const table = tables[which];
  const isTaken = tables.some((one) => one.name === name);
  const change = (to: SourceTable): readonly SourceTable[] => tables.map((one) => (one === table ? to : one));
  if (kind === 'create')
    return isTaken
      ? tables
      : [
          ...tables,
          {
            name,
            oid: fresh,
            columns: [
              [1, 'x'],
              [2, 'y'],
            ],
          },
        ];
  if (table === undefined) return tables;
  const { columns } = table;
  const has = columns.some(([, one]) => one === column);
  if (kind === 'drop') return tables.filter((one) => one !== table);
  if (kind === 'rename') return isTaken ? tables : change({ ...table, name });
  if (kind === 'swap') {
    const other = tables[(which + 1) % tables.length];
    if (other === undefined || other === table) return tables;
    return tables.map((one) =>
      one === table ? { ...table, name: other.name } : one === other ? { ...other, name: table.name } : one,
    );
  }
  if (kind === 'drop-column') return change({ ...table, columns: columns.slice(1) });
  if (has) return tables;
  if (kind === 'add-column') return change({ ...table, columns: [...columns, [fresh, column]] });
  const [first, ...rest] = columns;
  return kind === 'job' || first === undefined
    ? tables
    : change({ ...table, columns: [[first[0], column], ...rest] });
}

/** What a source publishes that goes through some steps, from two tables and a job that reads the first. */
export async function rawOfRenames(steps: readonly RenameStep[]): Promise<readonly NewRecord[]> {
  const source = new RenamingSource();
  source.tables = ['a', 'b'].map((name, at) => ({
    name,
    oid: at + 1,
    columns: [
      [1, 'x'],
      [2, 'y'],
    ],
  }));
  source.inputs = ['a'];
  await source.publish([]);
  for (const [at, step] of steps.entries()) {
    const before = source.tables;
    source.tables = stepped(before, step, at + 10);
    if (step.kind === 'job') source.inputs = step.inputs;
    const kept = new Set(source.tables.map(({ oid }) => oid));
    await source.publish(before.map(({ oid }) => oid).filter((oid) => !kept.has(oid)));
  }
  return source.raw();
}

/** What is derived of raw events, with names that begin with `prefix`. */
export function changesOfRaw(records: readonly NewRecord[], prefix: string): readonly EntityChange[] {
  const deriver = new Deriving({ transforms: shopTransforms(prefix), naming: smallNaming });
  return records.flatMap((record) => {
    const applied = deriver.apply(decodeEvent(record.value ?? new Uint8Array()) as RawEvent);
    return 'changes' in applied ? applied.changes : [];
  });
}
