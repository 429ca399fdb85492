import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import type { Json, StateStore, StateWrite } from '../pipeline/state.ts';

/** What belongs to one log, and says nothing to another: counts by its offsets, and changes that are parked at them. They come again from the sources. */
const ofOneLog = ['stage-counts/', 'put-aside/', 'parked/', 'replay'];
/** Entries that are written together. */
const together = 500;

const lineSchema = z.strictObject({ key: z.string().min(1), value: z.json() });

/** Every entry of a state that another log can use, as JSON lines: `{"key":…,"value":…}`. */
export async function* exportLines(state: StateStore): AsyncIterable<string> {
  for await (const { key, value } of state.scan('')) {
    if (!ofOneLog.some((prefix) => key.startsWith(prefix)))
      yield JSON.stringify({ key, value: withoutOffsets(value) });
  }
}

/** What was applied names the offset that it came from, which decides between changes of one position: within one log only. */
function withoutOffsets(value: Json): Json {
  const { success, data } = z.looseObject({ speakers: z.array(z.looseObject({})) }).safeParse(value);
  if (!success) return value;
  return { ...data, speakers: data.speakers.map(({ offset: _offset, ...said }) => said) } as Json;
}

/** Writes such lines into a state; a key that is there is overwritten. Resolves with how many. Rejects with USAGE for a line that is none, before which all are written. */
export async function importLines(state: StateStore, lines: Readable): Promise<number> {
  let writes: StateWrite[] = [];
  let count = 0;
  for await (const line of createInterface({ input: lines, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    writes.push(parse(line, count + 1));
    count += 1;
    if (writes.length >= together) {
      await state.write(writes);
      writes = [];
    }
  }
  if (writes.length > 0) await state.write(writes);
  return count;
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
