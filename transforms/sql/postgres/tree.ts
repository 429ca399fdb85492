/** Walks over PostgreSQL's parse tree, which is JSON: `{"NodeName": {field: …}}`. Nothing is taken for granted of it. */

/** A node with its name. */
export interface Node {
  readonly kind: string;
  readonly fields: Fields;
}

/** The fields of a node. */
export type Fields = Readonly<Record<string, unknown>>;

const noFields: Fields = {};

/** The fields of an object; none of anything else. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : noFields;
}

/** The node that a value holds; undefined for anything else than `{"NodeName": {…}}`. */
export function nodeOf(value: unknown): Node | undefined {
  for (const [kind, fields] of Object.entries(fieldsOf(value)))
    return /^[A-Z]/.test(kind) ? { kind, fields: fieldsOf(fields) } : undefined;
  return undefined;
}

/** The items of a list field; also of one that holds a List node. */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const node = nodeOf(value);
  return node?.kind === 'List' ? listOf(node.fields['items']) : [];
}

/** The text of a string, or of a String node. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const node = nodeOf(value);
  const text = node?.kind === 'String' ? node.fields['sval'] : undefined;
  return typeof text === 'string' ? text : undefined;
}

/** The texts of a list, without what is none. */
export function textsOf(value: unknown): readonly string[] {
  return listOf(value).flatMap((item) => textOf(item) ?? []);
}

/** A number; 0 where the tree leaves it out, as it does for zeros. */
export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
