import { expect, it } from 'vitest';
import { jsonObject, type JsonObject, ownObject, ownText } from '../../catalog/json.ts';
import { placeholderText } from '../../pipeline/delivery/placeholder.ts';
import type { SourceTypes } from '../../pipeline/types.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { deliverToBoth } from '../support/atlas/both.ts';
import { atlasSuite } from '../support/atlas/suite.ts';
import { shop, shopProcess, shopTypes } from '../support/changes.ts';
import { sinks } from '../../sinks/index.ts';
import { systemClock } from '../../platform/clock.ts';
import { deliverer, kinds, never, sinkHost } from '../support/sink-host.ts';

const suite = atlasSuite();

/** A change whose root, or first shelf, has other attributes than the source's types allow. */
function spoiled(change: EntityChange, typeName: string, attributes: object): EntityChange {
  const entities = change.entities.map((body) =>
    body.typeName === typeName ? { ...body, attributes: { ...body.attributes, ...attributes } } : body,
  );
  return { ...change, entities };
}

/** A shop whose shelf does not say whose it is. */
function orphaned(change: EntityChange): EntityChange {
  const entities = change.entities.map((body) =>
    body.typeName === 'shop_shelf' ? { ...body, references: [] } : body,
  );
  return { ...change, entities };
}

it('deliver() makes one dead letter of each bad entity and delivers the others of its batch', async () => {
  const { folder, atlas, name, having } = suite();
  const good = Array.from({ length: 30 }, (_, index) => shop(name(`good${index}`), { shelves: ['1'] }));
  const bad = [
    shop(name('bad-null'), { shelves: ['1'], sizes: null }),
    spoiled(shop(name('bad-text'), { shelves: ['1'] }), 'shop_shelf', { size: 'many' }),
    spoiled(shop(name('bad-large'), { shelves: ['1'] }), 'shop_shelf', { size: 3_000_000_000 }),
  ];
  const odd = [
    shop(name('odd-umlaut-ä-☃-😀'), { city: 'Zürich\n"quoted" \\ {x} ${y}' }),
    shop(name(`odd-long-${'l'.repeat(3000)}`), { city: 'l'.repeat(40_000) }),
    shop(name('odd-'), { city: '' }),
    // Atlas refuses a part that does not name its container; the sink names it where the source does not.
    orphaned(shop(name('odd-orphan'), { shelves: ['1'] })),
  ];
  const changes = [...good, ...bad, ...odd].toSorted((a, b) => (a.qualifiedName > b.qualifiedName ? 1 : -1));
  const both = await deliverToBoth({ folder, atlas, having }, [changes]);
  expect(both.letters.atlas).toHaveLength(bad.length);
  expect(both.letters.local).toHaveLength(bad.length);
  expect(both.atlas).toBe(both.local);
  expect(both.atlas.trimEnd().split('\n')).toHaveLength(good.length * 2 + odd.length + 1);
  expect(both.atlas).toContain(`shop://${name('odd-orphan')}/1`);
});

it('deliver() parks what names a missing asset, gives it a placeholder, and fills that when the asset comes', async () => {
  const { folder, atlas, name } = suite();
  const having = name('late-');
  const [a, late, later] = ['a', 'b', 'c'].map((text) => having + text) as [string, string, string];
  const parked = [shop(a), shopProcess(`${having}p`, { inputs: [a], outputs: [late, later] })];
  const rest = [shop(late, { city: 'there', shelves: ['1'] }), shop(later)];
  const seen: JsonObject[] = [];
  const look = async (): Promise<void> => {
    for (const one of [late, later]) seen.push((await atlas.entity('shop', `shop://${one}`)) ?? jsonObject());
  };
  const both = await deliverToBoth({ folder, atlas, having, look }, [parked, rest], { parkForMs: 0 });
  expect(both.letters).toEqual({ local: [], atlas: [] });
  expect(both.atlas).toBe(both.local);
  const marks = seen.map((one) => ownText(ownObject(one, 'attributes'), 'description') ?? null);
  expect(marks).toEqual([placeholderText, placeholderText, null, null]);
  const guids = seen.map((one) => ownText(one, 'guid'));
  expect(guids.slice(2)).toEqual(guids.slice(0, 2));
});

/** A type whose number must be unique, as somebody made it in the catalogue; the source knows nothing of the number. */
const numbered = {
  name: 'shop_numbered',
  superTypes: ['DataSet'],
  attributeDefs: [
    {
      name: 'number',
      typeName: 'int',
      isOptional: true,
      isUnique: true,
      cardinality: 'SINGLE',
      isIndexable: true,
    },
  ],
};
const numberedTypes: SourceTypes = {
  entityTypes: [
    {
      name: numbered.name,
      description: 'Numbered.',
      superTypes: ['DataSet'],
      attributes: {},
      qualifiedName: 'n://{name}',
    },
  ],
  relationshipTypes: [],
};

it('deliver() rejects what is answered with 500 for ever, and nothing else', async () => {
  const { atlas, name } = suite();
  await atlas.call('POST', '/v2/types/typedefs', { entityDefs: [numbered] });
  const host = sinkHost({ clock: systemClock, types: [shopTypes, numberedTypes] });
  const sink = sinks.atlas.create({ ...atlas.target, retry: { delayMs: 1 } }, host);
  await sink.open(never);
  const deliver = deliverer(sink);
  const ofNumber = (text: string): EntityChange => {
    const ref = { typeName: numbered.name, qualifiedName: `n://${name(text)}` };
    const root = { ...ref, attributes: { name: text }, references: [] };
    return { ...shop(name(text)), ...ref, entities: [root], complete: [] };
  };
  // A number that is not said is kept as 0: the second one without it is a 500.
  const first = await deliver(ofNumber('one'), shop(name('n1')), ofNumber('two'), shop(name('n2')));
  const [one, good, , better] = kinds(first);
  let two = first[2];
  for (let round = 3; two?.kind === 'retry' && round < 8; round += 1)
    [two] = await deliver(ofNumber('two'), shop(name(`n${round}`)));
  expect([one, good, better]).toEqual(['delivered', 'delivered', 'delivered']);
  expect(two?.kind).toBe('rejected');
});

it('deliver() never ties a process to an asset that was deleted, and says that it is missing', async () => {
  const { atlas, name } = suite();
  const sink = sinks.atlas.create({ ...atlas.target }, sinkHost({ clock: systemClock }));
  await sink.open(never);
  const deliver = deliverer(sink);
  await deliver(shop(name('here')), shop(name('gone')));
  const guid = ownText(await atlas.entity('shop', `shop://${name('gone')}`), 'guid');
  await atlas.call('DELETE', `/v2/entity/guid/${guid}`);
  const job = shopProcess(name('ties'), { inputs: [name('here')], outputs: [name('gone')] });
  expect(kinds(await deliver(job))).toEqual(['missing CATALOG_MISSING_REFERENT']);
});
