import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../pipeline/canonical-json.ts';
import { coalesce } from '../pipeline/coalesce.ts';
import { StreamError, messageOf } from '../pipeline/errors.ts';
import { Serial } from '../pipeline/serial.ts';
import { type SinkComponent, sinkComponent } from '../pipeline/sink-component.ts';
import type { AppliedCounts, Delivery, Outcome, Sink } from '../pipeline/sink.ts';
import type { EntityChange } from '../schemas/types.ts';

/** The file sink as a kind for the configuration. */
export const file: SinkComponent = sinkComponent({
  summary:
    'Writes entity changes to a file as NDJSON, one a line: a dry run that shows what a catalogue would get.',
  options: z.strictObject({
    path: z
      .string()
      .min(1)
      .describe('The file, relative to this configuration. It is written anew by each run.'),
  }),
  create: (options, host) => createFileSink(resolve(host.baseFolder, options.path)),
});

/**
 * A sink that writes what is left of each batch after coalescing, in the order of keys. A change is settled when its line
 * is on disk. A file cannot know what was there before: every change counts as created or deleted.
 */
function createFileSink(path: string): Sink {
  let handle: FileHandle | undefined;
  const writes = new Serial();
  return {
    open: async (signal) => {
      signal.throwIfAborted();
      try {
        await mkdir(dirname(path), { recursive: true });
        handle = await open(path, 'w');
      } catch (thrown) {
        throw new StreamError('CONFIG_INVALID', `The file ${path} cannot be written: ${messageOf(thrown)}.`, {
          cause: thrown,
          advice: 'Name a file in a folder that can be written to (sink.path).',
        });
      }
    },
    deliver: async (batch, signal) => {
      signal.throwIfAborted();
      const target = handle;
      if (target === undefined) throw new StreamError('CATALOG_REFUSED', `The file ${path} is not open.`);
      const { lines, outcomes } = prepare(batch);
      if (lines !== '') await writes.run(() => append(target, path, lines));
      return outcomes;
    },
    close: async () => {
      const closing = handle;
      handle = undefined;
      await closing?.close();
    },
  };
}

async function append(target: FileHandle, path: string, lines: string): Promise<void> {
  try {
    await target.appendFile(lines, 'utf8');
    await target.datasync();
  } catch (thrown) {
    throw new StreamError('CATALOG_REFUSED', `Writing to ${path} failed: ${messageOf(thrown)}.`, {
      cause: thrown,
      advice: 'Make room on the disk, then start again.',
    });
  }
}

function prepare(batch: readonly Delivery[]): {
  readonly lines: string;
  readonly outcomes: readonly Outcome[];
} {
  const outcomes = new Map<number, Outcome>();
  let lines = '';
  for (const { deletion, upserts } of coalesce(batch.map((delivery, index) => ({ ...delivery, index })))) {
    for (const item of [deletion, ...upserts]) {
      if (item === undefined) continue;
      lines += `${canonicalJson(item.change)}\n`;
      outcomes.set(item.index, { kind: 'delivered', counts: countsOf(item.change) });
    }
  }
  return { lines, outcomes: batch.map((_, index) => outcomes.get(index) ?? { kind: 'superseded' }) };
}

function countsOf(change: EntityChange): AppliedCounts {
  const isDeletion = change.operation === 'DELETE';
  return {
    created: isDeletion ? 0 : change.entities.length,
    updated: 0,
    unchanged: 0,
    deleted: isDeletion ? 1 : 0,
  };
}
