import type { SinkStageOptions } from '../../../pipeline/sink-stage.ts';
import type { EntityChange } from '../../../schemas/types.ts';
import { SinkWorld } from '../sink-world.ts';
import type { RealAtlas } from './read-back.ts';

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
}

/**
 * Delivers the same changes to an empty local catalogue and to Atlas, each until everything is settled before the next round.
 */
export async function deliverToBoth(
  { folder, atlas, having, look = async () => undefined }: How,
  rounds: readonly (readonly EntityChange[])[],
  options: Partial<SinkStageOptions> = {},
): Promise<Both> {
  const [here, there] = [await SinkWorld.open(folder, 3), await SinkWorld.open(folder, 3, atlas.target)];
  try {
    for (const round of rounds) {
      for (const world of [here, there]) {
        await world.append(round);
        await world.settle(options);
      }
      await look();
    }
    const local = here.catalog.export();
    const letters = { local: here.letters.toSorted(), atlas: there.letters.toSorted() };
    return { local, atlas: await atlas.export(local, having), letters };
  } finally {
    await Promise.all([here.close(), there.close()]);
  }
}
