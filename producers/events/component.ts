import path from 'node:path';
import { z } from 'zod';
import {
  caseOption,
  datasetRules,
  datasetsOption,
  dialectOption,
  producerComponent,
  stepsOption,
} from '../../pipeline/component.ts';
import { StreamError, toStreamError } from '../../pipeline/errors.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import { readRawObject } from '../../platform/raw-object.ts';
import { decodeText, readFileUnder, requireFile } from '../../platform/read-file.ts';
import { redactBytes } from '../../platform/redact.ts';
import { watchFiles } from '../../platform/watch-files.ts';
import { objectEventTypes } from '../../schemas/types.ts';
import { eventTypes } from './types.ts';

const maxBytes = 256 * 1024 * 1024;

const options = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('File of raw events as JSON lines: {"type", "objectId", …fields of schemas/avro/TYPE}.'),
  datasets: datasetsOption,
  steps: stepsOption,
  case: caseOption,
  dialect: dialectOption,
});

const lineSchema = z.looseObject({ type: z.enum(objectEventTypes), objectId: z.string().min(1) });

/** Raw events as JSON lines: written by hand to try the pipeline, or by a program of yours in any language. */
export const events = producerComponent({
  summary: 'Raw events as JSON lines in a file, written by hand or by a program of yours.',
  options,
  configure: (_name, given, host) => ({
    settings: {
      types: eventTypes,
      caseRule: given.case,
      steps: given.steps,
      datasets: datasetRules(given.datasets),
      ...(given.dialect === undefined ? {} : { dialect: given.dialect }),
    },
    open: async () => {
      const file = path.resolve(host.baseFolder, given.path);
      await requireFile(file);
      return new EventFile(file);
    },
  }),
});

class EventFile implements Producer {
  readonly #path: string;

  constructor(file: string) {
    this.#path = file;
  }

  /** A file has one life. */
  async incarnation(): Promise<string> {
    return 'file';
  }

  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    const { dir: root, base: file } = path.parse(this.#path);
    const { bytes, modifiedMs } = await readFileUnder({ root, file, maxBytes });
    const lines = decodeText(bytes, file).split('\n');
    for (const [index, line] of lines.entries()) {
      context.signal.throwIfAborted();
      if (line.trim() === '') continue;
      const place = `${file}:${index + 1}`;
      try {
        yield foundIn(line, modifiedMs, place);
      } catch (thrown) {
        context.reject({
          objectId: place,
          error: toStreamError(thrown, 'SOURCE_INVALID', place),
          bytes: redactBytes(Buffer.from(line)),
        });
      }
    }
  }

  changes(signal: AbortSignal): AsyncIterable<undefined> {
    return watchFiles({ path: this.#path }, signal);
  }

  async close(): Promise<void> {
    // Nothing is held between two scans.
  }
}

function foundIn(line: string, sequence: number, place: string): FoundObject {
  const parsed = lineSchema.safeParse(parseJson(line, place));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new StreamError(
      'SOURCE_INVALID',
      `${place}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not an event'}.`,
    );
  }
  const { type, objectId, ...fields } = parsed.data;
  return readRawObject({ type, objectId, sequence, fields }, place);
}

function parseJson(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch (thrown) {
    // The parser's own message quotes the line, which may hold a secret.
    throw new StreamError('SOURCE_INVALID', `${place} is not JSON.`, { cause: thrown });
  }
}
