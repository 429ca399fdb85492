import { expect, it } from 'vitest';
import type { EntityChange } from '../../schemas/types.ts';
import { deliverToBoth } from '../support/atlas/both.ts';
import { atlasSuite } from '../support/atlas/suite.ts';
import { shop } from '../support/changes.ts';

const suite = atlasSuite();

/** Types that somebody made in the catalogue; the sources declare nothing of them. */
const types = {
  structDefs: [
    {
      name: 'shop_size',
      attributeDefs: [
        { name: 'unit', typeName: 'string', isOptional: false, cardinality: 'SINGLE', isIndexable: false },
        { name: 'floors', typeName: 'int', isOptional: true, cardinality: 'SINGLE', isIndexable: false },
        { name: 'note', typeName: 'string', isOptional: true, cardinality: 'SINGLE', isIndexable: false },
      ],
    },
  ],
  entityDefs: [
    {
      name: 'shop_measured',
      superTypes: ['DataSet'],
      attributeDefs: [
        { name: 'size', typeName: 'shop_size', isOptional: true, cardinality: 'SINGLE', isIndexable: false },
        {
          name: 'hours',
          typeName: 'map<string,string>',
          isOptional: true,
          cardinality: 'SINGLE',
          isIndexable: false,
        },
      ],
    },
  ],
};

it('deliver() takes members out of structs, and replaces maps whole, where Atlas lays structs over each other', async () => {
  const { folder, atlas, name, having } = suite();
  let sequence = 0;
  const measured = (size: object | null, hours: object | null): EntityChange => {
    const json = (value: object | null) => (value === null ? null : { json: JSON.stringify(value) });
    const ref = { typeName: 'shop_measured', qualifiedName: name('m') };
    const attributes = { name: 'm', size: json(size), hours: json(hours) };
    sequence += 1;
    return {
      ...shop('m', {}, { sequence, complete: [] }),
      ...ref,
      entities: [{ ...ref, attributes, references: [] }],
    };
  };
  const rounds = [
    [measured({ unit: 'm', floors: 3, note: 'with a cellar' }, { mon: '9-17', tue: '9-12' })],
    [measured({ unit: 'ft', floors: 4 }, { tue: '9-13' })],
    [measured({ unit: 'ft', note: 'again' }, null)],
  ];
  const seen: string[] = [];
  for (const round of [2, 3]) {
    const part = `${having}${round}-`;
    const renamed = JSON.parse(
      JSON.stringify(rounds.slice(0, round)).replaceAll(having, part),
    ) as typeof rounds;
    const both = await deliverToBoth(
      {
        folder,
        atlas,
        having: part,
        prepare: async (call) => void (await call('POST', '/types/typedefs', types)),
      },
      renamed,
    );
    expect(both.letters).toEqual({ local: [], atlas: [] });
    expect(both.atlas).toBe(both.local);
    seen.push(both.atlas);
  }
  expect(seen[0]).not.toContain('cellar');
  expect(seen[0]).toContain('"floors":4');
  expect(seen[1]).not.toContain('"floors":4');
  expect(seen[1]).not.toContain('9-13');
});
