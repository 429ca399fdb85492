import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { toStreamError } from '../pipeline/errors.ts';
import type { FoundObject, ScanContext } from '../pipeline/producer.ts';
import { globMatcher, listFiles } from './list-files.ts';
import { type FileContent, fileError, readFileUnder } from './read-file.ts';
import { redactBytes } from './redact.ts';
import { throwIfStopped } from './stop-scan.ts';
import { watchFiles } from './watch-files.ts';

/** Files of a source: those of a folder that match, or a single one. */
export interface SourceFiles {
  readonly root: string;
  /** See {@link globMatcher}; a file that several match is one. */
  readonly globs: readonly string[];
  /** The only file, relative to the root; undefined for all that match. */
  readonly file: string | undefined;
}

/** Looks whether a path is a folder or a file. Rejects with SOURCE_NOT_FOUND or SOURCE_REFUSED. */
export async function sourceFiles(path: string, globs: readonly string[]): Promise<SourceFiles> {
  const found = await stat(path).catch((thrown: unknown) => {
    throw fileError(thrown, path);
  });
  return found.isDirectory()
    ? { root: path, globs, file: undefined }
    : { root: dirname(path), globs, file: basename(path) };
}

/** The paths of the files, relative to the root, sorted. Rejects as {@link listFiles}. */
async function pathsOf({ root, globs, file }: SourceFiles): Promise<readonly string[]> {
  if (file !== undefined) return [file];
  const lists = await Promise.all(globs.map((glob) => listFiles({ root, glob })));
  return [...new Set(lists.flat())].sort();
}

/** How the files of a source are read. */
export interface EachFileOptions {
  /** Bytes that a file may have. */
  readonly maxBytes: number;
  /** What a file says. What it throws costs this file, and nothing else. */
  readonly read: (content: FileContent) => Promise<readonly FoundObject[]> | readonly FoundObject[];
  /** Whether the dead letter of a file holds what is in it, without the secrets that its form shows. @default true */
  readonly keepsBytes?: boolean;
}

/**
 * Yields what each file says, in the order of names. A file that cannot be read is rejected alone; one that is deleted after the folder was
 * listed is gone like one that was deleted before. Throws when the folder, or the only file, cannot be read.
 */
export async function* eachFile(
  files: SourceFiles,
  context: ScanContext,
  { maxBytes, read, keepsBytes = true }: EachFileOptions,
): AsyncGenerator<FoundObject> {
  for (const file of await pathsOf(files)) {
    throwIfStopped(context.signal);
    let content: FileContent | undefined;
    try {
      content = await readFileUnder({ root: files.root, file, maxBytes });
      yield* await read(content);
    } catch (thrown) {
      const error = toStreamError(thrown, 'SOURCE_UNAVAILABLE', file);
      if (content === undefined) {
        if (files.file !== undefined) throw error;
        if (error.code === 'SOURCE_NOT_FOUND') continue;
      }
      const bytes = content === undefined || !keepsBytes ? {} : { bytes: redactBytes(content.bytes) };
      context.reject({ objectId: file, error, ...bytes });
    }
  }
}

/** Yields when one of the files was written to its end, added or removed; `also` matches further files that matter. */
export function watchEachFile(
  { root, globs, file }: SourceFiles,
  signal: AbortSignal,
  also: readonly string[] = [],
): AsyncGenerator<undefined> {
  if (file !== undefined) return watchFiles({ path: `${root}/${file}` }, signal);
  const matchers = [...globs, ...also].map(globMatcher);
  return watchFiles({ path: root, matches: (path) => matchers.some((matches) => matches(path)) }, signal);
}
