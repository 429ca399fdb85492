import { type FileHandle, open } from 'node:fs/promises';
import { StreamError, toStreamError } from '../../pipeline/errors.ts';
import type { ScanContext } from '../../pipeline/producer.ts';
import { parseJson } from '../../platform/json.ts';
import type { Mark, Marks, Progress } from '../../platform/log-files/marks.ts';
import { type FileRecord, RecordSplitter } from '../../platform/log-files/split-records.ts';
import { decodeText, fileError, resolveUnder } from '../../platform/read-file.ts';
import { withoutQuoted } from '../../platform/redact.ts';
import type { StatementHistory } from '../../platform/statement-history.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { Fields } from './fields.ts';
import type { QueryLogOptions } from './options.ts';
import { csvRow, jsonRow, parseCsvRecord, parseJsonRow, type Row } from './parse-record.ts';
import type { QueryIds } from './query-ids.ts';

const maxRecordBytes = 1_048_576;
const maxJsonBytes = 256 * 1_048_576;
const chunkBytes = 65_536;
/** Rejections of one scan that are reported each by itself. */
const maxRejections = 1_000;

/** Reads files into a history, one after the other. */
export class FileReader {
  readonly #options: QueryLogOptions;
  readonly #context: ScanContext;
  readonly #into: { readonly history: StatementHistory; readonly ids: QueryIds };
  #rejected = 0;

  constructor(
    options: QueryLogOptions,
    context: ScanContext,
    into: { readonly history: StatementHistory; readonly ids: QueryIds },
  ) {
    this.#options = options;
    this.#context = context;
    this.#into = into;
  }

  /** Reads a file from its mark to its end, and moves the mark. A file that cannot be read is rejected alone. */
  async read(file: string, marks: Marks): Promise<void> {
    throwIfStopped(this.#context.signal);
    let handle: FileHandle | undefined;
    try {
      handle = await open(await resolveUnder(this.#options.root, file), 'r');
      const mark = await marks.of(handle);
      const { size, mtimeMs, isFile } = await statOf(handle);
      if (!isFile) throw new StreamError('SOURCE_REFUSED', `${file} is not a regular file.`);
      await marks.move(handle, {
        ...(await this.#content(file, handle, { mark, size, mtimeMs })),
        modifiedMs: mtimeMs,
      });
    } catch (thrown) {
      throwIfStopped(this.#context.signal);
      const error = fileError(thrown, file);
      // Renamed while the files were listed: it is found by its other name, now or next time.
      if (error.code !== 'SOURCE_NOT_FOUND') this.#reject(file, error, Buffer.alloc(0));
    } finally {
      await handle?.close();
    }
  }

  /** A log goes on where it was left. An export may have been written anew from its beginning: it is read whole when it was written. */
  #content(
    file: string,
    handle: FileHandle,
    { mark, size, mtimeMs }: { readonly mark: Mark; readonly size: number; readonly mtimeMs: number },
  ): Promise<Progress> {
    const { whole, format } = this.#options;
    if (!whole) return this.#records(file, handle, mark);
    if (mark.offset === size && mark.modifiedMs === mtimeMs) return Promise.resolve(mark);
    if (format === 'json') return this.#document(file, handle, size);
    return this.#records(file, handle, { offset: 0, line: 1, columns: null });
  }

  /** Says how many rejections there were beyond those that were reported. */
  reportRest(): void {
    if (this.#rejected <= maxRejections) return;
    const message = `${this.#rejected - maxRejections} more lines could not be read.`;
    this.#context.reject({ objectId: 'more', error: new StreamError('SOURCE_INVALID', message) });
  }

  async #records(file: string, handle: FileHandle, mark: Progress): Promise<Progress> {
    const { format, whole } = this.#options;
    const { offset, line } = mark;
    const splitter = new RecordSplitter({ offset, line, quoted: format === 'csv', maxBytes: maxRecordBytes });
    let at = { offset, line, columns: mark.columns };
    const take = (record: FileRecord): void => {
      const columns = this.#record(file, record, at.columns);
      at = { offset: record.end, line: record.line + 1, columns };
    };
    const chunk = Buffer.alloc(chunkBytes);
    for (let position = offset; ; ) {
      throwIfStopped(this.#context.signal);
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      for (const record of splitter.push(chunk.subarray(0, bytesRead))) take(record);
    }
    const rest = whole ? splitter.rest() : undefined;
    if (rest !== undefined) take(rest);
    return at;
  }

  /** Reads one record; answers with the columns of the CSV file. */
  #record(file: string, { bytes, line, tooLong }: FileRecord, columns: string[] | null): string[] | null {
    const place = `${file}:${line}`;
    const { format, delimiter } = this.#options;
    const given = columns ?? (this.#options.columns === null ? null : [...this.#options.columns]);
    try {
      if (tooLong) throw new StreamError('SOURCE_LIMIT', `${place} is longer than ${maxRecordBytes} bytes.`);
      const text = decodeText(bytes, place);
      if (text.trim() === '') return columns;
      if (format === 'json-lines') this.#row(parseJsonRow(text, place), place);
      else {
        const fields = parseCsvRecord(text, delimiter, place);
        if (given === null) return fields.map((field) => field.trim());
        this.#row(csvRow(given, fields, place), place);
      }
    } catch (thrown) {
      this.#reject(place, thrown, bytes);
    }
    return columns;
  }

  /** A file that is one JSON list of rows. */
  async #document(file: string, handle: FileHandle, size: number): Promise<Progress> {
    if (size > maxJsonBytes)
      throw new StreamError(
        'SOURCE_LIMIT',
        `${file} has more than ${maxJsonBytes} bytes; export it as JSON lines.`,
      );
    const buffer = Buffer.alloc(size);
    await handle.read(buffer, 0, size, 0);
    const rows = parseJson(decodeText(buffer, file), { file });
    if (!Array.isArray(rows)) throw new StreamError('SOURCE_INVALID', `${file} is no JSON list of rows.`);
    for (const [index, row] of rows.entries()) {
      const place = `${file}[${index}]`;
      try {
        this.#row(jsonRow(row, place), place);
      } catch (thrown) {
        this.#reject(place, thrown, Buffer.alloc(0));
      }
    }
    return { offset: size, line: 1, columns: null };
  }

  #row(row: Row, place: string): void {
    const observed = this.#options.shape(new Fields(row, place), this.#options, place);
    if (observed === undefined) return;
    const { queryId, observation } = observed;
    if (queryId !== null && !this.#into.ids.isNew(queryId, observation.lastSeen)) return;
    this.#into.history.observe(observation);
  }

  #reject(place: string, thrown: unknown, bytes: Buffer): void {
    this.#rejected += 1;
    if (this.#rejected > maxRejections) return;
    const error = toStreamError(thrown, 'SOURCE_INVALID', place);
    const text = withoutQuoted(bytes.subarray(0, 2_000).toString('utf8'));
    this.#context.reject({ objectId: place, error, bytes: Buffer.from(text) });
  }
}

async function statOf(
  handle: FileHandle,
): Promise<{ readonly size: number; readonly mtimeMs: number; readonly isFile: boolean }> {
  const found = await handle.stat();
  return { size: found.size, mtimeMs: Math.trunc(found.mtimeMs), isFile: found.isFile() };
}
