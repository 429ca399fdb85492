import { access, constants, open, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StreamError } from '../pipeline/errors.ts';

/** A file that was read whole. */
export interface FileContent {
  /** Path relative to the root, with `/` on every system. */
  readonly file: string;
  readonly bytes: Uint8Array;
  /** When it was last written, in whole milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** Which file to read, and how much of it at most. */
export interface ReadFileOptions {
  /** Folder that the file must lie in, after links are resolved. */
  readonly root: string;
  /** Path relative to the root. */
  readonly file: string;
  readonly maxBytes: number;
}

/** A file that was written less than so long ago, in milliseconds, may still be under the pen. */
export const quietMs = 500;
/** After so long a file that never comes to rest is read as it is, in milliseconds. */
const patienceMs = 5_000;

/**
 * Reads a regular file below a folder, once nobody has written to it for a moment: half a file would be taken for a fault, or
 * for another meaning. Throws SOURCE_NOT_FOUND, SOURCE_REFUSED (outside the root, no right to read, not a
 * regular file) or SOURCE_LIMIT. Never reads more than the cap, whatever the file system says about the size.
 */
export async function readFileUnder({ root, file, maxBytes }: ReadFileOptions): Promise<FileContent> {
  const path = await resolveUnder(root, file);
  const give = Date.now() + patienceMs;
  try {
    for (;;) {
      await untilQuiet(path, give);
      const { size, mtimeMs, bytes } = await readOnce(path, { file, maxBytes });
      const after = await stat(path);
      const same = after.size === size && after.mtimeMs === mtimeMs;
      if (same || Date.now() >= give) return { file, bytes, modifiedMs: Math.floor(mtimeMs) };
    }
  } catch (thrown) {
    throw fileError(thrown, file);
  }
}

/** Waits until the last write to a file is a while ago. A time in the future is that of another clock, and says nothing. */
async function untilQuiet(path: string, give: number): Promise<void> {
  for (;;) {
    // In whole milliseconds, as Date.now() has it: of what was written in this one, the rest would lie in the future.
    const age = Date.now() - Math.floor((await stat(path)).mtimeMs);
    if (age < 0 || age >= quietMs || Date.now() >= give) return;
    await delay(quietMs - age);
  }
}

async function readOnce(
  path: string,
  { file, maxBytes }: Pick<ReadFileOptions, 'file' | 'maxBytes'>,
): Promise<{ readonly bytes: Uint8Array; readonly size: number; readonly mtimeMs: number }> {
  const handle = await open(path, 'r');
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new StreamError('SOURCE_REFUSED', `${file} is not a regular file.`);
    const buffer = Buffer.alloc(Math.min(found.size, maxBytes) + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > maxBytes) {
      throw new StreamError('SOURCE_LIMIT', `${file} is larger than the cap of ${maxBytes} bytes.`);
    }
    return { bytes: buffer.subarray(0, length), size: found.size, mtimeMs: found.mtimeMs };
  } finally {
    await handle.close();
  }
}

/**
 * The real path of a file below a folder. Throws SOURCE_NOT_FOUND, or SOURCE_REFUSED when it lies outside after links are
 * resolved.
 */
export async function resolveUnder(root: string, file: string): Promise<string> {
  try {
    const realRoot = await realpath(root);
    const path = await realpath(join(realRoot, file));
    const inside = relative(realRoot, path);
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      throw new StreamError('SOURCE_REFUSED', `${file} leads outside the folder that is read.`, {
        advice: 'Put the file itself into the folder, or configure its own folder.',
      });
    }
    return path;
  } catch (thrown) {
    throw fileError(thrown, file);
  }
}

/** Looks whether a file is there and may be read, without reading it. Throws SOURCE_NOT_FOUND or SOURCE_REFUSED. */
export async function requireFile(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
    if ((await stat(file)).isFile()) return;
  } catch (thrown) {
    throw fileError(thrown, file);
  }
  throw new StreamError('SOURCE_REFUSED', `${file} is not a regular file.`);
}

/**
 * Decodes bytes. UTF-8 unless a byte order mark says UTF-16; the mark is left out. Throws SOURCE_INVALID when the bytes are not in
 * that encoding, or when `encoding` (a label of the WHATWG Encoding standard) is not known here.
 */
export function decodeText(bytes: Uint8Array, file: string, encoding?: string): string {
  const label =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : (encoding ?? 'utf-8');
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw new StreamError('SOURCE_INVALID', `${file} is not text in ${label}.`, {
      cause: thrown,
      advice: 'Save it as UTF-8.',
    });
  }
}

/** What a failure of the file system means for the source; a {@link StreamError} stays itself. */
export function fileError(thrown: unknown, file: string): StreamError {
  if (thrown instanceof StreamError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new StreamError('SOURCE_NOT_FOUND', `${file} does not exist.`, {
      cause: thrown,
      advice:
        'Check the path in the configuration; relative paths start from the folder of the configuration file.',
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new StreamError('SOURCE_REFUSED', `${file} may not be read.`, {
      cause: thrown,
      advice: 'Give the user of this process the right to read it.',
    });
  }
  if (code === 'ELOOP' || code === 'ENAMETOOLONG' || code === 'EISDIR' || code === 'ERR_INVALID_ARG_VALUE') {
    return new StreamError('SOURCE_REFUSED', `${file} cannot be read as a file (${code}).`, {
      cause: thrown,
    });
  }
  return new StreamError(
    'SOURCE_UNAVAILABLE',
    `${file} cannot be read (${typeof code === 'string' ? code : 'unknown fault'}).`,
    { cause: thrown },
  );
}
