import { expect, it } from 'vitest';
import { isObject, own, ownText } from '../../catalog/json.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { annotatedShop, annotationTypes, classified, type Said } from '../support/annotated.ts';
import { type CatalogCall, deliverToBoth } from '../support/atlas/both.ts';
import { atlasSuite } from '../support/atlas/suite.ts';

const suite = atlasSuite();
const prefix = 'annotated_';
const pii = (level: string | null) => classified(`${prefix}PII`, { level });
const secret = classified(`${prefix}Secret`);
const business = (attributes: Record<string, string | number | readonly string[]>) => ({
  [`${prefix}Ownership`]: attributes,
});

/** Types and two terms of a glossary, on either catalogue. */
async function prepare(call: CatalogCall, glossary: string): Promise<void> {
  await call('POST', '/types/typedefs', annotationTypes(prefix));
  const made = await call('POST', '/glossary', { name: glossary });
  const glossaryGuid = isObject(made) ? ownText(made, 'guid') : undefined;
  for (const name of ['Sale', 'Net', 'Theirs'])
    await call('POST', '/glossary/term', { name, anchor: { glossaryGuid } });
}

/** What a person does in the portal with the entity of that name. */
async function person(
  call: CatalogCall,
  qualifiedName: string,
  requests: readonly (readonly [string, string, unknown])[],
): Promise<void> {
  const query = new URLSearchParams({ 'attr:qualifiedName': qualifiedName });
  const answer = await call('GET', `/entity/uniqueAttribute/type/shop?${query.toString()}`);
  const entity = isObject(answer) ? own(answer, 'entity') : undefined;
  const guid = isObject(entity) ? ownText(entity, 'guid') : undefined;
  for (const [method, path, body] of requests) await call(method, `/entity/guid/${guid}/${path}`, body);
}

it('deliver() gives entities what is said beside their attributes, takes it back, and leaves what people put there', async () => {
  const { folder, atlas, name, having } = suite();
  const glossary = name('glossary');
  const term = (text: string): string => `${text}@${glossary}`;
  let sequence = 0;
  const say = (said?: Said): readonly EntityChange[] => {
    sequence += 1;
    return [annotatedShop(name('a'), said, { sequence })];
  };
  const rounds: readonly (readonly EntityChange[])[] = [
    say(),
    say({
      classifications: [pii('high'), secret],
      labels: ['gold', 'new'],
      businessAttributes: business({ costCentre: '4711', seats: 3, regions: ['AT', 'DE'] }),
      customAttributes: { sheet: 'shops', row: '7' },
      terms: [term('Sale'), term('Net')],
    }),
    // Somebody changes things in between, see below.
    say({
      classifications: [pii('low')],
      labels: ['gold'],
      businessAttributes: business({ costCentre: '4712', seats: 4 }),
      customAttributes: { sheet: 'shop' },
      terms: [term('Net')],
    }),
    say({ classifications: [], labels: [], businessAttributes: {}, customAttributes: {}, terms: [] }),
    [annotatedShop(name('b'), { classifications: [pii(null)], labels: ['x'], terms: [term('Sale')] })],
  ];
  const edits = new Map([
    [
      1,
      [
        ['PUT', 'labels', ['theirs']],
        ['POST', 'businessmetadata?isOverwrite=false', business({ seats: 5 })],
      ] as const,
    ],
    [2, [['POST', 'classifications', [{ typeName: `${prefix}Secret`, propagate: false }]]] as const],
  ]);
  const both = await deliverToBoth(
    {
      folder,
      atlas,
      having,
      prepare: (call) => prepare(call, glossary),
      afterRound: async (call, round) => person(call, `shop://${name('a')}`, edits.get(round) ?? []),
    },
    rounds,
  );
  expect(both.letters).toEqual({ local: [], atlas: [] });
  expect(both.atlas).toBe(both.local);
  const [a] = both.atlas.split('\n').filter((line) => line.includes(`"shop://${name('a')}"`));
  expect(a).toContain('"labels":["theirs"]');
  expect(a).toContain('"seats":5');
  expect(a).toContain(`"typeName":"${prefix}Secret"`);
  expect(a).not.toContain(`"typeName":"${prefix}PII"`);
});
