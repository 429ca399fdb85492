import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StateStore } from '../../../pipeline/state.ts';
import { createTelemetry, type TelemetryEvents } from '../../../pipeline/telemetry.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { sinks } from '../../../sinks/index.ts';
import { namedBy } from '../../../sinks/purview/dangling.ts';
import { deletionOf, shop, shopProcess } from '../../support/changes.ts';
import { type CatalogUnderTest, catalogUser, openTestCatalog } from '../../support/local-catalog.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

let catalog: CatalogUnderTest;
let said: TelemetryEvents['removalDangles'][];
let deliver: ReturnType<typeof deliverer>;
let state: StateStore;

beforeEach(async () => {
  catalog = await openTestCatalog();
  said = [];
  state = createMemoryState();
  const telemetry = createTelemetry();
  telemetry.on('removalDangles', (dangling) => void said.push(dangling));
  const host = sinkHost({ state, telemetry });
  const sink = sinks.atlas.create({ url: catalog.url, ...catalogUser }, host);
  await sink.open(never);
  deliver = deliverer(sink);
});
afterEach(() => catalog.close());

const source = shop('source', { shelves: ['1'] });
const target = shop('target');
const copies = shopProcess('copies', { inputs: ['source'], outputs: ['target'] });
const refOf = ({ typeName, qualifiedName }: typeof copies) => ({ typeName, qualifiedName });

it('deliver() says what refers to an asset before it removes it, and stays', async () => {
  await deliver(source, target, copies);
  expect(kinds(await deliver(deletionOf(source), deletionOf(target)))).toEqual(['delivered', 'delivered']);
  const referring = [refOf(copies)];
  expect(said).toEqual([
    { producer: source.producer, root: refOf(source), referring },
    { producer: target.producer, root: refOf(target), referring },
  ]);
});

it('deliver() says nothing of what goes along, of what a process leaves behind, and of what is gone', async () => {
  await deliver(source, target, copies);
  await deliver(deletionOf(copies), deletionOf(source));
  await deliver(deletionOf(target));
  await deliver(deletionOf(shop('never')));
  expect(said).toEqual([]);
});

it('namedBy() gives what would still name the assets of objects, whichever catalogue they were delivered to', async () => {
  await deliver(source, target, copies);
  const named = await namedBy(state, source.producer, new Set([source.objectId, 'unknown']));
  expect([...named]).toEqual([[source.objectId, [refOf(copies)]]]);
  const both = new Set([source.objectId, target.objectId, copies.objectId]);
  expect(await namedBy(state, 'nobody', both)).toEqual(new Map());
});
