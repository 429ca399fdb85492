import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnnotationPlan } from '../../../sinks/purview/annotation-plan.ts';
import { type AnnotationChanges, decideAnnotations } from '../../../sinks/purview/decide-annotations.ts';
import type { HeldAnnotations } from '../../../sinks/purview/held-annotations.ts';
import type { Given } from '../../../sinks/purview/said-schema.ts';

const entity = { typeName: 'shop', qualifiedName: 'shop://a' };
const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 });
const values = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'), {
  noNullPrototype: true,
});

interface Parts {
  readonly labels: readonly string[];
  readonly customAttributes: Readonly<Record<string, string>>;
}

const parts: fc.Arbitrary<Parts> = fc.record({ labels: names, customAttributes: values });

function given({ labels, customAttributes }: Parts): Given {
  const nothing = { classifications: [], terms: [], businessAttributes: {}, experts: [], owners: [] };
  return {
    entity,
    ...nothing,
    labels: [...labels],
    customAttributes: { ...customAttributes },
    collection: null,
  };
}

function heldOf({ labels, customAttributes }: Parts): HeldAnnotations {
  const nothing = { classifications: [], terms: [], businessAttributes: {}, experts: [], owners: [] };
  return { ...nothing, labels, customAttributes, collection: undefined };
}

function planOf(wanted: Parts, before: Parts, isDoubted: boolean): AnnotationPlan {
  const silent = { classifications: null, businessAttributes: null, contacts: null, collection: null };
  const said = { ...silent, terms: null, guidReferences: [], ...wanted };
  return { entity, wanted: said, given: given(before), ours: given(before), isDoubted };
}

/** What a catalogue holds after the changes. */
function applied(held: Parts, { labels, customAttributes }: AnnotationChanges): Parts {
  const kept = held.labels.filter((label) => !labels.remove.includes(label));
  return {
    labels: [...new Set([...kept, ...labels.add])],
    customAttributes: customAttributes ?? held.customAttributes,
  };
}

describe('decideAnnotations()', () => {
  it('leaves what is not ours, keeps account of what is, and has nothing to do once it is done', () => {
    fc.assert(
      fc.property(parts, parts, parts, fc.boolean(), (wanted, before, held, isDoubted) => {
        const changes = decideAnnotations(planOf(wanted, before, isDoubted), heldOf(held), false);
        const after = applied(held, changes);
        const theirs = held.labels.filter((label) => !before.labels.includes(label));
        expect(after.labels).toEqual(expect.arrayContaining(theirs));
        const changedByOthers = Object.entries(held.customAttributes).filter(
          ([name, value]) => before.customAttributes[name] !== value,
        );
        expect(after.customAttributes).toMatchObject(Object.fromEntries(changedByOthers));
        const ours = isDoubted ? changes.given.labels : changes.labels.add;
        expect(after.labels).toEqual(expect.arrayContaining([...ours]));
        expect(changes.given.labels).toEqual(expect.arrayContaining([...changes.labels.add]));
        const again = planOf(wanted, { ...changes.given }, false);
        const rest = decideAnnotations(again, heldOf(after), false);
        expect(rest.labels).toEqual({ add: [], remove: [] });
        expect(rest.customAttributes).toBeUndefined();
        expect(rest.given).toEqual(changes.given);
      }),
    );
  });

  it('gives a new entity all that is said, whatever was given to an earlier one of its name', () => {
    fc.assert(
      fc.property(parts, parts, (wanted, before) => {
        const changes = decideAnnotations(planOf(wanted, before, false), undefined, false);
        const after = applied({ labels: [], customAttributes: {} }, changes);
        expect(after.labels.toSorted()).toEqual(wanted.labels.toSorted());
        expect(after.customAttributes).toEqual(wanted.customAttributes);
      }),
    );
  });
});
