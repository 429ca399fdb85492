import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import type { LogBytes } from './marks.ts';

/** Bytes that a packed file may hold: it stands in memory as a whole. */
const mostBytes = 128_000_000;

/** The bytes that a file packed by gzip holds. Rejects with SOURCE_LIMIT when they are too many, and with SOURCE_INVALID for what is not packed so. */
export async function unpacked(handle: FileHandle, file: string): Promise<LogBytes> {
  const { size } = await handle.stat();
  if (size > mostBytes)
    throw new StreamError(
      'SOURCE_LIMIT',
      `${file} has more than ${mostBytes} bytes; unpack it beside the others.`,
    );
  const held = await promisify(gunzip)(await handle.readFile(), { maxOutputLength: mostBytes }).catch(
    (thrown: unknown) => {
      const isTooMuch = thrown instanceof RangeError;
      throw isTooMuch
        ? new StreamError(
            'SOURCE_LIMIT',
            `${file} holds more than ${mostBytes} bytes; unpack it beside the others.`,
          )
        : new StreamError('SOURCE_INVALID', `${file} is not packed by gzip: ${messageOf(thrown)}.`, {
            cause: thrown,
          });
    },
  );
  return {
    stat: () => Promise.resolve({ size: held.length }),
    read: (buffer, offset, length, position) => {
      const bytesRead = held.copy(buffer, offset, position, Math.min(held.length, position + length));
      return Promise.resolve({ buffer, bytesRead });
    },
  };
}
