import { randomUUID } from 'node:crypto';
import type { StateStore, StateWrite } from './state.ts';

const prefix = 'producer-life/';

/**
 * The incarnation that a producer's positions count in: that of its source, and, where its state lives beside the topics or was put in from elsewhere, the life of that state. A
 * state that was lost or set back begins a new life, so that its positions are not taken for older ones than those that stand in the topics.
 *
 * @param isBeside whether the state lives beside the topics
 */
export async function incarnationOf(
  {
    state,
    name,
    isBeside,
  }: { readonly state: StateStore; readonly name: string; readonly isBeside: boolean },
  ofSource: string,
): Promise<string> {
  const key = prefix + encodeURIComponent(name);
  const life = await state.get(key);
  if (typeof life === 'string') return `${ofSource}/${life}`;
  if (!isBeside) return ofSource;
  const made = randomUUID();
  await state.write([{ key, value: made }]);
  return `${ofSource}/${made}`;
}

/** Whether a key tells of a life. */
export function isLife(key: string): boolean {
  return key.startsWith(prefix);
}

/** The writes that begin a new life of every producer that inventories were put in of; `keys` are those of the state. */
export function newLives(keys: Iterable<string>): readonly StateWrite[] {
  const producers = new Set([...keys].flatMap((key) => /^inventory\/([^/]+)\//u.exec(key)?.[1] ?? []));
  return [...producers].map((producer) => ({ key: prefix + producer, value: randomUUID() }));
}
