import type { SinkStageOptions } from '../../../pipeline/sink-stage.ts';
import type { EntityChange } from '../../../schemas/types.ts';
import type { JsonValue } from '../../../catalog/json.ts';
import { catalogUser } from '../local-catalog.ts';
import { SinkWorld } from '../sink-world.ts';
import { RealAtlas } from './read-back.ts';

/** What the same changes came to on the two catalogues. */
export interface Both {
  /** The local catalogue's export. */
  readonly local: string;
  /** The same of Atlas, as it was read back. */
  readonly atlas: string;
  /** Messages of dead letters. */
  readonly letters: { readonly local: readonly string[]; readonly atlas: readonly string[] };
}

/** Where and how the changes are delivered. */
interface How {
  readonly folder: string;
  readonly atlas: RealAtlas;
  /** A text that all qualifiedNames of these changes have, and no others in that Atlas. */
  readonly having: string;
  /** Called after each round. */
  readonly look?: () => Promise<unknown>;
  /** Called for each catalogue before the first round. */
  readonly prepare?: (call: CatalogCall) => Promise<void>;
  /** Called for each catalogue after each round. */
  readonly afterRound?: (call: CatalogCall, round: number) => Promise<void>;
}

/** Any request of either catalogue, below `/api/atlas/v2`, with its answer. */
export type CatalogCall = (method: string, path: string, body?: unknown) => Promise<JsonValue | undefined>;

/**
 * Delivers the same changes to an empty local catalogue and to Atlas, each until everything is settled before the next round.
 */
export async function deliverToBoth(
  { folder, atlas, having, look = async () => undefined, prepare, afterRound }: How,
  rounds: readonly (readonly EntityChange[])[],
  options: Partial<SinkStageOptions> = {},
): Promise<Both> {
  const [here, there] = [await SinkWorld.open(folder, 3), await SinkWorld.open(folder, 3, atlas.target)];
  const local = new RealAtlas({ url: here.catalog.url, ...catalogUser });
  const catalogues = [[here, callOf(local)] as const, [there, callOf(atlas)] as const];
  try {
    for (const [, call] of catalogues) await prepare?.(call);
    for (const [at, round] of rounds.entries()) {
      for (const [world, call] of catalogues) {
        await world.append(round);
        await world.settle(options);
        await afterRound?.(call, at);
      }
      await look();
    }
    const exported = here.catalog.export();
    const letters = { local: here.letters.toSorted(), atlas: there.letters.toSorted() };
    return { local: exported, atlas: await atlas.export(exported, having), letters };
  } finally {
    await Promise.all([here.close(), there.close()]);
  }
}

function callOf(catalogue: RealAtlas): CatalogCall {
  return async (method, path, body) => (await catalogue.call(method, `/v2${path}`, body)).json;
}
