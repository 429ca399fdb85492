import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { createHttpClient } from '../../platform/http.ts';
import { propose } from './propose.ts';
import type { Sample } from './write-config.ts';

/** Bytes that a sample may have. */
const maxBytes = 20_000_000;
const json = z.json();

/** Reads a sample of what a source says, from a file or the one address that is named, and proposes a plan of it. Throws USAGE with what is wrong. */
export async function readSample(from: string, signal: AbortSignal): Promise<Sample> {
  const data = json.parse(/^https?:/u.test(from) ? await fetched(from, signal) : await fromFile(from));
  const proposal = propose(data);
  if (proposal === undefined)
    throw new StreamError('USAGE', `${from} has no list of objects to make types of.`, {
      advice: 'A reply such as {"items": [{"name": "a"}, {"name": "b"}]} has one.',
    });
  return { data, proposal };
}

async function fromFile(file: string): Promise<unknown> {
  try {
    const { size } = await stat(file);
    if (size > maxBytes) throw new Error(`it has ${size} bytes; ${maxBytes} are the most`);
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (thrown) {
    throw new StreamError('USAGE', `Cannot read the sample ${file}: ${messageOf(thrown)}.`, {
      cause: thrown,
    });
  }
}

async function fetched(address: string, signal: AbortSignal): Promise<unknown> {
  const { origin } = new URL(address);
  const http = createHttpClient({ baseUrl: origin, timeoutMs: 30_000, maxResponseBytes: maxBytes });
  const { status, body } = await http.request({ method: 'GET', path: address, signal });
  if (status === 200 && body.kind === 'json') return body.value;
  throw new StreamError(
    'USAGE',
    `The sample ${address} answered ${status} with ${body.kind}, not 200 with json.`,
    {
      advice: 'Where it wants a login, save a reply to a file and name that.',
    },
  );
}
