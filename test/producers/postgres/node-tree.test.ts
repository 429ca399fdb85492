import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../../../pipeline/errors.ts';
import { isNode, listField, numberField, parseNodeTree } from '../../../producers/postgres/node-tree.ts';
import { queryLineage } from '../../../producers/postgres/query-lineage.ts';
import { traceView, viewDependencies } from '../../../producers/postgres/view-lineage.ts';

const codeOf = (call: () => unknown): string => {
  try {
    call();
  } catch (thrown) {
    if (thrown instanceof StreamError) return thrown.code;
    throw thrown;
  }
  return 'nothing';
};

const variable = (varno: number, varattno: number, levels = 0): string =>
  `{VAR :varno ${varno} :varattno ${varattno} :varlevelsup ${levels}}`;
const target = (expr: string, resno: number): string =>
  `{TARGETENTRY :expr ${expr} :resno ${resno} :resname x :resjunk false}`;
const query = (rtable: string, targets: string, rest = ''): string =>
  `{QUERY :cteList <> :rtable (${rtable}) :targetList (${targets}) :setOperations <> ${rest}}`;
const table = (relid: number): string => `{RANGETBLENTRY :rtekind 0 :relid ${relid}}`;

describe('parseNodeTree()', () => {
  it('reads nodes, lists, words, nothing and constants with their bytes', () => {
    const tree = parseNodeTree(
      '({CONST :consttype 23 :constvalue 4 [ 1 0 0 -1 ] :next <> :list (i 1 2) :names ("a b\\ c" "d")} word)',
    );
    expect(Array.isArray(tree)).toBe(true);
    const [node, word] = Array.isArray(tree) ? tree : [];
    if (!isNode(node, 'CONST')) throw new Error('no node');
    expect(word).toBe('word');
    expect(numberField(node, 'consttype')).toBe(23);
    expect(node.fields.get('constvalue')).toBe('4');
    expect(node.fields.get('next')).toBeNull();
    expect(listField(node, 'list')).toEqual(['i', '1', '2']);
  });

  it('keeps a name of a user that looks like a field, a bracket or a quote', () => {
    const tree = parseNodeTree('{ALIAS :aliasname :relid :colnames ("a\\ \\(b" "\\"q\\{" "") :relid 7}');
    if (!isNode(tree)) throw new Error('no node');
    expect(tree.fields.get('aliasname')).toBe(':relid');
    expect(listField(tree, 'colnames')).toEqual(['a (b', '"q{', '']);
    expect(numberField(tree, 'relid')).toBe(7);
  });

  it('throws SOURCE_INVALID for text that is cut off, has too much, or is no tree', () => {
    const whole = `(${query(table(1), target(variable(1, 1), 1))})`;
    for (let end = 0; end < whole.length; end += 1) {
      expect(codeOf(() => parseNodeTree(whole.slice(0, end)))).toBe('SOURCE_INVALID');
    }
    for (const text of [`${whole})`, '{A b}', '{A :b', '}', ')', '{', '', ' ', '{A :b }', '\\'])
      expect([text, codeOf(() => parseNodeTree(text))]).toEqual([
        text,
        text === '\\' ? 'nothing' : 'SOURCE_INVALID',
      ]);
  });

  it('throws SOURCE_LIMIT for a tree that nests without end', () => {
    expect(codeOf(() => parseNodeTree('('.repeat(100_000)))).toBe('SOURCE_LIMIT');
    expect(codeOf(() => parseNodeTree('{A :b '.repeat(100_000)))).toBe('SOURCE_LIMIT');
  });

  it('throws nothing but a StreamError whatever the text is', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '(',
      ')',
      ':a',
      ' ',
      '<>',
      '\\',
      '"',
      'QUERY',
      'VAR',
      ':varno',
      '1',
      '-',
      '\n',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          expect(['nothing', 'SOURCE_INVALID', 'SOURCE_LIMIT']).toContain(codeOf(() => parseNodeTree(text)));
        },
      ),
    );
  });
});

