import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { SinkHost } from '../../../pipeline/sink-component.ts';
import type { Sink } from '../../../pipeline/sink.ts';
import { sinks } from '../../../sinks/index.ts';
import { deletionOf, shop, shopProcess, shopRef } from '../../support/changes.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { counts, deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;
let host: SinkHost;
let sink: Sink;
let deliver: ReturnType<typeof deliverer>;

async function openSink(
  options: Partial<SinkHost> = {},
  settings: Record<string, unknown> = {},
): Promise<Sink> {
  const opened = sinks.local.create(
    { url: catalog.url, ...catalogUser, ...settings },
    { ...host, ...options },
  );
  await opened.open(never);
  return opened;
}

beforeEach(async () => {
  catalog = await openTestCatalog();
  host = sinkHost();
  sink = await openSink();
  deliver = deliverer(sink);
});

afterEach(async () => {
  await sink.close();
  await catalog.close();
});

const job = (inputs: readonly string[], sequence = 1) =>
  shopProcess('job', { inputs, outputs: ['out'] }, { sequence });
const process = ['shop_process', 'process://job'] as const;

describe('open()', () => {
  it('creates the types once, and makes no write call when they are there', async () => {
    const before = catalog.writeCalls();
    await sink.open(never);
    expect(catalog.writeCalls()).toBe(before);
  });

  it('extends a type that lacks attributes', async () => {
    const [first, ...others] = (host.types[0]?.entityTypes ?? []).map((type) => ({
      ...type,
      attributes: { ...type.attributes, extra: { typeName: 'string', description: 'More.' } } as const,
    }));
    if (first === undefined) throw new Error('no types');
    const wider = await openSink({ types: [{ entityTypes: [first, ...others], relationshipTypes: [] }] });
    const [outcome] = await deliverer(wider)({
      ...shop('a'),
      complete: [],
      entities: [{ ...shopRef('a'), attributes: { name: 'a', extra: 'x' }, references: [] }],
    });
    expect(outcome?.kind).toBe('delivered');
    expect((await catalog.entity('shop', 'shop://a'))?.attributes['extra']).toBe('x');
  });

  it('applies everything again when the catalogue was emptied and the state was kept', async () => {
    await deliver(shop('a'));
    expect(kinds(await deliver(shop('a')))).toEqual(['unchanged']);
    await catalog.close();
    catalog = await openTestCatalog();
    const again = await openSink();
    expect(kinds(await deliverer(again)(shop('a')))).toEqual(['delivered']);
    expect((await catalog.entity('shop', 'shop://a'))?.status).toBe('ACTIVE');
  });

  it('keeps what it applied to one catalogue apart from another', async () => {
    const other = await openTestCatalog();
    onTestFinished(() => other.close());
    const to = async (url: string): Promise<Sink> => {
      const opened = sinks.atlas.create({ url, ...catalogUser }, host);
      await opened.open(never);
      return opened;
    };
    const first = deliverer(await to(catalog.url));
    expect(kinds(await first(shop('a')))).toEqual(['delivered']);
    // The other catalogue has the types already, but not the shop.
    await sinks.atlas.create({ url: other.url, ...catalogUser }, sinkHost()).open(never);
    expect(kinds(await deliverer(await to(other.url))(shop('a')))).toEqual(['delivered']);
    expect(kinds(await deliverer(await to(catalog.url))(shop('a')))).toEqual(['unchanged']);
  });

  it('rejects with TYPE_CONFLICT and writes nothing when an attribute has another type', async () => {
    const [type] = host.types[0]?.entityTypes ?? [];
    if (type === undefined) throw new Error('no types');
    const wrong = { ...type, attributes: { city: { typeName: 'int', description: 'A number.' } } } as const;
    const before = catalog.writeCalls();
    await expect(
      openSink({ types: [{ entityTypes: [wrong], relationshipTypes: [] }] }),
    ).rejects.toMatchObject({
      code: 'TYPE_CONFLICT',
      message: expect.stringContaining('shop.city'),
    });
    expect(catalog.writeCalls()).toBe(before);
  });
});

