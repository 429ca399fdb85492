/** What the readers of a parse tree share: lines of places in the text, and how deep they have gone. */
import type { Query, Statement } from '../ir.ts';
import { maxTreeDepth } from '../limits.ts';
import { type Fields, type Node, numberOf } from './tree.ts';

/** The tree is deeper than is read. */
export class TooDeep extends Error {}

/** The readers that call each other in a circle. */
export interface Readers {
  readonly select: (reader: TreeReader, fields: Fields) => Query;
  readonly dml: (reader: TreeReader, node: Node) => Statement | undefined;
}

/** Reads one text. */
export class TreeReader {
  private readonly readers: Readers;
  private readonly starts: readonly number[];
  private readonly firstLine: number;
  private depth = 0;

  /** `firstLine`: the line of the text's first line. */
  constructor(text: string, firstLine: number, readers: Readers) {
    this.readers = readers;
    this.firstLine = firstLine;
    this.starts = lineStarts(text);
  }

  /** The line of a location: PostgreSQL counts bytes of UTF-8. */
  line(location: unknown): number {
    const at = numberOf(location);
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return this.firstLine + low;
  }

  /** Reads a SelectStmt. */
  select(fields: Fields): Query {
    return this.readers.select(this, fields);
  }

  /** Reads INSERT, UPDATE, DELETE and MERGE; undefined for anything else. */
  dml(node: Node): Statement | undefined {
    return this.readers.dml(this, node);
  }

  /** Goes one level down. Throws {@link TooDeep}. */
  nested<T>(read: () => T): T {
    if (this.depth >= maxTreeDepth) throw new TooDeep();
    this.depth++;
    try {
      return read();
    } finally {
      this.depth--;
    }
  }
}

/** Bytes at which lines begin. */
function lineStarts(text: string): readonly number[] {
  const starts = [0];
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // Both halves of a surrogate pair together are four bytes.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3;
    if (code === 10) starts.push(bytes);
  }
  return starts;
}
