import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StreamError } from '../pipeline/errors.ts';
import { matchesName, matchSequence } from '../pipeline/wildcards.ts';
import { fileError } from './read-file.ts';

/** Which files to list. */
export interface ListFilesOptions {
  readonly root: string;
  /** See {@link globMatcher}. */
  readonly glob: string;
  /** @default 100_000 */
  readonly maxFiles?: number;
  /** Levels of folders below the root. @default 32 */
  readonly maxDepth?: number;
}

/**
 * The files below a folder that match, as sorted paths relative to it with `/`. Links to folders are not followed, so that
 * there are no loops; links to files are listed, and `readFileUnder` decides whether they stay inside. Names that begin
 * with a dot are left out. Throws SOURCE_NOT_FOUND, SOURCE_REFUSED, or SOURCE_LIMIT when there are more than the caps allow.
 */
export async function listFiles(options: ListFilesOptions): Promise<readonly string[]> {
  const { root, glob, maxFiles = 100_000, maxDepth = 32 } = options;
  const matches = globMatcher(glob);
  const files: string[] = [];
  const folders: { readonly path: string; readonly depth: number }[] = [{ path: '', depth: 0 }];
  let seen = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readFolder(root, folder.path)) {
      seen += 1;
      if (seen > maxFiles) {
        throw new StreamError('SOURCE_LIMIT', `${root} holds more than ${maxFiles} files and folders.`);
      }
      if (entry.name.startsWith('.')) continue;
      const path = folder.path === '' ? entry.name : `${folder.path}/${entry.name}`;
      if (!entry.isDirectory()) {
        if ((entry.isFile() || entry.isSymbolicLink()) && matches(path)) files.push(path);
      } else if (folder.depth < maxDepth) folders.push({ path, depth: folder.depth + 1 });
      else {
        throw new StreamError('SOURCE_LIMIT', `${path} lies deeper than ${maxDepth} folders below ${root}.`);
      }
    }
  }
  return files.sort();
}

async function readFolder(root: string, path: string) {
  try {
    return await readdir(join(root, path), { withFileTypes: true });
  } catch (thrown) {
    throw fileError(thrown, path === '' ? root : path);
  }
}

/**
 * Makes a matcher for relative paths with `/`: `*` and `?` stand for characters within one name, a part `**` for any number of
 * folders, also none; everything else for itself.
 */
export function globMatcher(glob: string): (path: string) => boolean {
  const parts = glob.split('/').filter((part, index, all) => part !== '**' || all[index - 1] !== '**');
  return (path) => matchParts(parts, path.split('/'));
}

/** Linear in patterns × names: after a `**` only the last one needs to be tried again. */
function matchParts(parts: readonly string[], names: readonly string[]): boolean {
  return matchSequence(parts, names, '**', matchesName);
}
