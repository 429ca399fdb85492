import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../../../pipeline/errors.ts';
import { readSystemTable } from '../../../producers/custom-db/system-table.ts';

const read = (value: unknown) => readSystemTable(JSON.stringify(value), 'sys.json');

describe('readSystemTable()', () => {
  it('reads containers, tables and columns; precision is the scale and length the total digits', () => {
    const { entries, warnings, rejected } = read({
      containers: { c: { description: 'C' } },
      tables: { t: { description: 'T', container: 'c', tableParts: ['t.1', 't.2'] } },
      columns: { t: [{ name: 'a', type: 'decimal', description: 'A', precision: 2, length: 10 }] },
    });
    expect({ warnings, rejected }).toEqual({ warnings: [], rejected: [] });
    expect(entries).toMatchObject([
      { kind: 'container', name: 'c', description: 'C', columns: null, warnings: [] },
      {
        kind: 'table',
        name: 't',
        container: 'c',
        parts: ['t.1', 't.2'],
        columns: [{ name: 'a', ordinal: 1, dataType: 'decimal', description: 'A', length: 10, scale: 2 }],
        warnings: [],
      },
    ]);
  });

  it('warns with JSON paths of what does not fit together, and keeps the rest', () => {
    const { entries, warnings } = read({
      containers: { c: {}, empty: {} },
      tables: { t: { container: 'c' }, 'odd one': { container: 'x' }, lost: {} },
      columns: {
        gone: [],
        t: [
          { name: 'a', type: 'int' },
          { name: 'a', type: 'text' },
        ],
      },
    });
    const all = [...entries.flatMap((entry) => entry.warnings), ...warnings];
    expect(all.map(({ code, location }) => `${code} ${location}`)).toEqual([
      'empty-container $.containers.empty',
      'duplicate-column $.columns.t[1]',
      'unlisted-container $.tables["odd one"].container',
      'unlisted-container $.tables.lost.container',
      'unlisted-table $.columns.gone',
    ]);
    expect(entries.map((entry) => entry.columns?.length ?? null)).toEqual([null, null, 1, null, null]);
  });

  it('keeps keys that it does not know and reports each kind once', () => {
    const column = { name: 'a', type: 'int', note: { deep: [1] } };
    const { entries, warnings, additional } = read({
      version: 3,
      containers: { c: { color: 'red' } },
      tables: { t: { container: 'c' } },
      columns: { t: [column, { ...column, name: 'b' }] },
    });
    expect(additional).toEqual([{ key: 'version', json: '3' }]);
    expect(entries[0]?.additional).toEqual([{ key: 'color', json: '"red"' }]);
    expect(entries[1]?.columns?.[1]?.additional).toEqual([{ key: 'note', json: '{"deep":[1]}' }]);
    expect(
      warnings.map(({ code, location, message }) => [code, location, message.endsWith('(2 times).')]),
    ).toEqual([
      ['unknown-key', '$.version', false],
      ['unknown-key', '$.containers.c.color', false],
      ['unknown-key', '$.columns.t[0].note', true],
    ]);
  });

  it('keeps no secret of what it does not know', () => {
    const canary = 'c4nary';
    const told = readSystemTable(
      JSON.stringify({
        connection: { password: canary, url: `db://u:${canary}@h/x`, list: [`Server=s;Pwd=${canary};`] },
        containers: { c: { token: canary } },
      }),
      'sys.json',
    );
    expect(JSON.stringify(told)).not.toContain(canary);
    expect(told.additional[0]?.json).toBe(
      '{"password":"***","url":"db://u:***@h/x","list":["Server=s;Pwd=***;"]}',
    );
  });

  it('takes __proto__ and constructor as any other name, and changes no prototype', () => {
    const text = `{"containers":{"__proto__":{"polluted":1}},"tables":{"constructor":{"container":"__proto__","__proto__":5}},
      "columns":{"constructor":[{"name":"__proto__","type":"int","constructor":{"prototype":{"polluted":1}}}]}}`;
    const { entries, rejected } = readSystemTable(text, 'sys.json');
    expect(rejected).toEqual([]);
    expect(entries).toMatchObject([
      { name: '__proto__', additional: [{ key: 'polluted', json: '1' }] },
      {
        name: 'constructor',
        container: '__proto__',
        columns: [{ name: '__proto__' }],
        additional: [{ key: '__proto__', json: '5' }],
      },
    ]);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('rejects an entry alone that is not as documented, naming file, path and value', () => {
    const { entries, rejected } = read({
      containers: { c: {} },
      tables: { a: { container: 5 }, b: { container: 'c' }, d: 'text', e: { container: 'c' } },
      columns: { b: [{ name: 'x', type: 'int', length: -1 }], e: { name: 'x' } },
    });
    expect(entries.map((entry) => entry.name)).toEqual(['c']);
    expect(rejected.map(({ objectId, error }) => `${objectId} ${error.code} ${error.message}`)).toEqual([
      expect.stringMatching(/^tables\/a SOURCE_INVALID sys\.json: \$\.tables\.a\.container is 5: /),
      expect.stringMatching(/^tables\/b SOURCE_INVALID sys\.json: \$\.columns\.b\[0\]\.length is -1: /),
      expect.stringMatching(
        /^tables\/d SOURCE_INVALID sys\.json: \$\.tables\.d is "text": must be an object/,
      ),
      expect.stringMatching(
        /^tables\/e SOURCE_INVALID sys\.json: \$\.columns\.e is \{"name":"x"\}: must be an array/,
      ),
    ]);
  });

  it.each([
    ['[]', 'sys.json: $ is []: must be an object.'],
    ['{"tables":[]}', 'sys.json: $.tables is []: must be an object.'],
    ['', 'sys.json:1:1 is not JSON: a value is missing, at the end of the file.'],
  ])('throws SOURCE_INVALID when the whole file is %s', (text, message) => {
    expect(() => readSystemTable(text, 'sys.json')).toThrow(message);
  });

  it('throws nothing but a StreamError when the text is random', () => {
    const result = fc.check(
      fc.property(fc.oneof(fc.json({ maxDepth: 6 }), fc.string({ unit: 'binary' })), (text) => {
        try {
          readSystemTable(`{"tables":${text},"columns":${text}}`, 'sys.json');
        } catch (thrown) {
          return thrown instanceof StreamError;
        }
        return true;
      }),
      { numRuns: 300 },
    );
    expect(result).toMatchObject({ failed: false, counterexample: null });
  });
});