describe('queryLineage()', () => {
  const trace = (text: string) => queryLineage(parseNodeTree(text));

  it('follows a column of a table', () => {
    expect(trace(`(${query(table(42), target(variable(1, 3), 1))})`)).toEqual([
      { position: 1, origins: [{ relation: 42, column: 3, computed: false }] },
    ]);
  });

  it('throws SOURCE_INVALID for what is no query, or refers to what is not there', () => {
    const bad = [
      '<>',
      '()',
      '({RULE :a b})',
      query('', target(variable(1, 1), 1)),
      query(table(1), target(variable(1, 1, 3), 1)),
      query('{RANGETBLENTRY :rtekind x}', target(variable(1, 1), 1)),
      query('{RANGETBLENTRY :rtekind 1 :subquery <>}', target(variable(1, 1), 1)),
      query('{RANGETBLENTRY :rtekind 6 :ctename c :ctelevelsup 0}', target(variable(1, 1), 1)),
      query('{RANGETBLENTRY :rtekind 6 :ctename c :ctelevelsup 9}', target(variable(1, 1), 1)),
      query(table(1), '{TARGETENTRY :expr <> :resno <> :resjunk false}'),
    ];
    for (const text of bad) expect([text, codeOf(() => trace(text))]).toEqual([text, 'SOURCE_INVALID']);
  });

  it('is linear in chains of common tables that use the one before twice', () => {
    const tables = Array.from({ length: 60 }, (_, index) => {
      const from =
        index === 0 ? table(1) : `{RANGETBLENTRY :rtekind 6 :ctename c${index - 1} :ctelevelsup 1}`;
      const sum = `{OPEXPR :args (${variable(1, 1)} ${variable(1, 1)})}`;
      return `{COMMONTABLEEXPR :ctename c${index} :ctequery ${query(from, target(sum, 1))}}`;
    });
    const text = `{QUERY :cteList (${tables.join(' ')}) :rtable ({RANGETBLENTRY :rtekind 6 :ctename c59 :ctelevelsup 0}) :targetList (${target(variable(1, 1), 1)})}`;
    expect(trace(text)).toEqual([{ position: 1, origins: [{ relation: 1, column: 1, computed: true }] }]);
  });

  it('ends with SOURCE_LIMIT or an answer when every common table refers to every other', () => {
    const names = Array.from({ length: 14 }, (_, index) => `c${index}`);
    const entries = names
      .map((name) => `{RANGETBLENTRY :rtekind 6 :ctename ${name} :ctelevelsup 1}`)
      .join(' ');
    const sum = `{OPEXPR :args (${names.map((_, index) => variable(index + 1, 1)).join(' ')})}`;
    const tables = names.map(
      (name) => `{COMMONTABLEEXPR :ctename ${name} :ctequery ${query(entries, target(sum, 1))}}`,
    );
    const text = `{QUERY :cteList (${tables.join(' ')}) :rtable ({RANGETBLENTRY :rtekind 6 :ctename c0 :ctelevelsup 0}) :targetList (${target(variable(1, 1), 1)})}`;
    expect(['SOURCE_LIMIT', 'nothing']).toContain(codeOf(() => trace(text)));
  });
});

describe('viewDependencies()', () => {
  it('falls back to the columns that PostgreSQL records as read, with a warning, when the tree cannot be read', () => {
    for (const tree of ['({QUERY :of a later version', '({LATER :tree 1})', '('.repeat(5_000)]) {
      const view = { relation: 9, definition: 'SELECT x FROM t', tree };
      const traced = traceView(view);
      const name = { relation: 1, schema: 's', name: 't', kind: 'r', columns: { 1: 'x', 2: 'y' } } as const;
      const { dependencies, warnings } = viewDependencies(
        {
          view,
          columns: [],
          reads: [
            { view: 9, relation: 1, column: 1 },
            { view: 9, relation: 2, column: 0 },
          ],
          names: new Map([[1, name]]),
          pathOf: ({ name: table }) => [{ level: 'table', name: table }],
          location: 'd/s/v',
        },
        traced,
      );
      expect(dependencies).toEqual([
        {
          source: [{ level: 'table', name: 't' }],
          sourceColumn: 'x',
          targetColumn: null,
          transformed: false,
        },
      ]);
      expect(warnings).toMatchObject([{ code: 'view-query-not-read', location: 'd/s/v' }]);
    }
  });
});
