import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyPart, type Table, type TableKey } from '../../pipeline/table.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { GroupMember, textRecord, type TransportAdapter } from './transport.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);
const nothing = { appends: [], state: [], commits: [] };

/** Parts as they occur: names of assets and keys of objects, some longer than a key may be. */
const part = fc
  .oneof(
    fc.constantFrom('a', 'aa', 'b', 'ä', '\u{1F600}', '\u{1F600}x', 'type\nname://x', '["p","job","1"]'),
    fc.string({ unit: 'binary' }),
    fc.nat(40).map((length) => 'é'.repeat(190 + length)),
  )
  .map(keyPart);
const key: fc.Arbitrary<TableKey> = fc
  .tuple(part, fc.array(part, { maxLength: 2 }))
  .map(([first, rest]) => [first, ...rest]);

function compare(a: readonly string[], b: readonly string[]): number {
  for (const [index, one] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = Buffer.compare(Buffer.from(one), Buffer.from(other));
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const beginsWith = (whole: readonly string[], prefix: readonly string[]): boolean =>
  prefix.every((one, index) => whole[index] === one);

/** What the transactions of every transport hold to (pipeline/transport.ts, pipeline/table.ts). */
export function transactionsContract(name: string, adapter: TransportAdapter): void {
  describe(`transactions of ${name}`, () => {
    let transport: Transport;
    beforeEach(async () => {
      transport = await adapter.open({ revokeGraceMs: 600_000 });
      await transport.ensureTopics([
        { name: 'in', partitions: 1 },
        { name: 'out', partitions: 1 },
      ]);
    });
    afterEach(async () => {
      await transport.close();
      await adapter.cleanUp();
    });

    const update = (compute: (table: Table) => void): Promise<boolean> =>
      transport.transactions.update({
        assignments: [],
        bytes: 0,
        compute: (table) => {
          compute(table);
          return nothing;
        },
      });
    const outputs = async (): Promise<readonly (string | undefined)[]> => {
      const found = [];
      for await (const { value } of transport.read('out', 0, 0)) found.push(text(value ?? undefined));
      return found;
    };

    writesTogether(() => transport, { outputs });
    rollsBack(() => transport, { update, outputs });
    keepsOrder(() => transport, { update });
  });
}

function writesTogether(
  current: () => Transport,
  { outputs }: { readonly outputs: () => Promise<readonly unknown[]> },
): void {
  it('update() writes table, outputs, state and offset together, or nothing when the partition is lost', async () => {
    const transport = current();
    await transport.append('in', [textRecord('k', 'a'), textRecord('k', 'b')]);
    const member = new GroupMember(transport, 'in', 'g');
    const assignment = await member.nth(0);
    const settle = (offset: number): Promise<boolean> =>
      transport.transactions.update({
        assignments: [assignment],
        bytes: 1,
        compute: (table) => {
          const before = text(table.get(['seen'])) ?? '';
          table.put(['seen'], bytes(`${before}${offset}`));
          return {
            appends: [
              {
                topic: 'out',
                records: [
                  textRecord('k', `out${before}${offset}`),
                  { ...textRecord('k', `again${offset}`), again: true },
                ],
              },
            ],
            state: [{ key: 'applied', value: offset }],
            commits: [{ assignment, offset }],
          };
        },
      });
    expect(await settle(1)).toBe(true);
    expect(await settle(2)).toBe(true);
    await assignment.release();
    expect(await settle(3)).toBe(false);
    expect(await outputs()).toEqual(['out1', 'again1', 'out12', 'again2']);
    expect(await transport.transactions.state.get('applied')).toBe(2);
    expect(await transport.transactions.view((table) => text(table.get(['seen'])))).toBe('12');
    expect((await transport.describe('in'))[0]?.committed).toEqual({ g: 2 });
    member.leave();
    await member.ended;
  });
}

function rollsBack(
  current: () => Transport,
  {
    update,
    outputs,
  }: {
    readonly update: (compute: (table: Table) => void) => Promise<boolean>;
    readonly outputs: () => Promise<readonly unknown[]>;
  },
): void {
  it('update() leaves everything as it was when the computation throws, and those beside it go on', async () => {
    const transport = current();
    await update((table) => {
      table.put(['kept'], bytes('1'));
      table.put(['removed', 'then'], bytes('2'));
    });
    const fault = new Error('no');
    const before = update((table) => table.put(['beside', '1'], bytes('x')));
    const failing = transport.transactions.update({
      assignments: [],
      bytes: 0,
      compute: (table) => {
        table.put(['kept'], bytes('changed'));
        table.put(['new'], bytes('3'));
        table.remove(['removed', 'then']);
        throw fault;
      },
    });
    const after = update((table) => table.put(['beside', '2'], bytes('y')));
    await expect(failing).rejects.toBeDefined();
    await Promise.all([before, after]);
    const found = await transport.transactions.view((table) =>
      (['kept', 'removed', 'new', 'beside'] as const).flatMap((one) =>
        [...table.scan([one])].map((entry) => [...entry.key, text(entry.value)]),
      ),
    );
    expect(found).toEqual([
      ['kept', '1'],
      ['removed', 'then', '2'],
      ['beside', '1', 'x'],
      ['beside', '2', 'y'],
    ]);
  });

  it('update() rejects with TOPIC_UNKNOWN, and writes nothing, when an output has no topic', async () => {
    const transport = current();
    const wrong = transport.transactions.update({
      assignments: [],
      bytes: 0,
      compute: (table) => {
        table.put(['k'], bytes('v'));
        const records = [textRecord('k', 'x')];
        return {
          ...nothing,
          appends: [
            { topic: 'out', records },
            { topic: 'missing', records },
          ],
        };
      },
    });
    await expect(wrong).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
    expect(await transport.transactions.view((table) => table.get(['k']))).toBeUndefined();
    expect(await outputs()).toEqual([]);
  });
}

function keepsOrder(
  current: () => Transport,
  { update }: { readonly update: (compute: (table: Table) => void) => Promise<boolean> },
): void {
  it('first() and scan() bring records in the order of their parts, whatever was written and removed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, fc.boolean()), { maxLength: 25 }), async (steps) => {
        const expected = new Map<string, TableKey>();
        await update((table) => {
          // The table must not be changed while it is read.
          const before = Array.from(
            table.scan(['t']),
            ({ key: [first = '', ...rest] }): TableKey => [first, ...rest],
          );
          for (const known of before) table.remove(known);
          for (const [own, stays] of steps) {
            const at: TableKey = ['t', ...own];
            if (stays) {
              table.put(at, bytes(JSON.stringify(at)));
              expected.set(JSON.stringify(at), at);
            } else {
              table.remove(at);
              expected.delete(JSON.stringify(at));
            }
          }
        });
        const sorted = [...expected.values()].sort(compare);
        await current().transactions.view((table) => {
          expect([...table.scan(['t'])].map((entry) => entry.key)).toEqual(sorted);
          for (const at of sorted) {
            expect(text(table.get(at))).toBe(JSON.stringify(at));
            const prefix: TableKey = ['t', at[1] ?? ''];
            const below = sorted.filter((one) => beginsWith(one, prefix));
            expect([...table.scan(prefix)].map((entry) => entry.key)).toEqual(below);
            expect(table.first(prefix)?.key).toEqual(below[0]);
            const behind = sorted.filter((one) => compare(one, prefix) > 0 && !beginsWith(one, prefix));
            expect(table.first(['t'], prefix)?.key).toEqual(behind[0]);
          }
        });
      }),
      { numRuns: 60 },
    );
  });
}
