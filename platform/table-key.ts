import type { TableKey } from '../pipeline/table.ts';

/** Ends every part of a key; sorts below everything that a part may hold. */
const end = '\0';

/** A key as a text whose order is that of its parts' bytes: one character a byte of its UTF-8. The keys below a prefix begin with its text. */
export function keyBytes(key: TableKey): string {
  return Buffer.from(key.map((part) => part + end).join('')).toString('latin1');
}

/** The parts of a key of {@link keyBytes}. */
export function keyParts(name: string): readonly string[] {
  return Buffer.from(name, 'latin1').toString().slice(0, -1).split(end);
}
