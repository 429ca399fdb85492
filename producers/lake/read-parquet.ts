import type { SchemaElement, SchemaTree } from 'hyparquet';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { type Field, maxDepth, structOf } from './fields.ts';

/** Bytes that the foot of a file may have. */
const maxFootBytes = 32_000_000;
/** Bytes that are read at once: the foot of most files is within. */
const firstBytes = 65_536;

/** The fields of a Parquet file, from its foot alone. Throws SOURCE_INVALID when it is none, SOURCE_LIMIT when its foot is larger than the cap. */
export async function readParquet(
  size: number,
  read: (start: number, end: number) => Promise<Uint8Array>,
): Promise<readonly Field[]> {
  const { parquetMetadata, parquetSchema } = await import('hyparquet');
  let tail = await read(Math.max(0, size - firstBytes), size);
  const end = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength).subarray(-8);
  if (end.length < 8 || end.toString('latin1', 4) !== 'PAR1')
    throw new StreamError('SOURCE_INVALID', 'it does not end as a Parquet file does');
  const foot = end.readUInt32LE(0) + 8;
  if (foot > size)
    throw new StreamError('SOURCE_INVALID', `its foot would have ${foot} bytes, more than the file`);
  if (foot > maxFootBytes)
    throw new StreamError('SOURCE_LIMIT', `its foot has ${foot} bytes, more than ${maxFootBytes}`);
  if (foot > tail.byteLength) tail = await read(size - foot, size);
  try {
    return fieldsOf(parquetSchema(parquetMetadata(new Uint8Array(tail).buffer)), 1);
  } catch (thrown) {
    throw new StreamError('SOURCE_INVALID', `its foot cannot be read: ${messageOf(thrown).slice(0, 200)}`, {
      cause: thrown,
    });
  }
}

function fieldsOf({ children }: SchemaTree, depth: number): readonly Field[] {
  return children.map((child) => fieldOf(child, depth));
}

function fieldOf(node: SchemaTree, depth: number): Field {
  const { element } = node;
  const nullable = element.repetition_type === 'OPTIONAL';
  const of = depth >= maxDepth ? { type: 'struct', fields: [] } : contentOf(node, depth);
  const isRepeated = element.repetition_type === 'REPEATED';
  return {
    name: element.name,
    nullable,
    ...of,
    type: isRepeated ? `array<${of.type}>` : of.type,
    length: element.precision ?? null,
    scale: element.scale ?? null,
  };
}

function contentOf(node: SchemaTree, depth: number): Pick<Field, 'type' | 'fields'> {
  const { element, children } = node;
  if (children.length === 0) return { type: scalarOf(element), fields: [] };
  const kind = element.converted_type ?? element.logical_type?.type;
  const [group] = children;
  if (kind === 'LIST' && group !== undefined) {
    // LogicalTypes.md of Parquet: a repeated group with one element, or, by older writers, the repeated element itself.
    const inner = group.children.length === 1 ? group.children[0] : undefined;
    const of = inner === undefined ? contentOf(group, depth + 1) : fieldOf(inner, depth + 1);
    return { type: `array<${of.type}>`, fields: of.fields };
  }
  if ((kind === 'MAP' || kind === 'MAP_KEY_VALUE') && group !== undefined) return mapOf(group, depth);
  const fields = fieldsOf(node, depth + 1);
  return { type: structOf(fields), fields };
}

function mapOf({ children: [key, value] }: SchemaTree, depth: number): Pick<Field, 'type' | 'fields'> {
  const of = value === undefined ? undefined : fieldOf(value, depth + 1);
  const keyType = key === undefined ? 'string' : fieldOf(key, depth + 1).type;
  return { type: `map<${keyType}, ${of?.type ?? 'null'}>`, fields: of?.fields ?? [] };
}

const physical: Readonly<Record<string, string>> = {
  BOOLEAN: 'boolean',
  INT32: 'int',
  INT64: 'bigint',
  INT96: 'timestamp',
  FLOAT: 'float',
  DOUBLE: 'double',
  BYTE_ARRAY: 'binary',
};
const converted: Readonly<Record<string, string>> = {
  UTF8: 'string',
  STRING: 'string',
  ENUM: 'string',
  JSON: 'string',
  BSON: 'binary',
  DATE: 'date',
  TIME_MILLIS: 'time',
  TIME_MICROS: 'time',
  TIME: 'time',
  TIMESTAMP_MILLIS: 'timestamp',
  TIMESTAMP_MICROS: 'timestamp',
  TIMESTAMP: 'timestamp',
  INT_8: 'tinyint',
  INT_16: 'smallint',
  INT_32: 'int',
  INT_64: 'bigint',
  UINT_8: 'smallint',
  UINT_16: 'int',
  UINT_32: 'bigint',
  UINT_64: 'decimal(20,0)',
  UUID: 'uuid',
  INTERVAL: 'interval',
};

function scalarOf({
  type,
  converted_type,
  logical_type,
  precision,
  scale,
  type_length,
}: SchemaElement): string {
  const kind = converted_type ?? logical_type?.type ?? '';
  if (kind === 'DECIMAL') return `decimal(${precision ?? 0},${scale ?? 0})`;
  const known = Object.hasOwn(converted, kind) ? converted[kind] : undefined;
  if (known !== undefined) return known;
  if (type === 'FIXED_LEN_BYTE_ARRAY') return `fixed(${type_length ?? 0})`;
  return type !== undefined && Object.hasOwn(physical, type) ? (physical[type] ?? type) : (type ?? 'null');
}
