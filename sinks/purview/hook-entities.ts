import { jsonAttributes } from '../../pipeline/attribute-value.ts';
import type { AtlasEntity } from '../../pipeline/atlas/wire.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import { bulkRequest } from './request.ts';
import type { RootWrite } from './unit.ts';

/**
 * The entities of a message. Lists stand in it whole, as there are no relationships to write beside it; what Atlas takes only of a new
 * entity is said only of one.
 */
export function entitiesToTell({ writes, annotations }: RootWrite, isNew: boolean): readonly AtlasEntity[] {
  const whole = writes.map(({ body }) => ({ body, omit: new Set<string>() }));
  const { entities } = bulkRequest(whole).body;
  if (!isNew) return entities;
  const plans = new Map(annotations.map((plan) => [refKey(plan.entity), plan.wanted]));
  return entities.map((entity, index) => {
    const body = writes[index]?.body;
    const said = body && plans.get(refKey(body));
    if (said === undefined) return entity;
    const { classifications, labels, businessAttributes, customAttributes } = said;
    return {
      ...entity,
      ...(classifications === null
        ? {}
        : {
            classifications: classifications.map(({ typeName, attributes, propagate }) => ({
              typeName,
              attributes: jsonAttributes(attributes),
              ...(propagate === null ? {} : { propagate }),
            })),
          }),
      ...(labels === null ? {} : { labels }),
      ...(customAttributes === null ? {} : { customAttributes }),
      ...(businessAttributes === null
        ? {}
        : {
            businessAttributes: Object.fromEntries(
              Object.entries(businessAttributes).map(([type, own]) => [type, jsonAttributes(own)]),
            ),
          }),
    };
  });
}
