import { z } from 'zod';
import { coalesce, type SaidBefore } from '../pipeline/coalesce.ts';
import { contentHash } from '../pipeline/content-hash.ts';
import { refKey } from '../pipeline/derive/keys.ts';
import { type SinkComponent, sinkComponent } from '../pipeline/sink-component.ts';
import type { AppliedCounts, Delivery, Outcome, Sink } from '../pipeline/sink.ts';
import type { EntityChange, EntityRef } from '../schemas/types.ts';

/** A sink that holds what it is given, for tests and trials. */
export interface MemorySink extends Sink {
  /** The last change of each root by each producer that was not deleted, sorted by type and qualifiedName, then producer. */
  readonly changes: readonly EntityChange[];
}

const nothing: AppliedCounts = { created: 0, updated: 0, unchanged: 0, deleted: 0 };

/** Makes an empty memory sink. */
export function createMemorySink(): MemorySink {
  /** By root, then by producer. */
  const roots = new Map<string, Map<string, EntityChange>>();
  return {
    open: async (signal) => signal.throwIfAborted(),
    deliver: async (batch, signal) => {
      signal.throwIfAborted();
      return deliverTo(roots, batch);
    },
    close: async () => undefined,
    get changes() {
      return [...roots]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, changes]) => [...changes.values()].sort((a, b) => (a.producer < b.producer ? -1 : 1)));
    },
  };
}

/** The memory sink as a kind for the configuration. */
export const memory: SinkComponent = sinkComponent({
  summary: 'Holds entity changes in memory and forgets them at the end; for trials without a catalogue.',
  options: z.strictObject({}),
  create: () => createMemorySink(),
});

function deliverTo(
  roots: Map<string, Map<string, EntityChange>>,
  batch: readonly Delivery[],
): readonly Outcome[] {
  const outcomes = new Map<number, Outcome>();
  const items = batch.map((delivery, index) => ({ ...delivery, index }));
  const said = (root: EntityRef): SaidBefore => ({
    said: [...(roots.get(refKey(root))?.values() ?? [])].map((change) => ({ ...change, deleted: false })),
  });
  for (const root of coalesce(items, said)) {
    const key = refKey(root);
    for (const { index } of root.superseded) outcomes.set(index, { kind: 'superseded' });
    if (root.deletion !== undefined) {
      outcomes.set(root.deletion.index, deletionOutcome(roots.get(key)));
      roots.delete(key);
    }
    for (const { index, change } of root.upserts) {
      const held = roots.get(key) ?? new Map<string, EntityChange>();
      outcomes.set(index, upsertOutcome(held, change));
      roots.set(key, held);
    }
  }
  return batch.map((_, index) => outcomes.get(index) ?? { kind: 'superseded' });
}

function deletionOutcome(held: ReadonlyMap<string, EntityChange> | undefined): Outcome {
  const deleted = [...(held?.values() ?? [])].reduce((sum, change) => sum + change.entities.length, 0);
  return { kind: deleted > 0 ? 'delivered' : 'unchanged', counts: { ...nothing, deleted } };
}

/** Applies an upsert to what is held of its root; placeholders give way to what is real. */
function upsertOutcome(held: Map<string, EntityChange>, change: EntityChange): Outcome {
  for (const [producer, other] of held) if (other.placeholder !== change.placeholder) held.delete(producer);
  const before = held.get(change.producer);
  held.set(change.producer, change);
  const entities = change.entities.length;
  if (before === undefined) return { kind: 'delivered', counts: { ...nothing, created: entities } };
  if (contentHash(before) === contentHash(change)) {
    return { kind: 'unchanged', counts: { ...nothing, unchanged: entities } };
  }
  return { kind: 'delivered', counts: { ...nothing, updated: entities } };
}
