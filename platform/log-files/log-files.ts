import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pause } from '../../pipeline/delivery/backoff.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { listFiles } from '../list-files.ts';
import { fileError } from '../read-file.ts';

/** Where the files of a log are. */
export interface LogPlace {
  /** Folder of the files. */
  readonly root: string;
  /** Which files, by their names below the folder. */
  readonly globs: readonly string[];
  /** Whether files that end in `.gz` are read, too. @default false */
  readonly packed?: boolean;
}

/**
 * A log by its path: a file with the rotated ones beside it (`NAME.1`, `NAME-2026…`), or a folder with a glob. Rejects with SOURCE_NOT_FOUND, SOURCE_REFUSED, or
 * CONFIG_INVALID for a folder without a glob.
 */
export async function logPlace(
  file: string,
  glob: string | undefined,
): Promise<Pick<LogPlace, 'root' | 'globs'>> {
  const isFolder = await stat(file).then(
    (found) => found.isDirectory(),
    (thrown: unknown) => {
      throw fileError(thrown, file);
    },
  );
  if (isFolder && glob === undefined) {
    throw new StreamError('CONFIG_INVALID', `${file} is a folder.`, {
      advice: 'Say with the option glob which files are read.',
    });
  }
  if (isFolder) return { root: file, globs: [glob ?? ''] };
  const { dir: root, base, name, ext } = path.parse(file);
  return { root, globs: [base, `${base}.*`, `${base}-*`, `${name}-*${ext}`, `${name}.*${ext}`] };
}

/** Every file once, sorted; packed ones were plain before they were packed, and read then. Rejects with SOURCE_NOT_FOUND when there is none. */
export async function logFiles({ root, globs, packed = false }: LogPlace): Promise<readonly string[]> {
  const lists = await Promise.all(globs.map((glob) => listFiles({ root, glob, maxDepth: 8 })));
  const left = packed ? /\.(?:bz2|xz|zst|zip)$/i : /\.(?:gz|bz2|xz|zst|zip)$/i;
  const files = [...new Set(lists.flat())].filter((file) => !left.test(file));
  if (files.length === 0)
    throw new StreamError('SOURCE_NOT_FOUND', `There is no file ${globs[0] ?? ''} in ${root}.`);
  return files.sort();
}

/** Looks every interval whether a file was written or renamed, and yields then: a log that is written all the time never settles. */
export async function* logChanges(
  place: LogPlace,
  intervalMs: number,
  signal: AbortSignal,
): AsyncGenerator<undefined> {
  let last: string | undefined;
  for (;;) {
    const now = await signatureOf(place).catch(() => ''); // the scan that follows tells what is wrong
    if (last !== now && !signal.aborted) yield undefined;
    last = now;
    await pause(intervalMs, signal);
    if (signal.aborted) return;
  }
}

async function signatureOf(place: LogPlace): Promise<string> {
  const files = await logFiles(place);
  const stats = await Promise.all(files.map((file) => stat(path.join(place.root, file))));
  return JSON.stringify(stats.map(({ size, mtimeMs, ino }, index) => [files[index], size, mtimeMs, ino]));
}
