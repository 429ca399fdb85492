import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec, decodeEvent, encodeEvent, publishedSchemas } from '../../schemas/codec.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { EntityChange, EventType } from '../../schemas/types.ts';
import { arbitraryEvents } from '../support/arbitrary-events.ts';

const types = Object.keys(arbitraryEvents) as EventType[];
const undecodable = expect.objectContaining({ name: 'StreamError', code: 'EVENT_UNDECODABLE' });
const schemaFolder = new URL('../../schemas/avro/', import.meta.url);
const goldenFolder = new URL('../fixtures/schemas/', import.meta.url);

/** The value without avsc's classes. A Buffer becomes the list of its bytes. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

/** The code of the error that a function throws: `none` when it throws nothing, the error itself when it is not ours. */
function codeOf(run: () => unknown): unknown {
  try {
    run();
    return 'none';
  } catch (thrown) {
    return thrown instanceof StreamError ? thrown.code : thrown;
  }
}

interface SchemaNode {
  readonly doc?: string;
  readonly name?: string;
  readonly fields?: readonly (SchemaNode & { readonly type: unknown })[];
}

function* recordsOf(schema: unknown): Iterable<SchemaNode> {
  if (Array.isArray(schema)) for (const branch of schema) yield* recordsOf(branch);
  if (schema === null || typeof schema !== 'object' || Array.isArray(schema)) return;
  const node = schema as SchemaNode & { readonly items?: unknown; readonly values?: unknown };
  if (node.name !== undefined) yield node;
  for (const field of node.fields ?? []) yield* recordsOf(field.type);
  yield* recordsOf(node.items);
  yield* recordsOf(node.values);
}

describe('encodeEvent() and decodeEvent()', () => {
  it.each(types)('give back any %s', (type) => {
    fc.assert(
      fc.property(arbitraryEvents[type] as fc.Arbitrary<never>, (value) => {
        const decoded = decodeEvent(encodeEvent(type, value));
        expect(decoded.type).toBe(type);
        expect(plain(decoded.value)).toStrictEqual(plain(value));
      }),
      { numRuns: 40 },
    );
  });

  it('encodeEvent() names the field and the value when a value does not fit', () => {
    const event = { producer: 'p', scanId: 's', position: { incarnation: 'i', sequence: 'x'.repeat(500) } };
    const encode = (): Buffer => encodeEvent('scan-started', event as never);
    expect(encode).toThrow(expect.objectContaining({ code: 'EVENT_INVALID' }));
    expect(encode).toThrow(/scan-started event does not fit its schema at position\.sequence = "x{80}…"\.$/);
  });

  it('encodeEvent() lists what an enum allows and names a field that is missing', () => {
    const [event] = fc.sample(arbitraryEvents.routine, { numRuns: 1, seed: 1 });
    const routine = { ...event, kind: 'procedure', system: undefined };
    const encode = (): Buffer => encodeEvent('routine', routine as never);
    expect(encode).toThrow(/kind = "procedure"; allowed: PROCEDURE, FUNCTION, SCRIPT/);
    expect(encode).toThrow(/at system, which is missing; kind/);
  });

  it('encodeEvent() throws only EVENT_INVALID when a number is no safe integer or a BigInt', () => {
    for (const sequence of [2 ** 53, 1.5, Number.NaN, 5n]) {
      const event = { producer: 'p', scanId: 's', position: { incarnation: 'i', sequence } };
      expect(() => encodeEvent('scan-started', event as never)).toThrow(
        expect.objectContaining({ code: 'EVENT_INVALID' }),
      );
    }
  });

  it('writes the marker and the fingerprint of the schema in front of the body', () => {
    const bytes = encodeEvent('removal', {
      producer: '',
      objectId: '',
      position: { incarnation: '', sequence: 0 },
      removedType: '',
    });
    const schema = publishedSchemas().find(({ type, isNewest }) => type === 'removal' && isNewest);
    expect(bytes.toString('hex')).toBe(`c301${schema?.fingerprint.toString('hex')}000000000000`);
  });
});

