import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SinkHost } from '../../../pipeline/sink-component.ts';
import type { Sink } from '../../../pipeline/sink.ts';
import { sinks } from '../../../sinks/index.ts';
import type { EntityChange } from '../../../schemas/types.ts';
import { deletionOf, shop, shopProcess, shopRef } from '../../support/changes.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { formerly, movedShop, renamedShop } from '../../support/renamed.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;
let host: SinkHost;
let sink: Sink;
let deliver: ReturnType<typeof deliverer>;

beforeEach(async () => {
  catalog = await openTestCatalog();
  host = sinkHost();
  sink = sinks.local.create({ url: catalog.url, ...catalogUser }, host);
  await sink.open(never);
  deliver = deliverer(sink);
});

afterEach(async () => {
  await sink.close();
  await catalog.close();
});

const { old, pairs, renamed, gone } = movedShop;

async function guidOf(name: string, typeName = 'shop'): Promise<string | undefined> {
  return (await catalog.entity(typeName, `shop://${name}`))?.guid;
}

async function label(name: string, typeName = 'shop'): Promise<void> {
  const guid = await guidOf(name, typeName);
  await catalog.call('POST', `/entity/guid/${guid}/labels`, ['by-hand']);
}

async function labelsOf(name: string, typeName = 'shop'): Promise<unknown> {
  return (await catalog.entity(typeName, `shop://${name}`))?.['labels'];
}

