import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datasetRules } from '../../pipeline/component.ts';
import { contentHash } from '../../pipeline/content-hash.ts';
import { eventTypes } from '../../producers/events/types.ts';
import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { Entity, EntityBody, EntityChange } from '../../schemas/types.ts';
import { describeEntities } from '../../transforms/describe-entities.ts';
import { transformContract } from '../contracts/transform.ts';
import { transformContext } from '../support/transform-context.ts';
import { deriveOne } from '../support/transforms.ts';

const context = transformContext({
  sheet: { types: eventTypes, caseRule: 'preserve', steps: 'collapse', datasets: datasetRules({}) },
});

function entity(given: Partial<Entity> = {}): Entity {
  return {
    producer: 'sheet',
    objectId: 'row 2',
    position: { incarnation: 'one', sequence: 1 },
    typeName: 'hive_table',
    qualifiedName: 'sales@cluster',
    attributes: { name: 'sales' },
    references: [],
    classifications: null,
    labels: null,
    businessAttributes: null,
    customAttributes: null,
    terms: null,
    contacts: null,
    collection: null,
    guidReferences: [],
    warnings: [],
    additional: [],
    ...given,
  };
}

function bodyOf(given: Partial<Entity>): EntityBody {
  const [change] = deriveOne(describeEntities, context, { type: 'entity', value: entity(given) }).changes;
  if (change === undefined) throw new Error('There is no change.');
  return change.entities[0];
}

const classified = (typeName: string, level: string | null = null) => ({
  typeName,
  attributes: { level },
  propagate: null,
  removePropagationsOnEntityDelete: null,
  validityPeriods: [],
});

/** As a program in another language writes an event: what it leaves out is filled in. */
const contractCase = (given: Partial<Entity>) =>
  ({ type: 'entity', value: decodeEvent(encodeEvent('entity', entity(given))).value as Entity }) as const;

transformContract('describe-entities', describeEntities, {
  context,
  examples: [
    contractCase({ labels: ['b', 'a'], terms: ['Sale@Finance'] }),
    contractCase({ qualifiedName: 'other@cluster', classifications: [classified('PII')] }),
  ],
});

describe('describeEntities()', () => {
  it('hands on an entity of a type that nobody declares, and says nothing of what the source does not tell', () => {
    expect(bodyOf({})).toEqual({
      typeName: 'hive_table',
      qualifiedName: 'sales@cluster',
      attributes: { name: 'sales' },
      references: [],
    });
  });

  it('tells an empty list from one that the source does not tell', () => {
    const { annotations, references } = bodyOf({ classifications: [], terms: [] });
    expect(annotations).toMatchObject({ classifications: [], labels: null });
    expect(references).toEqual([{ attribute: 'meanings', many: true, targets: [] }]);
  });

  it('makes a reference of the glossary terms, together with those that are given as one', () => {
    const target = (qualifiedName: string) => ({ typeName: 'AtlasGlossaryTerm', qualifiedName });
    const meanings = { attribute: 'meanings', many: true, targets: [target('Sale@Finance')] };
    expect(bodyOf({ terms: ['Net@Finance', 'Sale@Finance'], references: [meanings] }).references).toEqual([
      { attribute: 'meanings', many: true, targets: [target('Net@Finance'), target('Sale@Finance')] },
    ]);
  });

  it('says the same whatever the order in which a source lists it', () => {
    const said = {
      labels: ['a', 'b', 'c'],
      terms: ['x@g', 'y@g'],
      classifications: [classified('A'), classified('B', 'high')],
      contacts: {
        experts: [
          { id: '1', info: null },
          { id: '2', info: 'i' },
        ],
        owners: null,
      },
    };
    const hash = (given: Partial<Entity>): string => {
      const { typeName, qualifiedName, producer, objectId, position } = entity();
      const entities = [bodyOf(given)];
      const change: EntityChange = {
        operation: 'UPSERT',
        typeName,
        qualifiedName,
        producer,
        objectId,
        position,
        entities,
        complete: [],
        placeholder: false,
      };
      return contentHash(change);
    };
    fc.assert(
      fc.property(
        fc.shuffledSubarray(said.labels, { minLength: 3 }),
        fc.shuffledSubarray(said.classifications, { minLength: 2 }),
        fc.shuffledSubarray(said.contacts.experts, { minLength: 2 }),
        (labels, classifications, experts) => {
          const given = {
            ...said,
            labels: [...labels, 'a'],
            classifications: [...classifications, classified('A')],
          };
          expect(hash({ ...given, contacts: { experts, owners: null } })).toBe(hash(said));
        },
      ),
      { numRuns: 20 },
    );
  });

  it.each([
    ['has no typeName', { typeName: ' ' }],
    ['has no qualifiedName', { qualifiedName: '' }],
    ['has another qualifiedName among its attributes: "x"', { attributes: { qualifiedName: 'x' } }],
    ['has no JSON in parameters', { attributes: { parameters: { json: '{' } } }],
    ['has no JSON in since', { businessAttributes: { B: { since: { json: '' } } } }],
    [
      'has the classification PII twice, with different values',
      { classifications: [classified('PII'), classified('PII', 'high')] },
    ],
    [
      'has 2 targets of db, which takes one',
      {
        references: [
          {
            attribute: 'db',
            many: false,
            targets: [
              { typeName: 'hive_db', qualifiedName: 'a' },
              { typeName: 'hive_db', qualifiedName: 'b' },
            ],
          },
        ],
      },
    ],
  ])('refuses an entity that %s', (what, given: Partial<Entity>) => {
    expect(() => bodyOf(given)).toThrow(expect.objectContaining({ code: 'EVENT_INVALID' }));
    expect(() => bodyOf(given)).toThrow(`${what}.`);
  });
});
