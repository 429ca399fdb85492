import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../../../pipeline/errors.ts';
import { columnsOf } from '../../../producers/lake/fields.ts';
import type { LakeFiles } from '../../../producers/lake/lake-files.ts';
import { formatOf, readSchema } from '../../../producers/lake/read-schema.ts';
import { failureOf } from '../../contracts/producer.ts';
import { root } from '../../support/cli.ts';

/** Columns of a file, as `name type` with `?` where it may be absent; counts the bytes that were read. */
async function read(
  name: string,
  content: Uint8Array,
): Promise<{ readonly columns: readonly string[] | undefined; readonly bytes: number }> {
  let bytes = 0;
  const files: LakeFiles = {
    container: 'c',
    list: () => {
      throw new Error('Nothing is listed.');
    },
    read: async (_file, start, end) => {
      const part = content.subarray(start, end);
      bytes += part.length;
      return part;
    },
  };
  const fields = await readSchema(files, { path: name, bytes: content.length, modifiedMs: 0, version: '1' });
  const columns =
    fields &&
    columnsOf(fields).map((one) => `${one.name} ${one.dataType}${one.nullable === true ? '?' : ''}`);
  return { columns, bytes };
}
const text = async (name: string, content: string) => (await read(name, Buffer.from(content))).columns;
const fixture = (name: string) => readFile(path.join(root, 'test/fixtures/lake', name));

describe('readSchema() of files that other writers made', () => {
  it('reads the sheets of a workbook, below a title, with types by its cells (openpyxl, LibreOffice)', async () => {
    const { columns } = await read('orders.xlsx', await fixture('orders.xlsx'));
    const orders = [
      'id bigint',
      'customer string?',
      'day date',
      'paid at timestamp',
      'amount double',
      'paid boolean',
      'share string',
    ];
    expect(columns?.filter((one) => one.startsWith('Orders 2024.'))).toEqual(
      orders.map((one) => `Orders 2024.${one}`),
    );
    expect(columns?.filter((one) => one.startsWith('Prices'))).toEqual([
      'Prices struct<sku: string, price: double>',
      'Prices.sku string',
      'Prices.price double',
    ]);
    const saved = await readFile(path.join(root, 'test/fixtures/lake/orders-libreoffice.xlsx'));
    expect((await read('orders.xlsx', saved)).columns).toEqual(columns);
  });

  it('tells what is no workbook, or one that would become too large', async () => {
    expect(await failureOf(read('a.xlsx', Buffer.from('PK\u0003\u0004 no zip')))).toMatchObject({
      code: 'SOURCE_INVALID',
    });
    expect(await failureOf(read('a.xlsx', Buffer.alloc(64_000_001)))).toMatchObject({ code: 'SOURCE_LIMIT' });
    expect(formatOf('a/b.XLSM')).toEqual({ name: 'xlsx', compression: null });
  });

  it('reads Parquet with nested types from its foot (pyarrow)', async () => {
    const { columns } = await read('nested.parquet', await fixture('nested.parquet'));
    expect(columns).toEqual([
      'id bigint',
      'name string?',
      'price decimal(12,2)?',
      'day date?',
      'at timestamp?',
      'tags array<string>?',
      'address struct<city: string, zip: int>?',
      'address.city string?',
      'address.zip int?',
      'lines array<struct<sku: string, qty: smallint>>?',
      'lines[].sku string?',
      'lines[].qty smallint?',
      'props map<string, double>?',
      'raw binary?',
    ]);
  });

  it('reads Avro from its head (fastavro)', async () => {
    const { columns } = await read('customers.avro', await fixture('customers.avro'));
    expect(columns).toEqual([
      'id long',
      'email string?',
      'since date',
      'limit decimal(9,2)',
      'tags map<string, string>',
      'home struct<city: string>?',
      'home.city string',
      'others array<shop.Address>',
      'friend shop.Customer?',
    ]);
  });

  it('reads separated values, with types and line breaks in quotes (csv of Python)', async () => {
    const { columns } = await read('orders.csv', await fixture('orders.csv'));
    expect(columns).toEqual([
      'order id bigint',
      'amount double',
      'day date',
      'at timestamp',
      'paid boolean',
      'zip string',
      'note string?',
      '__proto__ bigint',
    ]);
  });

  it('reads JSON lines in gzip, and one indented document (json and gzip of Python)', async () => {
    const expected = [
      'id bigint',
      'user struct<name: string, langs: array<string>>',
      'user.name string?',
      'user.langs array<string>?',
      'score double',
      '__proto__ struct<polluted: boolean>?',
      '__proto__.polluted boolean',
      'lines array<struct<sku: string, qty: bigint>>',
      'lines[].sku string',
      'lines[].qty bigint?',
      'constructor bigint?',
    ];
    expect((await read('events.jsonl.gz', await fixture('events.jsonl.gz'))).columns).toEqual(expected);
    expect((await read('config.json', await fixture('config.json'))).columns).toEqual(expected);
    expect({}).not.toHaveProperty('polluted');
  });

  it('reads no more of a large file than it needs', async () => {
    const parquet = await fixture('nested.parquet');
    const large = Buffer.concat([Buffer.alloc(50_000_000), parquet]);
    expect(await read('a.parquet', large)).toMatchObject({ bytes: 65_536 });
    const line = `1;2024-05-06;${'x'.repeat(80)}\n`;
    const csv = Buffer.from(`a;b;c\n${line.repeat(100_000)}`);
    expect(await read('a.csv', csv)).toEqual({ columns: ['a bigint', 'b date', 'c string'], bytes: 262_144 });
  });
});

