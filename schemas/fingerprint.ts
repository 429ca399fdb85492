import { StreamError } from '../pipeline/errors.ts';

/** An Avro schema as JSON. */
export type AvroSchema = string | readonly AvroSchema[] | { readonly [attribute: string]: unknown };

const primitives = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']);
const complex = new Set(['record', 'error', 'enum', 'array', 'map', 'fixed']);
const kept = ['name', 'type', 'fields', 'symbols', 'items', 'values', 'size'] as const;

/**
 * Writes an Avro schema in Parsing Canonical Form: full names, only the attributes that matter to a reader, in fixed
 * order, without white space (Avro specification 1.11, "Parsing Canonical Form for Schemas").
 */
export function canonicalForm(schema: AvroSchema, namespace = ''): string {
  if (typeof schema === 'string') return JSON.stringify(fullName(schema, namespace));
  if (Array.isArray(schema)) return `[${schema.map((branch) => canonicalForm(branch, namespace)).join(',')}]`;
  const node = schema as Readonly<Record<string, unknown>>;
  const type = node['type'];
  // {"type": X}, where X is not the name of a complex type, is X with attributes that do not matter to a reader.
  if (typeof type !== 'string' || !complex.has(type)) return canonicalForm(type as AvroSchema, namespace);
  const own = typeof node['namespace'] === 'string' ? node['namespace'] : namespace;
  const name = typeof node['name'] === 'string' ? fullName(node['name'], own) : undefined;
  const scope = name?.includes('.') === true ? name.slice(0, name.lastIndexOf('.')) : own;
  const parts = kept
    .filter((attribute) => node[attribute] !== undefined)
    .map((attribute) => `"${attribute}":${canonicalAttribute(attribute, node[attribute], { name, scope })}`);
  return `{${parts.join(',')}}`;
}

function canonicalAttribute(
  attribute: string,
  value: unknown,
  at: { readonly name: string | undefined; readonly scope: string },
): string {
  if (attribute === 'name') return JSON.stringify(at.name);
  if (attribute === 'fields')
    return `[${(value as Readonly<Record<string, unknown>>[]).map((f) => canonicalField(f, at.scope)).join(',')}]`;
  if (attribute === 'items' || attribute === 'values') return canonicalForm(value as AvroSchema, at.scope);
  if (attribute === 'size') return String(Number(value));
  return JSON.stringify(value);
}

function canonicalField(field: Readonly<Record<string, unknown>>, scope: string): string {
  return `{"name":${JSON.stringify(field['name'])},"type":${canonicalForm(field['type'] as AvroSchema, scope)}}`;
}

function fullName(name: string, namespace: string): string {
  return primitives.has(name) || name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

const empty = 0xc15d213aa4d7a795n;
const table = Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) value = (value >> 1n) ^ (empty & -(value & 1n) & 0xffffffffffffffffn);
  return value;
});

/** The CRC-64-AVRO fingerprint of bytes (Avro specification 1.11, "Schema Fingerprints"). */
export function crc64Avro(bytes: Uint8Array): bigint {
  let value = empty;
  for (const byte of bytes) {
    const entry = table[Number((value ^ BigInt(byte)) & 0xffn)];
    if (entry === undefined) throw new StreamError('EVENT_INVALID', 'CRC table index out of range.');
    value = (value >> 8n) ^ entry;
  }
  return value;
}

/** The fingerprint of a schema: CRC-64-AVRO over the UTF-8 bytes of its canonical form. */
export function schemaFingerprint(schema: AvroSchema): bigint {
  return crc64Avro(new TextEncoder().encode(canonicalForm(schema)));
}
