import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { StreamError, toStreamError } from '../../pipeline/errors.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import { logChanges, logFiles, type LogPlace } from '../../platform/log-files/log-files.ts';
import { type LogBytes, Marks } from '../../platform/log-files/marks.ts';
import { unpacked } from '../../platform/log-files/packed.ts';
import { type FileRecord, RecordSplitter } from '../../platform/log-files/split-records.ts';
import { decodeText, fileError, resolveUnder } from '../../platform/read-file.ts';
import { redactBytes } from '../../platform/redact.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { type LineFormat, parseLine } from './parse-line.ts';
import { type FieldRules, readFields } from './read-fields.ts';
import { Runs } from './runs.ts';

/** What a log is read with. */
export interface RunLogOptions extends LogPlace, FieldRules {
  readonly parse: LineFormat;
  /** Each line is a whole run. */
  readonly oneLine: boolean;
  readonly tool: string;
  readonly keepMs: number;
  readonly intervalMs: number;
  readonly now: () => number;
}

const maxLineBytes = 1_048_576;
const chunkBytes = 65_536;
/** Rejections of one scan that are reported each by itself. */
const maxRejections = 1_000;

/** Reads the logs of a tool from where the last scan ended. */
export class RunLog implements Producer {
  readonly #options: RunLogOptions;

  constructor(options: RunLogOptions) {
    this.#options = options;
  }

  /** Files that are restored from a copy are the same source: what was read of them is known by their contents. */
  incarnation(): Promise<string> {
    return Promise.resolve('files');
  }

  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    const runs = await Runs.open(context.memory);
    const marks = await Marks.open(context.memory);
    const reader = new LogReader(this.#options, context, runs);
    for (const file of await this.#oldestFirst()) await reader.read(file, marks);
    reader.reportRest();
    runs.forget(this.#options.now() - this.#options.keepMs);
    for (const found of runs.found(this.#options.tool)) {
      throwIfStopped(context.signal);
      yield found;
    }
    for (const part of [runs, marks]) part.remember(context.memory);
  }

  changes(signal: AbortSignal): AsyncIterable<undefined> {
    return logChanges(this.#options, this.#options.intervalMs, signal);
  }

  async close(): Promise<void> {
    // Nothing is held between two scans.
  }

  /** A run may begin in a file that was rotated and end in the next. */
  async #oldestFirst(): Promise<readonly string[]> {
    const files = await logFiles(this.#options);
    const written = await Promise.all(
      files.map(async (file) => {
        const found = await stat(path.join(this.#options.root, file)).catch(() => undefined); // renamed meanwhile
        return { file, at: found?.mtimeMs ?? Number.POSITIVE_INFINITY };
      }),
    );
    return written.sort((a, b) => a.at - b.at || (a.file > b.file ? -1 : 1)).map(({ file }) => file);
  }
}

class LogReader {
  readonly #options: RunLogOptions;
  readonly #context: ScanContext;
  readonly #runs: Runs;
  #rejected = 0;

  constructor(options: RunLogOptions, context: ScanContext, runs: Runs) {
    this.#options = options;
    this.#context = context;
    this.#runs = runs;
  }

  /** Reads a file from its mark to its last whole line, and moves the mark. A file that cannot be read is rejected alone. */
  async read(file: string, marks: Marks): Promise<void> {
    throwIfStopped(this.#context.signal);
    try {
      const handle = await open(await resolveUnder(this.#options.root, file), 'r');
      try {
        const found = await handle.stat();
        if (!found.isFile()) throw new StreamError('SOURCE_REFUSED', `${file} is not a regular file.`);
        const bytes = /\.gz$/i.test(file) ? await unpacked(handle, file) : handle;
        const mark = await marks.of(bytes);
        const at = await this.#lines(file, bytes, mark);
        await marks.move(bytes, { ...at, columns: null, modifiedMs: Math.trunc(found.mtimeMs) });
      } finally {
        await handle.close();
      }
    } catch (thrown) {
      throwIfStopped(this.#context.signal);
      const error = fileError(thrown, file);
      // Renamed while the files were listed: it is found by its other name, now or next time.
      if (error.code !== 'SOURCE_NOT_FOUND') this.#reject(file, error, Buffer.alloc(0));
    }
  }

  /** Says how many rejections there were beyond those that were reported. */
  reportRest(): void {
    if (this.#rejected <= maxRejections) return;
    const message = `${this.#rejected - maxRejections} more lines could not be read.`;
    this.#context.reject({ objectId: 'more', error: new StreamError('SOURCE_INVALID', message) });
  }

  async #lines(
    file: string,
    bytes: LogBytes,
    { offset, line }: { readonly offset: number; readonly line: number },
  ): Promise<{ readonly offset: number; readonly line: number }> {
    const splitter = new RecordSplitter({ offset, line, quoted: false, maxBytes: maxLineBytes });
    let at = { offset, line };
    const chunk = Buffer.alloc(chunkBytes);
    for (let position = offset; ; ) {
      throwIfStopped(this.#context.signal);
      const { bytesRead } = await bytes.read(chunk, 0, chunkBytes, position);
      if (bytesRead === 0) return at;
      position += bytesRead;
      for (const record of splitter.push(chunk.subarray(0, bytesRead))) {
        this.#line(file, record);
        at = { offset: record.end, line: record.line + 1 };
      }
    }
  }

  #line(file: string, { bytes, line, tooLong }: FileRecord): void {
    const place = `${file}:${line}`;
    try {
      if (tooLong) throw new StreamError('SOURCE_LIMIT', `${place} is longer than ${maxLineBytes} bytes.`);
      const text = decodeText(bytes, place).trimEnd();
      if (text === '') return;
      const fields = parseLine(text, this.#options.parse, place);
      if (fields !== undefined) this.#runs.take(readFields(fields, this.#options, place), this.#options);
    } catch (thrown) {
      this.#reject(place, thrown, bytes);
    }
  }

  #reject(place: string, thrown: unknown, bytes: Buffer): void {
    this.#rejected += 1;
    if (this.#rejected > maxRejections) return;
    const error = toStreamError(thrown, 'SOURCE_INVALID', place);
    this.#context.reject({ objectId: place, error, bytes: redactBytes(bytes.subarray(0, 2_000)) });
  }
}
