import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import { logChanges, logFiles } from '../../platform/log-files/log-files.ts';
import { Marks } from '../../platform/log-files/marks.ts';
import { StatementHistory } from '../../platform/statement-history.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { FileReader } from './file-reader.ts';
import type { QueryLogOptions } from './options.ts';
import { QueryIds } from './query-ids.ts';

/** Reads files of statements from where the last scan ended. */
export class QueryLog implements Producer {
  readonly #options: QueryLogOptions;

  constructor(options: QueryLogOptions) {
    this.#options = options;
  }

  /** Files that are restored from a copy are the same source: what was read of them is known by their contents. */
  incarnation(): Promise<string> {
    return Promise.resolve('files');
  }

  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    const { system, dialect, server, keepDays, overlapMs, now } = this.#options;
    const history = await StatementHistory.open(context.memory, {
      system,
      dialect,
      server,
      keepDays,
      now: now(),
    });
    const marks = await Marks.open(context.memory);
    const ids = await QueryIds.open(context.memory, overlapMs);
    const reader = new FileReader(this.#options, context, { history, ids });
    for (const file of await logFiles(this.#options)) await reader.read(file, marks);
    reader.reportRest();
    for (const found of history.found()) {
      throwIfStopped(context.signal);
      yield found;
    }
    for (const part of [history, marks, ids]) part.remember(context.memory);
  }

  changes(signal: AbortSignal): AsyncIterable<undefined> {
    return logChanges(this.#options, this.#options.intervalMs, signal);
  }

  async close(): Promise<void> {
    // Nothing is held between two scans.
  }
}
