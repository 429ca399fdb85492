import { z } from 'zod';

/** One thing that is wrong, and where. */
export interface Problem {
  readonly field: readonly PropertyKey[];
  readonly message: string;
}

/**
 * What one issue of a schema means to the person who wrote the file: each problem with its field. Never a value. With the `schema` itself, a key that
 * is not known is told with the one that was probably meant, or with all that there are.
 */
export function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType | undefined): readonly Problem[] {
  const field = issue.path;
  if (issue.code === 'unrecognized_keys') {
    const known = schema === undefined ? [] : keysAt(schema, field);
    return issue.keys.map((key) => ({
      field: [...field, key],
      message: `this key is not known here${hint(key, known)}`,
    }));
  }
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ field, message }));
  return [{ field, message: readable(issue.message) }];
}

/** Kinds of values in the words of a person who has written a file, not of a program that has received a value. */
const kinds: ReadonlyMap<string, string> = new Map([
  ['string', 'a text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'a map'],
  ['record', 'a map'],
  ['null', 'empty'],
]);

function readable(message: string): string {
  const [, wanted = '', got = ''] = /^Invalid input: expected (\w+), received (\w+)$/.exec(message) ?? [];
  const expected = kinds.get(wanted);
  if (expected === undefined) return message;
  return got === 'undefined'
    ? `is missing: expected ${expected}`
    : `expected ${expected}, but this is ${kinds.get(got) ?? got}`;
}

/** The keys that an object below a schema may have; none where that depends on what stands in it. */
function keysAt(schema: z.ZodType, field: readonly PropertyKey[]): readonly string[] {
  let at: unknown = inner(schema);
  for (const segment of field) {
    if (at instanceof z.ZodObject) at = inner(at.shape[String(segment)]);
    else if (at instanceof z.ZodRecord) at = inner(at.valueType);
    else if (at instanceof z.ZodArray) at = inner(at.element);
    else return [];
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** Without what makes it optional. */
function inner(schema: unknown): unknown {
  let at = schema;
  while (at instanceof z.ZodOptional || at instanceof z.ZodDefault || at instanceof z.ZodPrefault)
    at = at.unwrap();
  return at;
}

/** The key that was probably meant, else all that there are. */
export function hint(key: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const [nearest] = known
    .map((one) => ({ one, steps: distance(key.toLowerCase(), one.toLowerCase()) }))
    .sort((a, b) => a.steps - b.steps);
  return nearest !== undefined && nearest.steps <= Math.max(1, Math.floor(key.length / 3))
    ? `; did you mean ${nearest.one}?`
    : `; known are: ${known.join(', ')}`;
}

/** How many characters must be put in, taken out or changed to come from one word to the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of a.slice(0, 64).split('').entries()) {
    const next = [i + 1];
    for (const [j, right] of b.split('').entries())
      next.push(
        Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (left === right ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