describe('decodeEvent() of bytes that are no event', () => {
  const events = fc
    .constantFrom(...types)
    .chain((type) => (arbitraryEvents[type] as fc.Arbitrary<never>).map((value) => encodeEvent(type, value)));

  it('throws EVENT_UNDECODABLE when the end is missing or bytes follow', () => {
    fc.assert(
      fc.property(events, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4 }), (bytes, at, more) => {
        expect(() => decodeEvent(bytes.subarray(0, at % bytes.length))).toThrow(undecodable);
        expect(() => decodeEvent(Buffer.concat([bytes, more]))).toThrow(undecodable);
      }),
      { numRuns: 60 },
    );
  });

  it('throws nothing but EVENT_UNDECODABLE when bytes are garbage, and soon', () => {
    const bodies = fc.tuple(
      fc.constantFrom(...publishedSchemas().map(({ fingerprint }) => fingerprint)),
      fc.uint8Array({ maxLength: 60 }),
    );
    fc.assert(
      fc.property(bodies, events, fc.nat(), fc.nat(255), ([fingerprint, body], event, at, byte) => {
        const broken = Buffer.from(event);
        broken[10 + (at % Math.max(1, event.length - 10))] = byte;
        const garbage = Buffer.concat([Buffer.from([0xc3, 0x01]), fingerprint, body]);
        for (const bytes of [broken, garbage, body]) {
          expect(codeOf(() => decodeEvent(bytes))).toMatch(/^(none|EVENT_UNDECODABLE)$/);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('throws at once when a list announces more than the bytes can hold', () => {
    const empty = encodeEvent('entity-change', {
      operation: 'UPSERT',
      typeName: '',
      qualifiedName: '',
      producer: '',
      objectId: '',
      position: { incarnation: '', sequence: 0 },
      entities: [],
      complete: [],
      placeholder: false,
    });
    // The list of entities begins four bytes before the end. 4,294,967,295 items, as one block and as a block with its size.
    for (const count of ['feffffff1f', 'fdffffff1f02']) {
      const bytes = Buffer.concat([empty.subarray(0, -4), Buffer.from(count, 'hex')]);
      expect(() => decodeEvent(bytes)).toThrow(undecodable);
      expect(() => decodeEvent(bytes)).toThrow(/4294967295 items are announced/);
    }
  });

  it('reads lists in several blocks, with and without sizes, as other writers make them', () => {
    const empty = encodeEvent('job-file', {
      producer: '',
      objectId: '',
      position: { incarnation: '', sequence: 0 },
      tool: '',
      name: '',
      jobId: '',
      file: '',
      nodes: [],
      warnings: [],
      additional: [],
    });
    // Two keys of `additional`: a block of one, then a block of one with its size of four bytes.
    const bytes = Buffer.concat([empty.subarray(0, -1), Buffer.from('020261023101080262023200', 'hex')]);
    expect(plain(decodeEvent(bytes).value)).toMatchObject({
      additional: [
        { key: 'a', json: '1' },
        { key: 'b', json: '2' },
      ],
    });
  });
});

describe('the schemas that ship', () => {
  const files = readdirSync(schemaFolder).filter((file) => file.endsWith('.avsc'));

  it('are one for each event at least, each with a fingerprint of its own', () => {
    expect([...new Set(publishedSchemas().map(({ type }) => type))].sort()).toEqual([...types].sort());
    expect(publishedSchemas()).toHaveLength(files.length);
  });

  it.each(files)('%s says of every record and field what it means', (file) => {
    const schema: unknown = JSON.parse(readFileSync(new URL(file, schemaFolder), 'utf8'));
    const silent = [...recordsOf(schema)].flatMap((record) =>
      [record, ...(record.fields ?? [])]
        .filter(({ doc }) => doc === undefined || !/^\S.{8,}[.:…]$/.test(doc))
        .map(({ name }) => `${record.name}/${name}`),
    );
    expect(silent).toEqual([]);
  });

  it.each(types)('%s has the fields of its TypeScript interface, and no others', (type) => {
    const [value] = fc.sample<object>(arbitraryEvents[type], 1);
    const version = Math.max(
      ...publishedSchemas()
        .filter((schema) => schema.type === type)
        .map((schema) => schema.version),
    );
    const schema: SchemaNode = JSON.parse(
      readFileSync(new URL(`${type}.v${version}.avsc`, schemaFolder), 'utf8'),
    );
    expect(schema.fields?.map(({ name }) => name).sort()).toEqual(Object.keys(value ?? {}).sort());
  });
});

describe('events of earlier versions', () => {
  it('every published version has golden bytes, and the newest reader reads them', () => {
    for (const { type, version, fingerprint } of publishedSchemas()) {
      const stem = `${type}.v${version}`;
      const bytes = Buffer.from(readFileSync(new URL(`${stem}.base64`, goldenFolder), 'utf8'), 'base64');
      expect(bytes.subarray(2, 10).equals(fingerprint)).toBe(true);
      const decoded = decodeEvent(bytes);
      const expected: unknown = JSON.parse(readFileSync(new URL(`${stem}.json`, goldenFolder), 'utf8'));
      expect(decoded.type).toBe(type);
      expect(plain(decoded.value)).toMatchObject(expected as object);
    }
  });

  it('an entity change of version 1 says nothing by annotations, and renames nothing', () => {
    const bytes = readFileSync(new URL('entity-change.v1.base64', goldenFolder), 'utf8');
    const { entities, renamed } = decodeEvent(Buffer.from(bytes, 'base64')).value as EntityChange;
    expect(entities.map(({ annotations }) => annotations)).toEqual([null, null, null]);
    expect(renamed).toEqual([]);
  });

  it('a newer reader fills added fields with their defaults and drops removed ones', () => {
    const folder = mkdtempSync(join(tmpdir(), 'schemas-'));
    const removal = JSON.parse(readFileSync(new URL('removal.v1.avsc', schemaFolder), 'utf8'));
    const url = pathToFileURL(`${folder}/`);
    writeFileSync(join(folder, 'removal.v1.avsc'), JSON.stringify(removal));
    const old = createCodec(url).encode('removal', {
      producer: 'p',
      objectId: 'o',
      position: { incarnation: 'i', sequence: 7 },
      removedType: 'job',
    });
    const fields = removal.fields.filter(({ name }: { name: string }) => name !== 'removedType');
    const added = { name: 'reason', type: ['null', 'string'], default: null };
    writeFileSync(
      join(folder, 'removal.v10.avsc'),
      JSON.stringify({ ...removal, fields: [...fields, added] }),
    );
    writeFileSync(
      join(folder, 'removal.v9.avsc'),
      JSON.stringify({ ...removal, fields: [...removal.fields, { name: 'x', type: 'int', default: 0 }] }),
    );
    const newer = createCodec(url);
    expect(plain(newer.decode(old).value)).toStrictEqual({
      producer: 'p',
      objectId: 'o',
      position: { incarnation: 'i', sequence: 7 },
      reason: null,
    });
    expect(newer.publishedSchemas.map(({ version }) => version).sort((a, b) => a - b)).toEqual([1, 9, 10]);
    expect(() => newer.decode(old.subarray(0, -1))).toThrow(undecodable);
    rmSync(folder, { recursive: true });
  });

  it('a reader that cannot take an older version says so as EVENT_UNDECODABLE', () => {
    const folder = mkdtempSync(join(tmpdir(), 'schemas-'));
    const removal = JSON.parse(readFileSync(new URL('removal.v1.avsc', schemaFolder), 'utf8'));
    const url = pathToFileURL(`${folder}/`);
    writeFileSync(join(folder, 'removal.v1.avsc'), JSON.stringify(removal));
    const old = createCodec(url).encode('removal', {
      producer: 'p',
      objectId: 'o',
      position: { incarnation: 'i', sequence: 7 },
      removedType: 'job',
    });
    const fields = [...removal.fields, { name: 'reason', type: 'string' }]; // no default: breaks the rule
    writeFileSync(join(folder, 'removal.v2.avsc'), JSON.stringify({ ...removal, fields }));
    expect(() => createCodec(url).decode(old)).toThrow(undecodable);
    rmSync(folder, { recursive: true });
  });
});
