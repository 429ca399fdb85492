import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { isLife, newLives } from '../pipeline/producer-life.ts';
import { isOfProducers } from '../pipeline/producer-state.ts';
import type { Json, StateStore, StateWrite } from '../pipeline/state.ts';

/** What belongs to one log, and says nothing to another: counts by its offsets, and changes that are parked at them. They come again from the sources. */
const ofOneLog = ['stage-counts/', 'put-aside/', 'parked/', 'replay'];
/** Entries that are written together. */
const together = 500;

const lineSchema = z.strictObject({ key: z.string().min(1), value: z.json() });

/** The parts of a state: that of the stages, and, where it lives beside the topics, that of the producers. */
export interface StateParts {
  readonly ofStages: StateStore;
  /** The same store where it is with the topics. */
  readonly ofProducers: StateStore;
}

/** Every entry of a state that another one can use, as JSON lines: `{"key":…,"value":…}`. */
export async function* exportLines({ ofStages, ofProducers }: StateParts): AsyncIterable<string> {
  for await (const { key, value } of ofStages.scan('')) {
    if (!ofOneLog.some((prefix) => key.startsWith(prefix)) && !isOfProducers(key))
      yield JSON.stringify({ key, value: withoutPlaces(value) });
  }
  yield* producerLines(ofProducers);
}

/** The same of what producers keep alone. */
export async function* producerLines(state: StateStore): AsyncIterable<string> {
  for await (const { key, value } of state.scan(''))
    if (isOfProducers(key) && !isLife(key)) yield JSON.stringify({ key, value });
}

/** What was applied names the offset and the number of the change that it came from, which decide between changes of one position: within one log only. */
function withoutPlaces(value: Json): Json {
  const { success, data } = z.looseObject({ speakers: z.array(z.looseObject({})) }).safeParse(value);
  if (!success) return value;
  const { deletedAt: _deletedAt, speakers, ...record } = data;
  const said = speakers.map(({ offset: _offset, sequence: _sequence, ...one }) => one);
  return { ...record, speakers: said } as Json;
}

/**
 * Writes such lines into a state; a key that is there is overwritten. What was put in of a producer begins a new life: it may be older than what stands in the topics. Resolves
 * with how many lines there were. Rejects with USAGE for a line that is none, before which all are written.
 */
export async function importLines(to: StateParts, lines: Readable): Promise<number> {
  const stages = new Batch(to.ofStages);
  const producers = new Batch(to.ofProducers);
  const inventories = new Set<string>();
  let count = 0;
  for await (const line of createInterface({ input: lines, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    const write = parse(line, count + 1);
    count += 1;
    if (write.key.startsWith('inventory/'))
      inventories.add(write.key.replace(/^(inventory\/[^/]+\/).*$/su, '$1'));
    if (!isLife(write.key)) await (isOfProducers(write.key) ? producers : stages).add(write);
  }
  for (const write of newLives(inventories)) await producers.add(write);
  await stages.flush();
  await producers.flush();
  return count;
}

/** Removes what producers keep. Resolves with how many entries that were. */
export async function clearProducers(state: StateStore): Promise<number> {
  const keys: string[] = [];
  for await (const { key } of state.scan('')) if (isOfProducers(key)) keys.push(key);
  const batch = new Batch(state);
  for (const key of keys) await batch.add({ key, value: undefined });
  await batch.flush();
  return keys.length;
}

/** Writes that are handed over some at a time. */
class Batch {
  readonly #state: StateStore;
  #writes: StateWrite[] = [];

  constructor(state: StateStore) {
    this.#state = state;
  }

  async add(write: StateWrite): Promise<void> {
    this.#writes.push(write);
    if (this.#writes.length >= together) await this.flush();
  }

  async flush(): Promise<void> {
    const writes = this.#writes;
    this.#writes = [];
    if (writes.length > 0) await this.#state.write(writes);
  }
}

function parse(line: string, number: number): StateWrite {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch (thrown) {
    throw new StreamError('USAGE', `Line ${number} is no entry of a state: ${messageOf(thrown)}.`, {
      cause: thrown,
    });
  }
}
