import { refKey } from '../../pipeline/derive/keys.ts';
import type { CatalogClient } from './client.ts';
import { differences, readHeld } from './held.ts';
import type { TypeModel } from '../../pipeline/type-model.ts';
import type { RootWrite } from './unit.ts';

/**
 * Takes out of roots of which nothing is recorded what the catalogue holds already as they say: a full scan after the state was lost
 * reads in bulk and writes only what differs. What is found is confirmed, as if it had been written.
 */
export async function unlessHeld(
  {
    client,
    types,
    signal,
  }: { readonly client: CatalogClient; readonly types: TypeModel; readonly signal: AbortSignal },
  roots: readonly RootWrite[],
): Promise<readonly RootWrite[]> {
  const unknown = roots.filter(({ before }) => before === undefined);
  const bodies = unknown.flatMap(({ writes }) => writes.map(({ body }) => body));
  if (bodies.length === 0) return roots;
  const held = await readHeld(client, bodies, signal);
  const asSaid = new Set(
    bodies
      .filter((body) => {
        const entity = held.get(refKey(body));
        return entity !== undefined && differences(body, entity, { types, strict: true }).length === 0;
      })
      .map(refKey),
  );
  return roots.map((root) => {
    if (root.before !== undefined) return root;
    const isAsSaid = (ref: Parameters<typeof refKey>[0]): boolean => asSaid.has(refKey(ref));
    return {
      ...root,
      writes: root.writes.filter(({ body }) => !isAsSaid(body)),
      references: root.references.filter(({ source }) => !isAsSaid(source)),
    };
  });
}
