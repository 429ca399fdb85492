import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseStored } from '../../pipeline/parse-stored.ts';
import type { ProducerMemory } from '../../pipeline/producer.ts';

/** The bytes of a log: an open file, or what a packed one holds. */
export interface LogBytes {
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly buffer: Buffer; readonly bytesRead: number }>;
  stat(): Promise<{ readonly size: number }>;
}

/** How far a file was read. The file is known by its first bytes and by those before the offset, whatever it is named by now: rotation and copies do not matter. */
const markSchema = z.object({
  /** SHA-256 of the first `headBytes` bytes. */
  head: z.string(),
  headBytes: z.number(),
  /** SHA-256 of up to {@link tailLimit} bytes before the offset: files may begin alike. Earlier versions did not keep it. */
  tail: z.string().exactOptional(),
  offset: z.number(),
  /** Line at the offset, from 1. */
  line: z.number(),
  /** The header of a CSV file. */
  columns: z.array(z.string()).nullable(),
  /** When the file was last written, in milliseconds since 1970. */
  modifiedMs: z.number(),
});
/** See {@link markSchema}. */
export type Mark = z.output<typeof markSchema>;

/** What reading a file moves. */
export type Progress = Pick<Mark, 'offset' | 'line' | 'columns'>;

const headLimit = 1_024;
const tailLimit = 256;
const prefix = 'file/';

/** Marks of all files, from one scan to the next. */
export class Marks {
  readonly #known: Map<string, Mark>;
  readonly #used = new Map<string, Mark>();

  private constructor(known: Map<string, Mark>) {
    this.#known = known;
  }

  /** Reads what the last scan remembered. Rejects with STATE_UNAVAILABLE where another version wrote it. */
  static async open(memory: ProducerMemory): Promise<Marks> {
    const known = new Map<string, Mark>();
    for await (const { key, at, value } of memory.entries(prefix)) {
      known.set(key.slice(prefix.length), parseStored(markSchema, at, value));
    }
    return new Marks(known);
  }

  /** The mark of an open file; one at its beginning when it was never read, or was begun anew. */
  async of(file: LogBytes): Promise<Mark> {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headLimit), 0, headLimit, 0);
    const head = buffer.subarray(0, bytesRead);
    const { size } = await file.stat();
    let best: Mark | undefined;
    for (const mark of [...this.#known.values(), ...this.#used.values()]) {
      if (mark.headBytes > bytesRead || mark.offset > size || (best?.offset ?? -1) >= mark.offset) continue;
      if (hashOf(head.subarray(0, mark.headBytes)) !== mark.head) continue;
      if (mark.tail === undefined || mark.tail === (await tailOf(file, mark.offset))) best = mark;
    }
    return best ?? { head: '', headBytes: 0, offset: 0, line: 1, columns: null, modifiedMs: 0 };
  }

  /** Notes how far a file was read. */
  async move(file: LogBytes, mark: Progress & Pick<Mark, 'modifiedMs'>): Promise<void> {
    if (mark.offset === 0) return;
    const headBytes = Math.min(headLimit, mark.offset);
    const { buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    const head = hashOf(buffer);
    const tail = await tailOf(file, mark.offset);
    this.#used.set(`${head}.${tail}`, { ...mark, head, headBytes, tail });
  }

  /** Remembers the marks of the files that are still there. */
  remember(memory: ProducerMemory): void {
    for (const key of this.#known.keys()) if (!this.#used.has(key)) memory.set(prefix + key, undefined);
    for (const [key, mark] of this.#used) memory.set(prefix + key, mark);
  }
}

/** Tells files apart that begin alike: the bytes before an offset. */
async function tailOf(file: LogBytes, offset: number): Promise<string> {
  const start = Math.max(0, offset - tailLimit);
  const length = offset - start;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
  return hashOf(buffer.subarray(0, bytesRead));
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
