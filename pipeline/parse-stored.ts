import type { z } from 'zod';
import { StreamError } from './errors.ts';
import type { Json, StateStore } from './state.ts';

/** What stands in the state under a key; undefined where nothing does. Rejects as {@link parseStored} throws. */
export async function readStored<T>(
  state: StateStore,
  schema: z.ZodType<T>,
  at: string,
): Promise<T | undefined> {
  const value = await state.get(at);
  return value === undefined ? undefined : parseStored(schema, at, value);
}

/** Parses what stands in the state under the key `at`. Throws STATE_UNAVAILABLE, which is not tried again, with the key when it is not in the form of `schema`. */
export function parseStored<T>(schema: z.ZodType<T>, at: string, value: Json): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const why =
    issue === undefined
      ? 'its form is unknown'
      : `${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${issue.message}`;
  throw new StreamError(
    'STATE_UNAVAILABLE',
    `What the state holds under ${JSON.stringify(at)} cannot be read: ${why}.`,
    {
      cause: parsed.error,
      advice:
        'It was written by another version of this program: use that one, or move the state folder away and start again.',
    },
  );
}
