import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNaming, foldCase, NamePattern } from '../../pipeline/naming.ts';
import type { EntityType } from '../../pipeline/types.ts';

const awkward = [
  '/',
  '#',
  '@',
  '.',
  '%',
  ':',
  ' ',
  '%2F',
  '%25',
  'a/b',
  'Größe',
  '表',
  'ж',
  '\u{1F600}',
  '..',
  '+',
];
/** Any non-empty, well-formed text, often with what patterns use as separators. */
const value = fc
  .array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 6 }), fc.constantFrom(...awkward)), {
    maxLength: 4,
  })
  .map((parts) => parts.join(''))
  .filter((text) => text !== '' && text.isWellFormed());
const patterns = [
  'customdb://{server}/{database}/{table}#{column}',
  'etl://{tool}/jobs/{job}/steps/{activity}',
  '{schema}.{table}@{server}',
  'mssql://{host}:{port}/{name+}',
  '{url+}',
  'p%q/{a}/{b}/end',
];
const named = fc.constantFrom(...patterns).chain((text) => {
  const pattern = new NamePattern(text);
  const values = fc.record(Object.fromEntries(pattern.parameters.map((name) => [name, value])));
  return fc.tuple(fc.constant(pattern), values, values);
});

function type(name: string, qualifiedName: string): EntityType {
  return { name, description: 'A type.', superTypes: [], attributes: {}, qualifiedName };
}

describe('NamePattern', () => {
  it('parse() gives back what build() was given, for any value', () => {
    fc.assert(
      fc.property(named, ([pattern, values]) => {
        expect({ ...pattern.parse(pattern.build(values)) }).toEqual({ ...values });
      }),
      { numRuns: 500 },
    );
  });

  it('build() makes different names of different values', () => {
    fc.assert(
      fc.property(named, ([pattern, a, b]) => {
        const same = pattern.parameters.every((name) => a[name] === b[name]);
        expect(pattern.build(a) === pattern.build(b)).toBe(same);
      }),
      { numRuns: 500 },
    );
  });

  it('build() escapes what the pattern uses itself, and nothing else', () => {
    const pattern = new NamePattern('db://{server}/{table}#{column}');
    expect(pattern.build({ server: 'a:b', table: 'x/y.z', column: '100% é#' })).toBe(
      'db://a%3Ab/x%2Fy.z#100%25 é%23',
    );
    expect(new NamePattern('{a}→{b}').build({ a: '→', b: 'x' })).toBe('%E2%86%92→x');
  });

  it('build() throws NAME_INVALID and names the parameter when it has no value', () => {
    const pattern = new NamePattern('{constructor}/{b}');
    for (const values of [{}, { b: 'x' }, { constructor: '', b: 'x' }] as const) {
      expect(() => pattern.build(values as Record<string, string>)).toThrow(
        expect.objectContaining({ code: 'NAME_INVALID' }),
      );
    }
  });

  it.each(['db://s', 'db://s/t/u', 'db:///t', 'db://s/', 'xdb://s/t', 'db://%/t', 'db://%FF/t', ''])(
    'parse() is undefined when "%s" does not have the form',
    (name) => {
      expect(new NamePattern('db://{server}/{table}').parse(name)).toBeUndefined();
    },
  );

  it('match() reads the names of other tools as they stand', () => {
    const pattern = new NamePattern('{schema}.{table}');
    expect({ ...pattern.match('sales.discount%20 100%') }).toEqual({
      schema: 'sales',
      table: 'discount%20 100%',
    });
    expect(pattern.match('a.b.c')).toBeUndefined();
    expect(pattern.match('a.')).toBeUndefined();
  });

  it.each([
    ['no parameter', 'has no parameter'],
    ['', 'has no parameter'],
    ['{a}{b}', 'needs a separator'],
    ['{a}x{b}', 'needs a separator'],
    ['{a}%{b}', 'needs a separator'],
    ['{a}/{a}', 'twice'],
    ['{a+}/{b}', 'only at its end'],
    ['{a+}/', 'only at its end'],
    ['{a}end', 'ends in letters'],
    ['{a}%', 'ends in letters'],
    ['{a}/{b', 'brace'],
    ['{1a}/{b}', 'brace'],
    ['{__proto__}/{b}', 'brace'],
  ])('throws NAME_PATTERN when the pattern is "%s"', (text, why) => {
    expect(() => new NamePattern(text)).toThrow(expect.objectContaining({ code: 'NAME_PATTERN' }));
    expect(() => new NamePattern(text)).toThrow(why);
  });
});

describe('createNaming()', () => {
  it('throws TYPE_CONFLICT when one type has two patterns, and takes the same one twice', () => {
    const a = type('t', '{a}');
    expect(createNaming([a, a]).types).toEqual([a]);
    expect(() => createNaming([a, type('t', 'x/{a}')])).toThrow(
      expect.objectContaining({ code: 'TYPE_CONFLICT' }),
    );
  });

  it('throws TYPE_UNKNOWN and lists what is declared when a type is not', () => {
    const naming = createNaming([type('b', '{x}'), type('a', '{y}/{z}')]);
    expect(naming.parametersOf('a')).toEqual(['y', 'z']);
    expect(naming.types.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(() => naming.build('c', {})).toThrow(expect.objectContaining({ code: 'TYPE_UNKNOWN' }));
    expect(() => naming.parse('c', '')).toThrow('Declared are: a, b.');
  });
});

describe('foldCase()', () => {
  it('follows the rule of the source, whatever the language of the machine', () => {
    expect(foldCase('Iİß', 'preserve')).toBe('Iİß');
    expect(foldCase('TITLE', 'lower')).toBe('title');
    expect(foldCase('straße', 'upper')).toBe('STRASSE');
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('preserve', 'lower', 'upper'),
        (name, rule) => {
          expect(foldCase(foldCase(name, rule), rule)).toBe(foldCase(name, rule));
        },
      ),
    );
  });
});
