import { expect, inject, it, vi } from 'vitest';
import { openCatalog } from '../../catalog/open-catalog.ts';
import { systemClock } from '../../platform/clock.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { sinks } from '../../sinks/index.ts';
import { atlasSuite } from '../support/atlas/suite.ts';
import { annotatedShop } from '../support/annotated.ts';
import { deletionOf, shop, shopProcess } from '../support/changes.ts';
import { catalogUser } from '../support/local-catalog.ts';
import { deliverer, kinds, never, sinkHost } from '../support/sink-host.ts';

const suite = atlasSuite();

/** Digits that repeat nowhere: no compression makes less than 5 / 12 of them. */
function digits(length: number): string {
  let state = 1n;
  let text = '';
  while (text.length < length) {
    state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % 2n ** 64n;
    text += (state >> 24n).toString();
  }
  return text.slice(0, length);
}

it('deliver() by the topic of the hooks comes to the same end as by REST', async ({ skip }) => {
  const { folder, atlas, name, having } = suite();
  const kafka = inject('atlasKafka');
  if (kafka === '') return skip('ATLAS_KAFKA does not name the Kafka of the Atlas that ATLAS_URL names');
  const [a, b, c, late] = [name('a'), name('b'), name('c'), name('late')];
  const large = 'l'.repeat(1_100_000); // compressed on its way
  const noise = digits(2_600_000); // and this goes in parts even so
  const job = (sequence: number): EntityChange =>
    shopProcess(name('job'), { inputs: [a, late], outputs: [c] }, { sequence });
  const rounds: readonly (readonly EntityChange[])[] = [
    [shop(a, { shelves: ['1', '2'], city: 'x' }), shop(b), shop(c), shop(late)],
    [job(2), annotatedShop(name('d'), { labels: ['gold'], customAttributes: { sheet: 'shops' } })],
    [shop(a, { shelves: ['2', '3'], city: 'y' }, { sequence: 3 }), deletionOf(shop(b), { sequence: 3 })],
    [shop(c, { city: large }, { sequence: 4 })],
    [shop(c, { city: null }, { sequence: 5 }), shop(late, { city: noise }, { sequence: 5 })],
  ];
  const catalog = await openCatalog({ path: `${folder}/hook-catalog`, port: 0 });
  const host = () => sinkHost({ clock: systemClock });
  const types = sinks.atlas.create({ ...atlas.target }, host());
  await types.open(never); // a hook makes no types
  const here = sinks.local.create({ url: catalog.url, ...catalogUser }, host());
  const there = sinks['atlas-hook'].create({ brokers: [kafka] }, host());
  for (const sink of [here, there]) {
    await sink.open(never);
    const deliver = deliverer(sink);
    for (const round of rounds) {
      expect(kinds(await deliver(...round)).filter((kind) => !/^(delivered|unchanged)$/.test(kind))).toEqual(
        [],
      );
    }
    await sink.close();
  }
  const wanted = catalog.export();
  // Nobody says when Atlas has read its topic, and its index is behind for a moment.
  await vi.waitFor(async () => expect(await atlas.export(wanted, having)).toBe(wanted), {
    timeout: 120_000,
    interval: 1000,
  });
  await catalog.close();
});
