import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AvroSchema, canonicalForm, crc64Avro, schemaFingerprint } from '../../schemas/fingerprint.ts';

/**
 * Schema, canonical form and signed fingerprint, as the Avro project publishes them for every implementation
 * (share/test/data/schema-tests.txt of apache/avro).
 */
const published: readonly (readonly [schema: AvroSchema, canonical: string, fingerprint: string])[] = [
  ['null', '"null"', '7195948357588979594'],
  [{ type: 'null' }, '"null"', '7195948357588979594'],
  ['boolean', '"boolean"', '-6970731678124411036'],
  ['int', '"int"', '8247732601305521295'],
  ['long', '"long"', '-3434872931120570953'],
  ['float', '"float"', '5583340709985441680'],
  ['double', '"double"', '-8181574048448539266'],
  ['bytes', '"bytes"', '5746618253357095269'],
  [{ type: 'string' }, '"string"', '-8142146995180207161'],
  [[], '[]', '-1241056759729112623'],
  [['int'], '["int"]', '-5232228896498058493'],
  [['int', { type: 'boolean' }], '["int","boolean"]', '5392556393470105090'],
  [
    { fields: [], type: 'record', name: 'foo', namespace: 'x.y' },
    '{"name":"x.y.foo","type":"record","fields":[]}',
    '5916914534497305771',
  ],
  [
    { fields: [], type: 'record', name: 'a.b.foo', namespace: 'x.y' },
    '{"name":"a.b.foo","type":"record","fields":[]}',
    '-4616218487480524110',
  ],
  [
    { fields: [], type: 'record', name: 'foo', doc: 'foo', aliases: ['foo', 'bar'] },
    '{"name":"foo","type":"record","fields":[]}',
    '-4824392279771201922',
  ],
  [
    {
      fields: [
        { type: 'boolean', aliases: [], name: 'f1', default: 'true' },
        { order: 'descending', name: 'f2', doc: 'Hello', type: 'int' },
      ],
      type: 'record',
      name: 'foo',
    },
    '{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"},{"name":"f2","type":"int"}]}',
    '-4860222112080293046',
  ],
  [
    { namespace: 'x.y.z', type: 'enum', name: 'foo', doc: 'foo bar', symbols: ['A1', 'A2'] },
    '{"name":"x.y.z.foo","type":"enum","symbols":["A1","A2"]}',
    '-4448647247586288245',
  ],
  [
    { name: 'foo', type: 'fixed', size: 15 },
    '{"name":"foo","type":"fixed","size":15}',
    '1756455273707447556',
  ],
  [{ items: { type: 'null' }, type: 'array' }, '{"type":"array","items":"null"}', '-589620603366471059'],
  [{ values: 'string', type: 'map' }, '{"type":"map","values":"string"}', '-8732877298790414990'],
  [
    {
      name: 'PigValue',
      type: 'record',
      fields: [{ name: 'value', type: ['null', 'int', 'long', 'PigValue'] }],
    },
    '{"name":"PigValue","type":"record","fields":[{"name":"value","type":["null","int","long","PigValue"]}]}',
    '-1759257747318642341',
  ],
];

describe('canonicalForm()', () => {
  it.each(published)('writes %j as the Avro project does', (schema, canonical, fingerprint) => {
    expect(canonicalForm(schema)).toBe(canonical);
    expect(BigInt.asIntN(64, schemaFingerprint(schema))).toBe(BigInt(fingerprint));
  });

  it('gives nested names the namespace of what encloses them, when they have none', () => {
    const inner = { type: 'enum', name: 'Inner', symbols: ['A'] };
    const schema = {
      type: 'record',
      name: 'n.s.Outer',
      fields: [
        { name: 'a', type: inner },
        { name: 'b', type: { type: 'Inner' } },
        { name: 'c', type: { type: 'fixed', name: 'F', namespace: '', size: '016' } },
      ],
    };
    expect(canonicalForm(schema)).toBe(
      '{"name":"n.s.Outer","type":"record","fields":[' +
        '{"name":"a","type":{"name":"n.s.Inner","type":"enum","symbols":["A"]}},' +
        '{"name":"b","type":"n.s.Inner"},' +
        '{"name":"c","type":{"name":"F","type":"fixed","size":16}}]}',
    );
  });

  it('is a fixed point: the canonical form of a canonical form is itself', () => {
    for (const [schema, canonical] of published) {
      expect(canonicalForm(JSON.parse(canonicalForm(schema)))).toBe(canonical);
    }
  });
});

describe('crc64Avro()', () => {
  it('is the empty value when there are no bytes', () => {
    expect(crc64Avro(new Uint8Array())).toBe(0xc15d213aa4d7a795n);
  });

  it('finds every change of a single bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), (bytes, at) => {
        const bit = at % (bytes.length * 8);
        const changed = Uint8Array.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(crc64Avro(changed)).not.toBe(crc64Avro(bytes));
        expect(crc64Avro(bytes)).toBe(BigInt.asUintN(64, crc64Avro(bytes)));
      }),
    );
  });
});