describe('deliver()', () => {
  it('takes what a renamed producer says in the place of what it said under its former name', async () => {
    const old = { city: 'Old', shelves: ['s1', 's2'] };
    await deliver(shop('a', old, { producer: 'a', objectId: 'o', sequence: 9 }));
    const renamed = deliverer(await openSink({ producers: new Set(['b']) }));
    expect(kinds(await renamed(shop('a', old, { producer: 'b', objectId: 'o', sequence: 0 })))).toEqual([
      'unchanged',
    ]);
    await renamed(shop('a', { city: 'New', shelves: ['s1'] }, { producer: 'b', objectId: 'o', sequence: 1 }));
    expect((await catalog.entity('shop', 'shop://a'))?.attributes['city']).toBe('New');
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['s1']);
  });

  it('keeps what a producer said that is not configured any more, when another one speaks of the root', async () => {
    await deliver(shop('a', { city: 'Kept', shelves: ['s1'] }, { producer: 'a', objectId: 'o' }));
    const others = deliverer(await openSink({ producers: new Set(['b']) }));
    await others(shop('a', {}, { producer: 'b', objectId: 'another' }));
    expect((await catalog.entity('shop', 'shop://a'))?.attributes['city']).toBe('Kept');
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['s1']);
  });

  it('creates what is new with all its references in one call, whatever the order of the batch', async () => {
    const before = catalog.writeCalls();
    const outcomes = await deliver(
      job(['a', 'b']),
      shop('a', { shelves: ['1', '2'] }),
      shop('out'),
      shop('b'),
    );
    expect(outcomes).toEqual([
      { kind: 'delivered', counts: counts({ created: 1 }) },
      { kind: 'delivered', counts: counts({ created: 3 }) },
      { kind: 'delivered', counts: counts({ created: 1 }) },
      { kind: 'delivered', counts: counts({ created: 1 }) },
    ]);
    expect(catalog.writeCalls() - before).toBe(1);
    expect(await catalog.active(...process, 'inputs')).toEqual(['a', 'b']);
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['1', '2']);
  });

  it('makes no call for what is unchanged, also after a restart with the same state', async () => {
    await deliver(shop('a', { shelves: ['1'] }));
    const again = deliverer(await openSink());
    const before = catalog.writeCalls();
    const outcomes = await again(shop('a', { shelves: ['1'] }, { sequence: 7 }));
    expect(outcomes).toEqual([{ kind: 'unchanged', counts: counts({ unchanged: 2 }) }]);
    expect(catalog.writeCalls()).toBe(before);
  });

  it('finds out that nothing changed when the state was lost', async () => {
    await deliver(shop('a', { shelves: ['1'] }), shop('out'), job(['a']));
    const fresh = deliverer(await openSink({ state: sinkHost().state }));
    const outcomes = await fresh(shop('a', { shelves: ['1'] }), shop('out'), job(['a']));
    expect(kinds(outcomes)).toEqual(['unchanged', 'unchanged', 'unchanged']);
  });

  it('gives each change its outcome when the catalogue holds what some between others say, and nothing is sent for them', async () => {
    const long = { city: 'y'.repeat(900) }; // each fills a request
    await deliver(shop('b', long), shop('c', long));
    const small = { batch: { bytes: 1000 } };
    const lost = deliverer(await openSink({ state: sinkHost().state }, small));
    const outcomes = await lost(shop('a', long), shop('b', long), shop('c', long), shop('d', long));
    expect(kinds(outcomes)).toEqual(['delivered', 'unchanged', 'unchanged', 'delivered']);
  });

  it('writes everything when it is told to, also what it has applied', async () => {
    await deliver(shop('a', { city: 'here' }));
    const forced = deliverer(await openSink({ force: true }));
    const before = catalog.writeCalls();
    expect(kinds(await forced(shop('a', { city: 'here' })))).toEqual(['unchanged']);
    expect(catalog.writeCalls() - before).toBe(1);
  });

  it('clears what its producer no longer says, and keeps what others and people said', async () => {
    const city = async () => (await catalog.entity('shop', 'shop://a'))?.attributes;
    await deliver(shop('a', { city: 'here' }));
    await catalog.call('POST', '/entity', {
      entity: {
        typeName: 'shop',
        guid: '-1',
        attributes: { name: 'a', qualifiedName: 'shop://a', owner: 'Kim' },
      },
    });
    const [outcome] = await deliver(shop('a', {}, { sequence: 2 }));
    expect(outcome).toEqual({ kind: 'delivered', counts: counts({ updated: 1 }) });
    expect(await city()).toMatchObject({ city: null, owner: 'Kim' });
    await deliver(
      shop('a', { city: 'there' }, { sequence: 3 }),
      shop('a', { city: 'other' }, { producer: 'x' }),
    );
    await deliver(shop('a', {}, { sequence: 4 }));
    expect(await city()).toMatchObject({ city: 'other', owner: 'Kim' });
  });

  it('supersedes what is older than what was applied of the same object', async () => {
    await deliver(shop('a', { city: 'new' }, { sequence: 5 }));
    expect(kinds(await deliver(shop('a', { city: 'old' }, { sequence: 4 })))).toEqual(['superseded']);
    expect(kinds(await deliver(shop('a', { city: 'x' }, { sequence: 1, incarnation: 'two' })))).toEqual([
      'delivered',
    ]);
  });

  it('deletes children that a complete list no longer has, and only those of its producer', async () => {
    await deliver(shop('a', { shelves: ['1', '2'] }));
    await deliver(shop('a', { shelves: ['2', '3'] }, { producer: 'other' }));
    const [outcome] = await deliver(shop('a', { shelves: [] }, { sequence: 2 }));
    expect(outcome).toEqual({ kind: 'delivered', counts: counts({ deleted: 1, unchanged: 1 }) });
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['2', '3']);
  });

  it('keeps children when their list is not complete', async () => {
    await deliver(shop('a', { shelves: ['1'] }));
    await deliver(shop('a', { shelves: ['2'] }, { sequence: 2, complete: [] }));
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['1', '2']);
    await deliver(shop('a', { shelves: ['2'] }, { sequence: 3 }));
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['2']);
  });

  it('deletes a root with its children, and what is not there is a success', async () => {
    const change = shop('a', { shelves: ['1', '2'] });
    await deliver(change);
    expect(await deliver(deletionOf(change))).toEqual([
      { kind: 'delivered', counts: counts({ deleted: 3 }) },
    ]);
    expect(await catalog.entity('shop', 'shop://a')).toBeUndefined();
    expect(kinds(await deliver(deletionOf(change, { sequence: 3 }), deletionOf(shop('never'))))).toEqual([
      'unchanged',
      'unchanged',
    ]);
  });

  it('purges what is removed, children included, when it is told to', async () => {
    const purging = deliverer(await openSink({}, { removals: 'purge' }));
    await purging(shop('a', { shelves: ['1', '2'] }));
    const guids = [
      (await catalog.entity('shop', 'shop://a'))?.guid,
      (await catalog.entity('shop_shelf', 'shop://a/1'))?.guid,
    ];
    expect(kinds(await purging(deletionOf(shop('a'))))).toEqual(['delivered']);
    for (const guid of guids) {
      expect(await catalog.call('GET', `/entity/guid/${guid}`)).toMatchObject({
        errorCode: 'ATLAS-404-00-005',
      });
    }
  });

  it('shrinks and regrows the inputs of a process, any number of times', async () => {
    await deliver(job(['a', 'b', 'c']), ...['a', 'b', 'c', 'out'].map((name) => shop(name)));
    const rounds = [['a'], ['a', 'b', 'c'], ['c'], [], ['b', 'a'], ['a', 'b', 'c']];
    for (const [round, inputs] of rounds.entries()) {
      const [outcome] = await deliver(job(inputs, round + 2));
      expect(outcome).toEqual({ kind: 'delivered', counts: counts({ updated: 1 }) });
      expect(await catalog.active(...process, 'inputs')).toEqual([...inputs].sort());
      expect(await catalog.active(...process, 'outputs')).toEqual(['out']);
    }
  });

  it('repairs inputs that a full update puts back when the state was lost', async () => {
    await deliver(job(['a', 'b', 'c']), ...['a', 'b', 'c', 'out'].map((name) => shop(name)));
    await deliver(job(['a'], 2));
    const fresh = deliverer(await openSink({ state: sinkHost().state }));
    expect(kinds(await fresh(job(['a', 'b', 'c'], 3)))).toEqual(['delivered']);
    expect(await catalog.active(...process, 'inputs')).toEqual(['a', 'b', 'c']);
  });

  it('joins the inputs that two producers give one process', async () => {
    await deliver(...['a', 'b', 'out'].map((name) => shop(name)));
    await deliver(job(['a']));
    await deliver({ ...job(['b']), producer: 'other' });
    expect(await catalog.active(...process, 'inputs')).toEqual(['a', 'b']);
    await deliver({ ...job([], 2), producer: 'other' });
    expect(await catalog.active(...process, 'inputs')).toEqual(['a']);
  });

  it('ends in the same, whoever of two producers came last, and in whatever batches', async () => {
    const changes = (name: string) => [
      shop(name, { city: 'first', shelves: ['1', '2'], sizes: 1 }, { producer: 'a' }),
      shop(name, { city: null, shelves: ['2'], sizes: 1 }, { producer: 'a', sequence: 2 }),
      shop(name, { city: 'second', shelves: ['2', '3'], sizes: 2 }, { producer: 'b' }),
    ];
    const seen: unknown[] = [];
    for (const [name, order] of Object.entries({ x: [0, 1, 2], y: [0, 2, 1], z: [2, 0, 1], w: [2, 1] })) {
      for (const index of order) await deliver(...changes(name).slice(index, index + 1));
      const sizes = [];
      for (const shelf of await catalog.active('shop', `shop://${name}`, 'shelves')) {
        sizes.push([
          shelf,
          (await catalog.entity('shop_shelf', `shop://${name}/${shelf}`))?.attributes['size'],
        ]);
      }
      seen.push([(await catalog.entity('shop', `shop://${name}`))?.attributes['city'], sizes]);
    }
    const end = [
      'second',
      [
        ['2', 1],
        ['3', 2],
      ],
    ];
    expect(seen).toEqual([end, end, end, end]);
  });

  it('gives each attribute to the first in precedence that supplies it, whoever came last', async () => {
    const precedence = { producers: ['b', 'a'], attributes: { city: ['a'] } };
    const changes = (name: string) => [
      shop(name, { city: 'of a', shelves: ['1'], sizes: 1 }, { producer: 'a' }),
      shop(name, { city: 'of b', shelves: ['1'], sizes: 2 }, { producer: 'b' }),
    ];
    const ruled = deliverer(await openSink({ precedence }));
    for (const [name, order] of Object.entries({ x: [0, 1], y: [1, 0] })) {
      for (const index of order) await ruled(...changes(name).slice(index, index + 1));
      expect((await catalog.entity('shop', `shop://${name}`))?.attributes['city']).toBe('of a');
      expect((await catalog.entity('shop_shelf', `shop://${name}/1`))?.attributes['size']).toBe(2);
    }
    // Who has the word for an attribute and stops supplying it gives it to the next.
    await ruled(shop('x', { shelves: ['1'], sizes: 1 }, { producer: 'a', sequence: 2 }));
    expect((await catalog.entity('shop', 'shop://x'))?.attributes['city']).toBe('of b');
  });

  it('writes only the entities of a root that changed', async () => {
    const shelves = Array.from({ length: 150 }, (_, n) => `${n}`);
    await deliver(shop('wide', { city: 'old', shelves }));
    const before = catalog.writeCalls();
    const [outcome] = await deliver(shop('wide', { city: 'new', shelves }, { sequence: 2 }));
    expect(outcome).toEqual({ kind: 'delivered', counts: counts({ updated: 1, unchanged: 150 }) });
    expect(catalog.writeCalls() - before).toBe(1);
    await deliver(shop('wide', { city: 'new', shelves: shelves.slice(1) }, { sequence: 3 }));
    expect(await catalog.active('shop', 'shop://wide', 'shelves')).toHaveLength(149);
  });

  it('gives an entity that one producer no longer has the values of the other', async () => {
    await deliver(shop('a', { shelves: ['1'], sizes: 1 }, { producer: 'a' }));
    await deliver(shop('a', { shelves: ['1'], sizes: 2 }, { producer: 'b' }));
    await deliver(shop('a', { shelves: [] }, { producer: 'a', sequence: 2 }));
    expect((await catalog.entity('shop_shelf', 'shop://a/1'))?.attributes['size']).toBe(2);
  });

  it('ties a table that was deleted and came back to the processes that still name it', async () => {
    await deliver(job(['a']), shop('a'), shop('out'));
    await deliver(deletionOf(shop('a')));
    expect(await catalog.active(...process, 'inputs')).toEqual([]);
    await deliver(shop('a', {}, { sequence: 3 }));
    expect(await catalog.active(...process, 'inputs')).toEqual(['a']);
    const stand = shop('a', {}, { producer: 'etl', placeholder: true, complete: [] });
    await deliver(deletionOf(shop('a'), { sequence: 4 }), stand);
    expect(await catalog.active(...process, 'inputs')).toEqual(['a']);
  });

  it('writes a root again that was deleted along with another one of its batch', async () => {
    const whole = shop('a', { shelves: ['1'] });
    const [, shelf] = whole.entities;
    if (shelf === undefined) throw new Error('no shelf');
    const own = {
      ...shop('a'),
      typeName: shelf.typeName,
      qualifiedName: shelf.qualifiedName,
      objectId: 'shelf',
      entities: [shelf],
      complete: [],
    };
    await deliver(shop('a', {}, { complete: [] }), own);
    const again = shop('a', {}, { objectId: 'another', complete: [] });
    const outcomes = await deliver(own, deletionOf(whole), again);
    expect(kinds(outcomes)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['1']);
  });

  it('never lets a placeholder replace what is real, and lets what is real replace a placeholder', async () => {
    const stand = shop('a', { city: 'guess' }, { producer: 'etl', placeholder: true, complete: [] });
    expect(kinds(await deliver(stand))).toEqual(['delivered']);
    expect(kinds(await deliver(shop('a', { city: 'here' })))).toEqual(['delivered']);
    expect(kinds(await deliver({ ...stand, position: { incarnation: 'one', sequence: 2 } }))).toEqual([
      'superseded',
    ]);
    expect((await catalog.entity('shop', 'shop://a'))?.attributes['city']).toBe('here');
  });

  it('delivers all but the one that is wrong, among a hundred', async () => {
    const changes = Array.from({ length: 100 }, (_, n) =>
      shop(`s${n}`, { shelves: ['1'], sizes: n === 42 ? null : 3 }),
    );
    const outcomes = await deliver(...changes);
    expect(kinds(outcomes)[42]).toBe('rejected CATALOG_BAD_ENTITY');
    expect(kinds(outcomes).filter((kind) => kind === 'delivered')).toHaveLength(99);
    expect(await catalog.entity('shop', 'shop://s42')).toBeUndefined();
    expect(await catalog.active('shop', 'shop://s99', 'shelves')).toEqual(['1']);
  });

  it('reports a missing referent for its change alone, and delivers it once the referent is there', async () => {
    const shops = Array.from({ length: 20 }, (_, n) => shop(`s${n}`));
    const late = shopProcess('late', { inputs: ['nowhere'], outputs: ['s1'] });
    const outcomes = await deliver(...shops, late, shopProcess('good', { inputs: ['s0'], outputs: ['s1'] }));
    expect(kinds(outcomes)[20]).toBe('missing CATALOG_MISSING_REFERENT');
    expect(kinds(outcomes).filter((kind) => kind === 'delivered')).toHaveLength(21);
    await deliver(shop('nowhere'));
    expect(kinds(await deliver(late))).toEqual(['delivered']);
  });

  it('reports a missing referent when a known process gets an input that is not there', async () => {
    await deliver(job(['a']), shop('a'), shop('out'));
    expect(kinds(await deliver(job(['a', 'late'], 2)))).toEqual(['missing CATALOG_MISSING_REFERENT']);
    await deliver(shop('late'));
    expect(kinds(await deliver(job(['a', 'late'], 2)))).toEqual(['delivered']);
    expect(await catalog.active(...process, 'inputs')).toEqual(['a', 'late']);
  });

  it('splits a root that is larger than a request', async () => {
    const small = deliverer(await openSink({}, { batch: { entities: 10, bytes: 5000 } }));
    const shelves = Array.from({ length: 95 }, (_, n) => `n${n}`);
    const before = catalog.writeCalls();
    const [outcome] = await small(shop('a', { shelves }));
    expect(outcome).toEqual({ kind: 'delivered', counts: counts({ created: 96 }) });
    expect(catalog.writeCalls() - before).toBeGreaterThanOrEqual(10);
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toHaveLength(95);
  });

  it('writes what one producer says when what another says of the same root is wrong', async () => {
    const outcomes = await deliver(
      shop('a', { city: 'here' }, { producer: 'good' }),
      shop('a', { shelves: ['1'], sizes: null }, { producer: 'wrong' }),
    );
    expect(kinds(outcomes)).toEqual(['delivered', 'rejected CATALOG_BAD_ENTITY']);
    expect((await catalog.entity('shop', 'shop://a'))?.attributes['city']).toBe('here');
  });

  it('rejects a change that calls a list complete which no relationship makes', async () => {
    const outcomes = await deliver(shop('a', {}, { complete: ['windows'] }), shop('b'));
    expect(kinds(outcomes)).toEqual(['rejected TYPE_UNKNOWN', 'delivered']);
  });

  it('creates a type that somebody deleted meanwhile', async () => {
    await catalog.call('DELETE', '/types/typedef/name/shop_shelves');
    await catalog.call('DELETE', '/types/typedef/name/shop_shelf');
    expect(kinds(await deliver(shop('a', { shelves: ['1'] })))).toEqual(['delivered']);
    expect(await catalog.active('shop', 'shop://a', 'shelves')).toEqual(['1']);
  });
});
