import { readSelect } from './query.ts';
import { TreeReader } from './reader.ts';
import { readDml } from './statement.ts';

/** A reader of one text whose first line is `firstLine`. */
export function openReader(text: string, firstLine: number): TreeReader {
  return new TreeReader(text, firstLine, { select: readSelect, dml: readDml });
}
