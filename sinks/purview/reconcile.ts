import { refKey } from '../../pipeline/derive/keys.ts';
import type { Precedence } from '../../pipeline/precedence.ts';
import type { Drift } from '../../pipeline/sink.ts';
import type { StateStore, StateWrite } from '../../pipeline/state.ts';
import type { EntityBody, EntityRef } from '../../schemas/types.ts';
import { goneAnnotations } from './annotation-drift.ts';
import { withoutTerms } from './annotation-plan.ts';
import { type Applied, appliedWrite, saidBy, scanAppliedRoots, unconfirmed } from './applied.ts';
import type { CatalogClient } from './client.ts';
import { differences, readHeld } from './held.ts';
import { mergeSaid } from './merge.ts';
import type { TypeModel } from '../../pipeline/type-model.ts';

/** What {@link reconcile} works with. */
export interface ReconcileContext {
  readonly client: CatalogClient;
  readonly state: StateStore;
  readonly types: TypeModel;
  readonly precedence: Precedence;
  readonly signal: AbortSignal;
}

interface KnownRoot {
  readonly root: EntityRef;
  readonly record: Applied;
  readonly bodies: readonly EntityBody[];
}

const rootsTogether = 50;

/**
 * Reads back, in bulk, everything that was applied, and yields what is gone from the catalogue or changed there, and of what was given
 * beside attributes and references what somebody took away.
 *
 * @param repair forgets that it was applied: the next change of the asset, or a replay, writes it again
 */
export async function* reconcile(context: ReconcileContext, repair: boolean): AsyncIterable<Drift> {
  let roots: KnownRoot[] = [];
  for await (const { root, record } of scanAppliedRoots(context.state)) {
    if (record.deleted || record.speakers.length === 0) continue;
    const said = record.speakers.map((one) => ({ producer: one.producer, entities: saidBy(one) }));
    roots.push({ root, record, bodies: mergeSaid(said, context.precedence) });
    if (roots.length < rootsTogether) continue;
    yield* compare(context, roots, repair);
    roots = [];
  }
  yield* compare(context, roots, repair);
}

async function* compare(
  { client, state, types, signal }: ReconcileContext,
  roots: readonly KnownRoot[],
  repair: boolean,
): AsyncIterable<Drift> {
  const held = await readHeld(
    client,
    roots.flatMap(({ bodies }) => bodies),
    signal,
  );
  const repairs: StateWrite[] = [];
  const found: Drift[] = [];
  for (const { root, record, bodies } of roots) {
    const drifts = bodies.flatMap((body): Drift[] => {
      const { typeName, qualifiedName } = body;
      const entity = held.get(refKey(body));
      if (entity === undefined) return [{ root, typeName, qualifiedName, what: 'gone', attributes: [] }];
      const given = record.given?.find((one) => refKey(one.entity) === refKey(body));
      const attributes = [
        ...differences(withoutTerms(body), entity, { types, strict: false }),
        ...(given === undefined ? [] : goneAnnotations(given, entity, client.annotations.hasCollections)),
      ];
      return attributes.length === 0 ? [] : [{ root, typeName, qualifiedName, what: 'changed', attributes }];
    });
    found.push(...drifts);
    if (repair && drifts.length > 0) repairs.push(appliedWrite(root, unconfirmed(record)));
  }
  if (repairs.length > 0) await state.write(repairs);
  yield* found;
}
