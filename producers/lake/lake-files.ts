/** One file of a lake. */
export interface LakeFile {
  /** Path below the container, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly modifiedMs: number;
  /** Differs when the content does. */
  readonly version: string;
}

/** Where files of a lake are listed and read: a folder, or a container of Blob Storage. */
export interface LakeFiles {
  /** Name of the container. */
  readonly container: string;
  /** Every file that is not hidden, in the order of paths as far as the store has one; with `below` only those whose paths begin so. Rejects with a StreamError. */
  list(signal: AbortSignal, below?: string): AsyncIterable<LakeFile>;
  /** Bytes of a file from `start` on, at most to `end` (exclusive); fewer at the end of the file. Rejects with a StreamError. */
  read(file: LakeFile, start: number, end: number): Promise<Uint8Array>;
}

/** Files of writers for themselves (`_SUCCESS`, `.tmp`), and what lies in folders of that kind. A folder `_day=6` is a partition. */
export function isHidden(path: string): boolean {
  return path
    .split('/')
    .some((part) => part.startsWith('.') || (part.startsWith('_') && !part.includes('=')));
}
