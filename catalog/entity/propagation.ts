/** Classifications that spread along relationships. */
import type { StoredClassification, StoredEdge, StoredEntity } from '../model.ts';
import type { UnitOfWork } from '../unit-of-work.ts';

/** A classification that reaches an entity from another one. */
export interface Propagated {
  readonly source: StoredEntity;
  readonly classification: StoredClassification;
}

const walkLimit = 10_000;

/** The entity from which classifications come to another one along a relationship of it; undefined where it lets none pass. */
function passedBy(edge: StoredEdge, guid: string): string | undefined {
  const isSecond = edge.end2 === guid;
  const passes =
    edge.propagateTags === 'BOTH' || edge.propagateTags === (isSecond ? 'ONE_TO_TWO' : 'TWO_TO_ONE');
  if (edge.status !== 'ACTIVE' || !passes) return undefined;
  return isSecond ? edge.end1 : edge.end2;
}

/** The classifications that reach an entity along live relationships whose type lets them pass. */
export function propagatedTo(unit: UnitOfWork, entity: StoredEntity): Propagated[] {
  if (!unit.registry.hasClassificationTypes) return [];
  const found: Propagated[] = [];
  const seen = new Set([entity.guid]);
  for (const guid of seen) {
    for (const edge of unit.edgesOf(guid)) {
      const other = passedBy(edge, guid);
      const source = other === undefined || seen.has(other) ? undefined : unit.entity(other);
      if (source === undefined || seen.size > walkLimit) continue;
      seen.add(source.guid);
      for (const classification of source.classifications)
        if (classification.propagate) found.push({ source, classification });
    }
  }
  return found;
}
