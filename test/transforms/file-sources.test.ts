import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { objectKey } from '../../pipeline/derive/keys.ts';
import { customDb } from '../../producers/custom-db/component.ts';
import { etlJobFiles } from '../../producers/etl-job-files/component.ts';
import type { EntityChange, RawEvent } from '../../schemas/types.ts';
import { describeDatabaseObjects } from '../../transforms/describe-database-objects.ts';
import { mapJobFiles } from '../../transforms/map-job-files.ts';
import { traceScripts } from '../../transforms/trace-scripts.ts';
import { Deriving } from '../support/deriving.ts';
import { eventsOf, retailOptions, retailSettings } from '../support/retail.ts';
import { transformContext } from '../support/transforms.ts';

const settings = retailSettings('keep');

/** What the catalogue would hold at the end, and the warnings of each object. */
function settle(events: readonly RawEvent[]): { readonly roots: unknown; readonly warnings: unknown } {
  const { naming } = transformContext(settings);
  const deriver = new Deriving({
    transforms: (known) => {
      const context = { ...transformContext(settings), known };
      return [describeDatabaseObjects(context), traceScripts(context), mapJobFiles(context)];
    },
    naming,
  });
  const roots = new Map<string, EntityChange['entities']>();
  for (const event of events) {
    const applied = deriver.apply(event);
    if (applied.kind === 'failed') throw applied.error;
    if (applied.kind === 'superseded' || applied.kind === 'filtered') throw new Error(applied.kind);
    expect(applied.failures).toEqual([]);
    for (const { qualifiedName, typeName, operation, entities } of applied.changes) {
      const key = `${typeName} ${qualifiedName}`;
      if (operation === 'DELETE') roots.delete(key);
      else roots.set(key, entities);
    }
  }
  const byKey = (a: readonly [string, unknown], b: readonly [string, unknown]): number =>
    a[0] < b[0] ? -1 : 1;
  return {
    roots: [...roots].sort(byKey),
    warnings: deriver
      .objects()
      .map((object) => [objectKey(object, object.objectType), object.warnings] as const)
      .sort(byKey),
  };
}

describe('the sources of files of the example shop', () => {
  let events: readonly RawEvent[] = [];
  beforeAll(async () => {
    events = [
      ...(await eventsOf(customDb, 'warehouse', retailOptions.warehouse)),
      ...(await eventsOf(etlJobFiles, 'jobs', { ...retailOptions.jobs, steps: 'keep' })),
    ];
  });

  it('end the same with the same warnings whatever the order of arrival', () => {
    const expected = settle(events);
    expect(JSON.stringify(expected)).toContain('customdb://warehouse/scripts/category_sales');
    fc.assert(
      fc.property(fc.shuffledSubarray([...events], { minLength: events.length }), (shuffled) => {
        expect(settle(shuffled)).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  it('give only attributes and references that their types declare', () => {
    const { naming } = transformContext(settings);
    const relationships = Object.values(settings).flatMap((source) => source.types.relationshipTypes);
    const { roots } = settle(events);
    const asset = new Set(['name', 'description']);
    let entities = 0;
    for (const [, list] of roots as readonly (readonly [string, EntityChange['entities']])[]) {
      for (const { typeName, attributes, references, qualifiedName } of list) {
        entities += 1;
        const type = naming.type(typeName);
        expect(naming.parse(typeName, qualifiedName)).toBeDefined();
        const undeclared = Object.keys(attributes).filter(
          (name) => !asset.has(name) && !Object.hasOwn(type.attributes, name),
        );
        expect({ typeName, undeclared }).toEqual({ typeName, undeclared: [] });
        for (const { attribute } of references) {
          const declared =
            (type.superTypes.includes('Process') && ['inputs', 'outputs'].includes(attribute)) ||
            relationships.some(
              ({ end1, end2 }) =>
                (end1.typeName === typeName && end1.attribute === attribute) ||
                (end2.typeName === typeName && end2.attribute === attribute),
            );
          expect({ typeName, attribute, declared }).toEqual({ typeName, attribute, declared: true });
        }
      }
    }
    expect(entities).toBeGreaterThan(40);
  });
});