describe('readSchema()', () => {
  it.each([
    ['a.csv', 'x\n1\n2\n', ['x bigint']],
    ['a.csv', '1,2\n3,4\n', ['Column1 bigint', 'Column2 bigint']],
    ['a.csv', 'a,a\n1,2\n', ['Column1 string', 'Column2 string']],
    ['a.csv', 'a,,c\n1,,x\n', ['a bigint', 'Column2 string?', 'c string']],
    ['a.csv', 'a,b\n1,2\n1.5,x\n,\n', ['a double', 'b string']],
    ['a.csv', 'd\n2024-05-06\n2024-05-06 10:00\n', ['d timestamp']],
    ['a.tsv', 'a\tb\n1\t2,5\n', ['a bigint', 'b string']],
    ['a.psv', 'a|b\n1|true\n', ['a bigint', 'b boolean']],
    ['a.csv', '\n\n', []],
    ['a.json', '{"a":1}\n{"a":"x","b":null}\n', ['a string', 'b string?']],
    ['a.json', '[{"a":[1,2.5]},{"a":[]}]', ['a array<double>']],
    [
      'a.json',
      '{\n "a": {"b": [[1]]}\n}\n',
      ['a struct<b: array<array<bigint>>>', 'a.b array<array<bigint>>'],
    ],
    ['a.ndjson', '', undefined],
    ['a.orc', 'ORC', undefined],
    ['README', 'x', undefined],
  ])('of %s with %j gives %j', async (name, content, expected) => {
    expect(await text(name, content)).toEqual(expected);
  });

  it('knows formats by their endings', () => {
    expect(
      ['a.snappy.parquet', 'a.csv.gz', 'x/{SparkPartitions}.c000.json', 'A.CSV', 'noending', '.hidden'].map(
        formatOf,
      ),
    ).toEqual([
      { name: 'parquet', compression: null },
      { name: 'csv', compression: 'gzip' },
      { name: 'json', compression: null },
      { name: 'csv', compression: null },
      { name: 'unknown', compression: null },
      { name: 'hidden', compression: null },
    ]);
  });

  it('refuses what is hostile or broken, in bounded time, and says where', { timeout: 60_000 }, async () => {
    const parquet = await fixture('nested.parquet');
    const broken = Buffer.from(parquet);
    broken.fill(0xff, broken.length - 600, broken.length - 8);
    const lying = Buffer.concat([
      Buffer.from('PAR1'),
      Buffer.alloc(100),
      Buffer.from([0xff, 0xff, 0xff, 0x7f]),
      Buffer.from('PAR1'),
    ]);
    const avro = await fixture('customers.avro');
    const cases: readonly (readonly [string, Uint8Array, string, RegExp])[] = [
      ['cut.parquet', parquet.subarray(0, 2_000), 'SOURCE_INVALID', /does not end as a Parquet file/],
      ['lying.parquet', lying, 'SOURCE_INVALID', /its foot would have 2147483655 bytes/],
      ['broken.parquet', broken, 'SOURCE_INVALID', /its foot cannot be read/],
      ['cut.avro', avro.subarray(0, 60), 'SOURCE_LIMIT', /head is longer/],
      ['not.avro', Buffer.from('Objx'), 'SOURCE_INVALID', /does not begin as an Avro file/],
      ['bad.json', Buffer.from('{"a":1}\n{"a":}\n'), 'SOURCE_INVALID', /bad\.json, line 2:1:6 is not JSON/],
      ['deep.json', Buffer.from('['.repeat(200_000)), 'SOURCE_LIMIT', /deeper than 64 levels/],
      ['twice.json', Buffer.from('{"a":1}\n{"a":1,"a":2}'), 'SOURCE_INVALID', /the key "a" stands twice/],
      [
        'wide.json',
        Buffer.from(
          JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`k${n}`, 1]))),
        ),
        'SOURCE_LIMIT',
        /more than 10000 names/,
      ],
      [
        'one.json',
        Buffer.from(`{"a":"${'x'.repeat(5_000_000)}"}`),
        'SOURCE_LIMIT',
        /longer than what is read/,
      ],
      ['line.csv', Buffer.from('x'.repeat(300_000)), 'SOURCE_LIMIT', /first line is longer/],
      ['bad.csv.gz', Buffer.from('no gzip at all'), 'SOURCE_INVALID', /cannot be read as csv/],
      ['bomb.csv.gz', gzipSync(Buffer.alloc(20_000_000, 0x78)), 'SOURCE_LIMIT', /first line is longer/],
      [
        'wide.csv',
        Buffer.from(`${Array.from({ length: 20_000 }, (_, n) => `c${n}`).join(',')}\n`),
        'SOURCE_LIMIT',
        /more than 10000 columns/,
      ],
      [
        'name.csv',
        Buffer.from(`${'n'.repeat(3_000)},b\n1,2\n`),
        'SOURCE_LIMIT',
        /column 1 has 3000 characters/,
      ],
    ];
    for (const [name, content, code, message] of cases)
      expect(await failureOf(read(name, content))).toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
  });

  it('never throws anything but a StreamError, whatever the bytes of a file are', async () => {
    let seed = 1;
    const noise = (length: number) =>
      Buffer.from(Array.from({ length }, () => (seed = (seed * 48_271) % 2_147_483_647) & 255));
    // An endless count of entries in the head, which a decoder that believes it never comes to the end of.
    const endless = Buffer.concat([
      Buffer.from('Obj\u0001'),
      Buffer.alloc(8, 0xfe),
      Buffer.from([1]),
      noise(200),
    ]);
    expect(await failureOf(read('endless.avro', endless))).toHaveProperty('code');
    for (const name of ['a.csv', 'a.json', 'a.csv.gz', 'a.avro', 'a.parquet']) {
      for (let round = 0; round < 20; round += 1) {
        const head = name.endsWith('avro') ? Buffer.from('Obj\u0001') : Buffer.alloc(0);
        const foot = name.endsWith('parquet')
          ? Buffer.from([0x80, 0, 0, 0, ...Buffer.from('PAR1')])
          : Buffer.alloc(0);
        const failure: unknown = await failureOf(read(name, Buffer.concat([head, noise(200), foot])));
        expect(failure === undefined || failure instanceof StreamError).toBe(true);
      }
    }
  });
});
