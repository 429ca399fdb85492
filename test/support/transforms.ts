import { of } from 'rxjs';
import { readColumnMapping } from '../../pipeline/column-mapping.ts';
import type { Derivation, TransformContext, TransformFactory } from '../../pipeline/transform.ts';
import type { EntityBody, RawEvent } from '../../schemas/types.ts';

export { transformContext } from './transform-context.ts';

/** What a transform says of one event; throws what it throws. */
export function deriveOne(factory: TransformFactory, context: TransformContext, event: RawEvent): Derivation {
  let found: Derivation | undefined;
  let failure: unknown;
  of(event)
    .pipe(factory(context))
    .subscribe({
      next: (derivation) => {
        found = derivation;
      },
      error: (thrown: unknown) => {
        failure = thrown;
      },
    });
  if (failure !== undefined) throw failure;
  if (found === undefined) throw new Error('The transform derived nothing.');
  return found;
}

/** An entity of a derivation by type and name. */
export function entityOf(derivation: Derivation, typeName: string, qualifiedName?: string): EntityBody {
  const entities = derivation.changes.flatMap((change) => change.entities);
  const found = entities.find(
    (entity) =>
      entity.typeName === typeName && (qualifiedName === undefined || entity.qualifiedName === qualifiedName),
  );
  if (found === undefined) throw new Error(`There is no ${typeName} ${qualifiedName ?? ''}.`);
  return found;
}

/** Names that an entity refers to by an attribute. */
export function targetsOf(entity: EntityBody, attribute: string): readonly string[] {
  const reference = entity.references.find((candidate) => candidate.attribute === attribute);
  return (reference?.targets ?? []).map((target) => target.qualifiedName);
}

/** The column edges of a process, each as `source#column -> target#column`, sorted. */
export function columnEdges(process: EntityBody): readonly string[] {
  const text = process.attributes['columnMapping'];
  if (typeof text !== 'string') throw new Error('The process has no columnMapping.');
  return readColumnMapping(text)
    .map((edge) => `${edge.source}#${edge.sourceColumn} -> ${edge.target}#${edge.targetColumn}`)
    .sort();
}
