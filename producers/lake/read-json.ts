import { StreamError } from '../../pipeline/errors.ts';
import { type JsonValue, parseJson } from '../../platform/json.ts';
import { type Field, maxDepth, structOf } from './fields.ts';

/** Documents that the types are taken from. */
const sampleDocuments = 500;
/** Elements of one list that are looked at. */
const sampleElements = 100;
/** Different names that one level may have. */
const maxNames = 10_000;

/** What was seen at one place of the documents. Names are keys of Maps: none has a meaning of its own. */
interface Seen {
  readonly kinds: Set<'boolean' | 'bigint' | 'double' | 'string'>;
  count: number;
  nulls: number;
  members: Map<string, Seen> | undefined;
  objects: number;
  elements: Seen | undefined;
}

const nothing = (): Seen => ({
  kinds: new Set(),
  count: 0,
  nulls: 0,
  members: undefined,
  objects: 0,
  elements: undefined,
});

/**
 * The fields of JSON: one document a line, one list of documents, or one document. `whole` tells whether the text is the whole file; of a piece
 * only lines can be read. Throws SOURCE_INVALID with line and column, SOURCE_LIMIT for what is nested or large beyond measure.
 */
export function readJson(
  text: string,
  { whole, file }: { readonly whole: boolean; readonly file: string },
): readonly Field[] {
  const seen = nothing();
  for (const document of documentsOf(text.replace(/^\uFEFF/, ''), { whole, file })) visit(seen, document, 1);
  return fieldsOf(seen);
}

function* documentsOf(
  text: string,
  { whole, file }: { readonly whole: boolean; readonly file: string },
): Generator<JsonValue> {
  const lines = text.split('\n');
  // The last line of a piece may be half a line.
  if (!whole) lines.pop();
  const filled = lines
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== '');
  const [first] = filled;
  if (first === undefined) {
    if (whole) return;
    throw new StreamError('SOURCE_LIMIT', 'its first line is longer than what is read of it');
  }
  if (!isDocument(first.line, file)) {
    if (!whole)
      throw new StreamError('SOURCE_LIMIT', 'it is one document that is larger than what is read of it');
    const value = parseJson(text, { file });
    yield* Array.isArray(value) ? value.slice(0, sampleDocuments) : [value];
    return;
  }
  for (const { line, number } of filled.slice(0, sampleDocuments)) {
    const value = parseJson(line, { file: `${file}, line ${number}` });
    // One line may hold the whole list.
    if (filled.length === 1 && Array.isArray(value)) yield* value.slice(0, sampleDocuments);
    else yield value;
  }
}

/** Whether a line is a document by itself. */
function isDocument(line: string, file: string): boolean {
  try {
    parseJson(line, { file });
    return true;
  } catch (thrown) {
    if (thrown instanceof StreamError && thrown.code === 'SOURCE_INVALID') return false;
    throw thrown;
  }
}

function visit(seen: Seen, value: JsonValue, depth: number): void {
  seen.count += 1;
  if (value === null) seen.nulls += 1;
  else if (typeof value === 'boolean') seen.kinds.add('boolean');
  else if (typeof value === 'number') seen.kinds.add(Number.isInteger(value) ? 'bigint' : 'double');
  else if (typeof value === 'string') seen.kinds.add('string');
  else if (depth < maxDepth) visitParts(seen, value, depth);
}

function visitParts(seen: Seen, value: Extract<JsonValue, object>, depth: number): void {
  if (!(value instanceof Map)) {
    seen.elements ??= nothing();
    for (const element of [...value.values()].slice(0, sampleElements))
      visit(seen.elements, element, depth + 1);
    return;
  }
  seen.objects += 1;
  seen.members ??= new Map();
  for (const [name, member] of value) {
    let at = seen.members.get(name);
    if (at === undefined) {
      if (seen.members.size >= maxNames)
        throw new StreamError('SOURCE_LIMIT', `one object has more than ${maxNames} names`);
      at = nothing();
      seen.members.set(name, at);
    }
    visit(at, member, depth + 1);
  }
}

function fieldsOf(seen: Seen): readonly Field[] {
  return [...(seen.members ?? [])].map(([name, member]) => {
    const isMissing = member.nulls > 0 || member.count < seen.objects;
    return { name, ...typeOf(member), nullable: isMissing ? true : null };
  });
}

/** The type of a place; what is a value here and an object there is text. */
function typeOf(seen: Seen): Pick<Field, 'type' | 'fields'> {
  const parts =
    Number(seen.kinds.size > 0) + Number(seen.members !== undefined) + Number(seen.elements !== undefined);
  if (parts > 1) return { type: 'string', fields: [] };
  if (seen.members !== undefined) {
    const fields = fieldsOf(seen);
    return { type: structOf(fields), fields };
  }
  if (seen.elements !== undefined) {
    const { type, fields } = typeOf(seen.elements);
    return { type: `array<${type}>`, fields };
  }
  const [only] = seen.kinds;
  if (seen.kinds.size === 1 && only !== undefined) return { type: only, fields: [] };
  const areNumbers = seen.kinds.size === 2 && seen.kinds.has('bigint') && seen.kinds.has('double');
  return { type: areNumbers ? 'double' : 'string', fields: [] };
}
