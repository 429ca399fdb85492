import type { Shape, ShapeOptions } from './shapes.ts';

/** What a history in files is read with. */
export interface QueryLogOptions extends ShapeOptions {
  /** Folder of the files. */
  readonly root: string;
  /** Which files, by their names below the folder. */
  readonly globs: readonly string[];
  readonly format: 'json-lines' | 'csv' | 'json';
  readonly delimiter: string;
  /** Names of the columns of CSV without a header; null where the first record is one. */
  readonly columns: readonly string[] | null;
  readonly shape: Shape;
  /** True for exports: written at once and perhaps again, so that a last line without a line feed is whole too. */
  readonly whole: boolean;
  readonly system: string;
  readonly dialect: string;
  readonly server: string;
  readonly keepDays: number;
  readonly overlapMs: number;
  readonly intervalMs: number;
  readonly now: () => Date;
}
