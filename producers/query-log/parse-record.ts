import { StreamError } from '../../pipeline/errors.ts';
import { type JsonValue, parseJson } from '../../platform/json.ts';

/** A row by its field names, in lower case: databases write the names of columns as they like. */
export type Row = ReadonlyMap<string, JsonValue>;

/** Parses a line of JSON. Throws SOURCE_INVALID with the place when it is no object. */
export function parseJsonRow(text: string, place: string): Row {
  return jsonRow(parseJson(text, { file: place }), place);
}

/** Takes a JSON value for a row. Throws SOURCE_INVALID when it is no object. */
export function jsonRow(value: JsonValue, place: string): Row {
  if (value instanceof Map)
    return new Map([...value].map(([key, item]: [string, JsonValue]) => [key.toLowerCase(), item]));
  throw new StreamError('SOURCE_INVALID', `${place} is not a JSON object.`);
}

/** Parses one record of CSV (RFC 4180) into its fields. Throws SOURCE_INVALID when a quotation has no end or text follows it. */
export function parseCsvRecord(text: string, delimiter: string, place: string): readonly string[] {
  const line = text.endsWith('\r') ? text.slice(0, -1) : text;
  const fields: string[] = [];
  for (let at = 0; at <= line.length; ) {
    if (line[at] !== '"') {
      const end = line.indexOf(delimiter, at);
      fields.push(end < 0 ? line.slice(at) : line.slice(at, end));
      if (end < 0) break;
      at = end + 1;
      continue;
    }
    const parts: string[] = [];
    let from = at + 1;
    for (;;) {
      const end = line.indexOf('"', from);
      if (end < 0)
        throw new StreamError(
          'SOURCE_INVALID',
          `${place}, field ${fields.length + 1}: a quotation has no end.`,
        );
      parts.push(line.slice(from, end));
      from = end + 2;
      if (line[end + 1] === '"') continue;
      at = end + 1;
      break;
    }
    fields.push(parts.join('"'));
    if (at >= line.length) break;
    if (line[at] !== delimiter)
      throw new StreamError(
        'SOURCE_INVALID',
        `${place}, field ${fields.length}: there is text behind a quotation.`,
      );
    at += 1;
  }
  return fields;
}

/** Fields of a CSV record by the names of the header. An empty field counts as absent. Throws SOURCE_INVALID when there are more fields than names. */
export function csvRow(header: readonly string[], fields: readonly string[], place: string): Row {
  if (fields.length > header.length) {
    throw new StreamError(
      'SOURCE_INVALID',
      `${place} has ${fields.length} fields, but there are ${header.length} columns.`,
    );
  }
  return new Map(
    fields.flatMap((field, index) =>
      field === '' ? [] : [[(header[index] ?? '').toLowerCase(), field] as const],
    ),
  );
}
