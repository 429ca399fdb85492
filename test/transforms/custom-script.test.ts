import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import { customScript } from '../../transforms/custom-script.ts';
import { checkAliases } from '../../transforms/scripts/check-aliases.ts';

const failure = (text: string): StreamError => {
  try {
    checkAliases(customScript.parse(text, 'a.custom'));
  } catch (thrown) {
    if (thrown instanceof StreamError) return thrown;
    throw thrown;
  }
  throw new Error('It did not fail.');
};

describe('`customScript.parse()`', () => {
  it('reads every function', () => {
    const text = [
      'r=(READ,t,a,b)',
      'l=(ALIAS,r)',
      'p=(PROJECT,l,a)',
      'g=(GROUPED_SUM,l,a,b)',
      '@@OUTPUT=(WRITE,u,g)',
    ].join('\n');
    expect(customScript.parse(text, 'a.custom').map(({ at: _at, ...statement }) => statement)).toEqual([
      { kind: 'read', variable: 'r', table: 't', columns: ['a', 'b'] },
      { kind: 'alias', variable: 'l', name: 'r' },
      { kind: 'project', variable: 'p', source: 'l', columns: ['a'] },
      { kind: 'project', variable: 'g', source: 'l', columns: ['a', 'b'] },
      { kind: 'write', table: 'u', source: 'g' },
    ]);
  });

  it('takes any line ending, blank lines, spaces, a byte order mark and a missing last newline', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const text = `\uFEFFa = ( READ , t , x )${end}${end}  ${end}@@OUTPUT=(WRITE,u,a)`;
      const statements = customScript.parse(text, 'a.custom');
      expect(statements.map(({ kind, at }) => [kind, at.line])).toEqual([
        ['read', 1],
        ['write', 4],
      ]);
    }
  });

  it.each([
    ['x', 'an assignment variable=(FUNCTION,argument,…) is missing'],
    ['=(READ,t,a)', 'an assignment variable=(FUNCTION,argument,…) is missing'],
    ['x=READ,t,a)', 'a parenthesis is missing'],
    ['x=(READ,t,a', 'a parenthesis is missing'],
    ['x=(', 'a parenthesis is missing'],
    ['x=((READ,t,a))', 'there is a parenthesis too many'],
    ['x=(READ,t,,a)', 'an argument is empty'],
    ['x=(READ,t)', 'READ takes a table and at least one column, but has 1'],
    ['x=(ALIAS,t,u)', 'ALIAS takes one variable or table, but has 2'],
    ['x=(PROJECT,t)', 'PROJECT takes a source and at least one column, but has 1'],
    [
      'x=(GROUPED_SUM,t,a)',
      'GROUPED_SUM takes a source, a summed column and at least one group column, but has 2',
    ],
    ['@@OUTPUT=(WRITE,t)', 'WRITE takes a table and a source, but has 1'],
    ['x=(SORT,t,a)', 'the function "SORT" is unknown'],
    ['x=()', 'the function "" is unknown'],
    ['x=(WRITE,t,u)', 'WRITE, and only WRITE, is assigned to @@OUTPUT'],
    ['@@OUTPUT=(READ,t,a)', 'WRITE, and only WRITE, is assigned to @@OUTPUT'],
  ])('names file, line and text when the line is %s', (line, why) => {
    const error = failure(`ok=(READ,t,a)\n\n${line}\n`);
    expect(error.code).toBe('SCRIPT_INVALID');
    expect(error.message).toBe(`a.custom:3: ${why}: ${line}`);
  });

  it('throws nothing but a StreamError when the text is random', () => {
    const token = fc.constantFrom(
      'a',
      '=',
      '(',
      ')',
      ',',
      'READ',
      'ALIAS',
      'WRITE',
      '@@OUTPUT',
      '\n',
      '\r',
      ' ',
      '\0',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(token).map((parts) => parts.join('')),
    );
    const result = fc.check(
      fc.property(text, (script) => {
        try {
          checkAliases(customScript.parse(script, 'a.custom'));
        } catch (thrown) {
          return thrown instanceof StreamError;
        }
        return true;
      }),
      { numRuns: 500 },
    );
    expect(result).toMatchObject({ failed: false, counterexample: null });
  });

  it('is linear: a line of four million characters and 100,000 aliases take no more than a moment', () => {
    expect(failure(`x=(READ,${'('.repeat(4_000_000)}`).message.length).toBeLessThan(300);
    const chain = Array.from({ length: 99_999 }, (_, index) => `v${index}=(ALIAS,v${index + 1})`).join('\n');
    checkAliases(customScript.parse(chain, 'a.custom'));
    expect(failure(`${chain}\nv99999=(ALIAS,v0)`).message).toContain('go round in a circle');
    expect(failure('\n'.repeat(100_001)).code).toBe('SOURCE_LIMIT');
  });
});

describe('checkAliases()', () => {
  it('refuses variables that are only aliases of each other', () => {
    expect(failure('a=(ALIAS,b)\nb=(ALIAS,c)\nc=(ALIAS,a)').message).toBe(
      'a.custom:3: the aliases a, b, c go round in a circle: c=(ALIAS,a)',
    );
  });

  it('takes an alias of the table that has the same name, and a variable that is assigned again', () => {
    for (const text of [
      'a=(ALIAS,a)',
      'a=(READ,t,x)\nb=(ALIAS,a)\na=(ALIAS,b)',
      'b=(ALIAS,a)\na=(PROJECT,b,x)\nc=(ALIAS,a)',
    ]) {
      expect(() => checkAliases(customScript.parse(text, 'a.custom'))).not.toThrow();
    }
  });
});
