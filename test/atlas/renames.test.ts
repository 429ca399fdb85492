import { expect, it } from 'vitest';
import { entityWithExtInfoSchema } from '../../pipeline/atlas/replies.ts';
import { type CatalogCall, deliverToBoth } from '../support/atlas/both.ts';
import { atlasSuite } from '../support/atlas/suite.ts';
import { deletionOf, shop, shopProcess } from '../support/changes.ts';
import { formerly, renamedShop } from '../support/renamed.ts';

const suite = atlasSuite();

async function held(call: CatalogCall, type: string, name: string) {
  const query = new URLSearchParams({ 'attr:qualifiedName': `shop://${name}` });
  const answer = await call('GET', `/entity/uniqueAttribute/type/${type}?${query.toString()}`);
  return entityWithExtInfoSchema.safeParse(answer).data?.entity;
}

it('deliver() keeps guid, classifications and labels of what was renamed, in any order of the two names', async () => {
  const { folder, atlas, name, having } = suite();
  const tag = `Tag${having.replaceAll('-', '')}`;
  for (const first of ['deletion', 'new name']) {
    const run = `${having}${first === 'deletion' ? 'd' : 'n'}-`;
    const as = (short: string): string => name(short).replace(having, run);
    const [a, b, out] = [as('a'), as('b'), as('out')];
    const old = shop(a, { shelves: ['1', '2', '3'], city: 'Ulm' });
    const pairs = renamedShop(a, b, {
      shelves: [
        ['1', '1'],
        ['2', 'two'],
      ],
      until: 1,
    });
    const renamed = formerly(shop(b, { shelves: ['1', 'two'] }, { sequence: 2 }), pairs);
    const gone = formerly(deletionOf(old), pairs);
    const lineage = { inputs: [a], outputs: [out] };
    const later = shopProcess(as('job'), { inputs: [b], outputs: [out] }, { sequence: 2 });
    const rounds = [
      [old, shop(out), shopProcess(as('job'), lineage)],
      first === 'deletion' ? [gone] : [renamed],
      first === 'deletion' ? [renamed] : [gone],
      [later],
    ];
    const guids = new Map<CatalogCall, readonly unknown[]>();
    const parts = [
      ['shop', a, b],
      ['shop_shelf', `${a}/1`, `${b}/1`],
      ['shop_shelf', `${a}/2`, `${b}/two`],
    ] as const;
    const both = await deliverToBoth(
      {
        folder,
        atlas,
        having: run,
        prepare: async (call) => {
          const classificationDefs = [{ name: tag, superTypes: [], attributeDefs: [] }];
          await call('POST', '/types/typedefs', { classificationDefs });
        },
        afterRound: async (call, round) => {
          if (round === 0) {
            const found = await Promise.all(parts.map(([type, before]) => held(call, type, before)));
            guids.set(
              call,
              found.map((entity) => entity?.guid),
            );
            for (const entity of found) {
              await call('POST', `/entity/guid/${entity?.guid}/classifications`, [
                { typeName: tag, propagate: false },
              ]);
              await call('POST', `/entity/guid/${entity?.guid}/labels`, ['by-hand']);
            }
          }
          if (round !== 3) return;
          const found = await Promise.all(parts.map(([type, , after]) => held(call, type, after)));
          expect(found.map((entity) => entity?.guid)).toEqual(guids.get(call));
          expect(found.map((entity) => entity?.['labels'])).toEqual(parts.map(() => ['by-hand']));
          const tags = found.map((entity) => entity?.['classifications']);
          expect(tags).toEqual(parts.map(() => [expect.objectContaining({ typeName: tag })]));
          expect(await held(call, 'shop', a)).toBeUndefined();
        },
      },
      rounds,
    );
    expect(both.letters).toEqual({ local: [], atlas: [] });
    expect(both.atlas).toBe(both.local);
  }
});
