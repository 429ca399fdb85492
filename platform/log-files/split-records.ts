/** One record of a file, without the line feed at its end. */
export interface FileRecord {
  readonly bytes: Buffer;
  /** Line that it begins on, from 1. */
  readonly line: number;
  /** Byte behind it, with its line feed. */
  readonly end: number;
  /** True when it passes the cap; then only its beginning is here. */
  readonly tooLong: boolean;
}

/** Where to begin, and how records end. */
export interface SplitOptions {
  readonly offset: number;
  /** Line at the offset, from 1. */
  readonly line: number;
  /** A line feed inside double quotes ends no record (CSV, RFC 4180). */
  readonly quoted: boolean;
  readonly maxBytes: number;
}

const lineFeed = 0x0a;
const quote = 0x22;
/** Bytes of a record that passes the cap that are kept, for its dead letter. */
const keptBytes = 2_000;

/**
 * Cuts chunks of a file into records. What follows the last line feed waits for more: it is handed out by {@link rest} only. Memory is bounded by the cap
 * and one chunk.
 */
export class RecordSplitter {
  readonly #options: SplitOptions;
  #parts: Buffer[] = [];
  #length = 0;
  #start: number;
  #line: number;
  #lines = 0;
  #inQuotes = false;
  #tooLong = false;

  constructor(options: SplitOptions) {
    this.#options = options;
    this.#start = options.offset;
    this.#line = options.line;
  }

  /** The records that end in this chunk, which follows the last one. */
  *push(chunk: Buffer): Iterable<FileRecord> {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === quote && this.#options.quoted) this.#inQuotes = !this.#inQuotes;
      if (byte !== lineFeed) continue;
      this.#lines += 1;
      // A quotation without an end must not swallow the rest of the file.
      if (this.#inQuotes && this.#length + at - from < this.#options.maxBytes) continue;
      this.#keep(chunk.subarray(from, at));
      from = at + 1;
      yield this.#finish(1);
    }
    this.#keep(chunk.subarray(from));
  }

  /** What stands behind the last line feed; undefined when nothing does. */
  rest(): FileRecord | undefined {
    if (this.#length === 0) return undefined;
    this.#lines += 1;
    return this.#finish(0);
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#length += part.length;
    if (this.#length > this.#options.maxBytes && !this.#tooLong) {
      this.#tooLong = true;
      this.#parts = [Buffer.concat([...this.#parts, part]).subarray(0, keptBytes)];
    } else if (!this.#tooLong) this.#parts.push(Buffer.from(part)); // the chunk is written over
  }

  #finish(feed: number): FileRecord {
    const end = this.#start + this.#length + feed;
    const record = { bytes: Buffer.concat(this.#parts), line: this.#line, end, tooLong: this.#tooLong };
    this.#parts = [];
    this.#length = 0;
    this.#start = end;
    this.#line += this.#lines;
    this.#lines = 0;
    this.#inQuotes = false;
    this.#tooLong = false;
    return record;
  }
}