describe('deliver() of what was renamed', () => {
  it.each<[string, readonly (readonly EntityChange[])[]]>([
    ['the new name comes first', [[renamed], [gone]]],
    ['the deletion comes first', [[gone], [renamed], [gone]]],
    ['both come together', [[gone, renamed], [gone]]],
    ['all of it comes twice', [[gone], [renamed], [gone], [renamed], [gone]]],
  ])('keeps guid, labels and lineage of root and children when %s', async (_, batches) => {
    await deliver(shop('out'), old, shopProcess('job', { inputs: ['a'], outputs: ['out'] }));
    await label('a');
    await label('a/1', 'shop_shelf');
    const [root, shelf] = [await guidOf('a'), await guidOf('a/1', 'shop_shelf')];
    for (const batch of batches) await deliver(...batch);
    expect(await guidOf('b')).toBe(root);
    expect(await guidOf('b/1', 'shop_shelf')).toBe(shelf);
    expect(await labelsOf('b')).toEqual(['by-hand']);
    expect(await labelsOf('b/1', 'shop_shelf')).toEqual(['by-hand']);
    expect(await guidOf('a')).toBeUndefined();
    expect(await guidOf('a/1', 'shop_shelf')).toBeUndefined();
    expect(await catalog.active('shop', 'shop://b', 'shelves')).toEqual(['1', '2']);
    expect(await catalog.active('shop_process', 'process://job', 'inputs')).toEqual(['b']);
  });

  it('waits with the deletion until the new name is there, and does it when it has waited long enough', async () => {
    await deliver(old);
    const [waiting] = await deliver(gone);
    expect(waiting).toMatchObject({
      kind: 'missing',
      wanted: { refs: [{ typeName: 'shop', qualifiedName: 'shop://b' }], types: [] },
    });
    expect(await guidOf('a')).toBeDefined();
    const [last] = await sink.deliver([{ change: gone, offset: 9, hasWaited: true }], never);
    expect(last?.kind).toBe('delivered');
    expect(await guidOf('a')).toBeUndefined();
  });

  it('renames children alone, and one that is renamed twice before it is delivered', async () => {
    await deliver(old);
    const [one, two] = [await guidOf('a/1', 'shop_shelf'), await guidOf('a/2', 'shop_shelf')];
    const by = { objectId: 'shop://a' };
    const first = formerly(
      shop('a', { shelves: ['x', '2'] }, { sequence: 2 }),
      renamedShop('a', 'a', { shelves: [['1', 'x']], until: 1, ...by }),
    );
    const second = formerly(
      shop('a', { shelves: ['y', '2'] }, { sequence: 3 }),
      renamedShop('a', 'a', { shelves: [['x', 'y']], until: 2, ...by }),
    );
    await deliver(first, second);
    expect(await guidOf('a/y', 'shop_shelf')).toBe(one);
    expect(await guidOf('a/2', 'shop_shelf')).toBe(two);
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['2', 'y']);
    expect((await catalog.entity('shop', 'shop://a'))?.attributes['city'] ?? null).toBeNull();
  });

  it('takes a child along that was renamed with its root, and drops one that went', async () => {
    await deliver(old);
    const one = await guidOf('a/1', 'shop_shelf');
    const both = renamedShop('a', 'b', {
      shelves: [
        ['1', 'x'],
        ['2', '2'],
      ],
      until: 1,
    });
    await deliver(formerly(shop('b', { shelves: ['x'] }, { sequence: 2 }), both));
    expect(await guidOf('b/x', 'shop_shelf')).toBe(one);
    expect(await catalog.active('shop', 'shop://b', 'shelves')).toEqual(['x']);
  });

  it('follows a chain of names whose middle was never delivered', async () => {
    await deliver(old);
    const guid = await guidOf('a');
    const shelves = [
      ['1', '1'],
      ['2', '2'],
    ] as const;
    const chain = [
      ...renamedShop('b', 'c', { shelves, until: 2 }),
      ...renamedShop('a', 'c', { shelves, until: 1 }),
    ];
    await deliver(formerly(shop('c', { shelves: ['1', '2'] }, { sequence: 3 }), chain));
    expect(await guidOf('c')).toBe(guid);
    // What stands on other lanes comes after it.
    await deliver(renamed, gone);
    await deliver(
      formerly(deletionOf(shop('b'), { sequence: 3 }), renamedShop('b', 'c', { shelves, until: 2 })),
    );
    await deliver(gone);
    expect([await guidOf('a'), await guidOf('b'), await guidOf('c')]).toEqual([undefined, undefined, guid]);
  });

  it('leaves a name that is taken where it is: two that swap their names keep their guids by name', async () => {
    await deliver(old, shop('b', { city: 'Bonn' }));
    const guids = [await guidOf('a'), await guidOf('b')];
    await deliver(
      formerly(
        shop('a', { city: 'Bonn' }, { sequence: 2 }),
        renamedShop('b', 'a', { shelves: [], until: 1 }),
      ),
      formerly(shop('b', { city: 'Ulm', shelves: ['1', '2'] }, { sequence: 2 }), pairs),
    );
    expect([await guidOf('a'), await guidOf('b')]).toEqual(guids);
    expect((await catalog.entity('shop', 'shop://b'))?.attributes['city']).toBe('Ulm');
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual([]);
  });

  it('does not take a newer asset of the old name for it, nor one that others speak of', async () => {
    await deliver(shop('a', { shelves: ['1', '2'] }, { sequence: 3 }));
    await deliver(renamed);
    expect(await guidOf('a')).toBeDefined();
    expect(await guidOf('b')).not.toBe(await guidOf('a'));
    await deliver(shop('d', {}, { producer: 'p' }), shop('d', {}, { producer: 'q' }));
    await deliver(
      formerly(
        shop('e', {}, { producer: 'p', sequence: 2 }),
        renamedShop('d', 'e', { shelves: [], until: 1 }),
      ),
    );
    expect(await guidOf('d')).toBeDefined();
    expect(await guidOf('e')).not.toBe(await guidOf('d'));
  });

  it('makes a name anew that is used again after its asset was renamed', async () => {
    await deliver(old);
    const guid = await guidOf('a');
    const again = shop('a', { shelves: ['1'] }, { sequence: 4 });
    expect(kinds(await deliver(renamed, gone, again)).slice(1)).toEqual([
      'missing CATALOG_MISSING_REFERENT',
      'missing CATALOG_MISSING_REFERENT',
    ]);
    await deliver(gone, again);
    expect(await guidOf('b')).toBe(guid);
    expect(await guidOf('a')).toBeDefined();
    expect(await guidOf('a')).not.toBe(guid);
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['1']);
  });

  it('removes what was written under an old name while it was renamed', async () => {
    await deliver(old);
    await deliver(renamed);
    // The other writer was late: it knew nothing of the rename.
    await catalog.call('POST', '/entity', {
      entity: {
        typeName: 'shop_shelf',
        attributes: { qualifiedName: 'shop://a/2', name: '2', size: 1 },
        relationshipAttributes: {
          shop: { typeName: 'shop', uniqueAttributes: { qualifiedName: 'shop://b' } },
        },
      },
    });
    await deliver(gone);
    expect(await catalog.active('shop', 'shop://b', 'shelves')).toEqual(['1', '2']);
    expect(await guidOf('a/2', 'shop_shelf')).toBeUndefined();
  });

  it.each<[string, readonly (readonly [string, string])[], readonly string[]]>([
    ['is given to a new one', [['1', 'x']], ['x', '1', '2']],
    [
      'is given on from one to the next',
      [
        ['1', '2'],
        ['2', 'x'],
      ],
      ['2', 'x'],
    ],
    [
      'changes hands',
      [
        ['1', '2'],
        ['2', '1'],
      ],
      ['1', '2'],
    ],
  ])('never takes two children for one when the name of a child %s', async (_, shelves, now) => {
    await deliver(old);
    const before = await Promise.all(['a/1', 'a/2'].map((name) => guidOf(name, 'shop_shelf')));
    const by = { objectId: 'shop://a', until: 1 };
    const change = shop('a', { shelves: now }, { sequence: 2 });
    expect(kinds(await deliver(formerly(change, renamedShop('a', 'a', { shelves, ...by }))))).toEqual([
      'delivered',
    ]);
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(now.toSorted());
    const guids = await Promise.all(now.map((name) => guidOf(`a/${name}`, 'shop_shelf')));
    expect(new Set(guids).size).toBe(now.length);
    expect(guids.filter((guid) => before.includes(guid))).not.toEqual([]);
  });

  it('never loses what takes a name in the moment in which a rename leaves it, nor what is renamed', async () => {
    for (const [at, first] of ['renamed', 'again'].entries()) {
      const [from, to] = [`from${at}`, `to${at}`];
      await deliver(shop(from, { shelves: ['1', '2'], city: 'Ulm' }));
      const guid = await guidOf(from);
      const left = formerly(
        shop(to, { shelves: ['1', '2'], city: 'Ulm' }, { sequence: 2 }),
        renamedShop(from, to, {
          shelves: [
            ['1', '1'],
            ['2', '2'],
          ],
          until: 1,
        }),
      );
      const again = shop(from, { shelves: ['1', '2'], city: 'Bonn' }, { sequence: 4 });
      const changes = first === 'renamed' ? [left, again] : [again, left];
      const outcomes = await Promise.all(changes.map((change) => deliver(change)));
      expect(kinds(outcomes.flat())).toEqual(['delivered', 'delivered']);
      const [old, now] = [await guidOf(from), await guidOf(to)];
      expect(first === 'renamed' ? now : old).toBe(guid);
      expect(old).not.toBe(now);
      const cities = [from, to].map(
        async (name) => (await catalog.entity('shop', `shop://${name}`))?.attributes['city'],
      );
      expect(await Promise.all(cities)).toEqual(['Bonn', 'Ulm']);
      for (const name of [from, to])
        expect(await catalog.active('shop', `shop://${name}`, 'shelves')).toEqual(['1', '2']);
    }
    const drifts = [];
    for await (const drift of sink.reconcile?.(false, never) ?? []) drifts.push(drift);
    expect(drifts).toEqual([]);
  });

  it('gives the tie of who still names the old one back to what stands in for that, and to nothing else', async () => {
    // The job was heard of when the old name was gone already, and the new one not there: nobody said it once more.
    await deliver(shop('out'), old, shopProcess('job', { inputs: ['a'], outputs: ['out'] }));
    await deliver(renamed);
    expect(await catalog.active('shop_process', 'process://job', 'inputs')).toEqual(['b']);
    await deliver(gone, shop('a', {}, { placeholder: true, complete: [], producer: 'etl', objectId: 'job' }));
    expect(await catalog.active('shop_process', 'process://job', 'inputs')).toEqual(['a']);
  });

  it('waits with the deletion for the end of a rename that another process is about', async () => {
    await deliver(old);
    const [guid, shelf] = [await guidOf('a'), await guidOf('a/2', 'shop_shelf')];
    // Its first request has come through, and the one with the shelves, and what is recorded, is to follow.
    await catalog.call('POST', '/entity', {
      entity: { typeName: 'shop', guid, attributes: { qualifiedName: 'shop://b', name: 'b' } },
    });
    const again = shop('a', { shelves: ['1'] }, { sequence: 4 });
    const missing = 'missing CATALOG_MISSING_REFERENT';
    expect(kinds(await deliver(gone, again))).toEqual([missing, missing]);
    await deliver(renamed);
    expect(await guidOf('b/2', 'shop_shelf')).toBe(shelf);
    expect(kinds(await deliver(gone, again))).not.toContain(missing);
    expect([await guidOf('b'), await guidOf('b/2', 'shop_shelf')]).toEqual([guid, shelf]);
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['1']);
    expect(kinds(await deliver(formerly(deletionOf(again, { sequence: 5 }))))).toEqual(['delivered']);
    expect(await guidOf('a')).toBeUndefined();
  });

  describe('when all of it comes at once, as from a replay', () => {
    const shelves = [
      ['1', '1'],
      ['2', '2'],
    ] as const;
    const content = { shelves: ['1', '2'], city: 'Ulm' };
    const leftA = formerly(deletionOf(old), pairs);
    const backAgain = renamedShop('b', 'a', { shelves, until: 2 });
    const back = formerly(shop('a', content, { sequence: 4 }), backAgain);
    const leftB = formerly(deletionOf(shop('b'), { sequence: 3 }), backAgain);

    it.each([[[0, 1, 2, 3, 4]], [[0, 1, 4, 2, 3]], [[2, 4, 0, 1, 3]]])(
      'writes what was renamed there and back into an empty catalogue, in the order %j',
      async (order) => {
        const all = [old, leftA, renamed, back, leftB];
        const outcomes = await deliver(...order.flatMap((at) => all[at] ?? []));
        expect(kinds(outcomes).filter((kind) => kind.startsWith('missing'))).toEqual([]);
        expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['1', '2']);
        expect(await guidOf('b')).toBeUndefined();
      },
    );

    it('writes what was renamed twice into an empty catalogue, and waits for nothing', async () => {
      const now = renamedShop('b', 'c', { shelves, until: 2 });
      const last = formerly(
        shop('c', content, { sequence: 4 }),
        now,
        renamedShop('a', 'c', { shelves, until: 1 }),
      );
      const outcomes = await deliver(last, formerly(deletionOf(shop('b'), { sequence: 3 }), now), gone);
      expect(kinds(outcomes)).toEqual(['delivered', 'unchanged', 'unchanged']);
      // Who waits for a name in between, in another process, is not to do so for ever.
      expect(await sink.find?.({ refs: [shopRef('b'), shopRef('z')], types: [] }, never)).toEqual({
        refs: [shopRef('b')],
        types: [],
      });
      expect(await catalog.active('shop', 'shop://c', 'shelves')).toEqual(['1', '2']);
    });

    it('keeps what was renamed there and back, with its guid and labels', async () => {
      await deliver(old);
      await label('a');
      const guid = await guidOf('a');
      const outcomes = await deliver(leftA, renamed, back, leftB);
      const waiting = [leftA, back].filter((_, at) => outcomes[at * 2]?.kind === 'missing');
      expect(kinds(await deliver(...waiting)).filter((kind) => kind.startsWith('missing'))).toEqual([]);
      expect([await guidOf('a'), await guidOf('b')]).toEqual([guid, undefined]);
      expect(await labelsOf('a')).toEqual(['by-hand']);
      expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['1', '2']);
    });

    it.each([
      [
        'is removed',
        formerly(deletionOf(shop('b'), { sequence: 3 })),
        shop('a', {}, { placeholder: true, producer: 'etl', objectId: 'job' }),
      ],
      ['has its old name back', leftB, shop('a', content, { sequence: 4 })],
    ])('does not let wait who names it by its old name when what was renamed %s', async (_, left, then) => {
      const job = shopProcess('job', { inputs: ['a'], outputs: ['out'] });
      await deliver(shop('out'), old, job);
      const stale = formerly(job, pairs);
      expect(kinds(await deliver(stale))).toEqual(['missing CATALOG_MISSING_REFERENT']);
      await deliver(left);
      const outcomes = await deliver(gone, then, stale);
      expect(kinds(outcomes).filter((kind) => kind.startsWith('missing'))).toEqual([]);
      expect(await catalog.active('shop_process', 'process://job', 'inputs')).toEqual(['a']);
    });
  });
});
