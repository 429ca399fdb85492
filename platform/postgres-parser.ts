import { loadModule, parsePlPgSQLSync, parseSync } from 'libpg-query';
import { messageOf } from '../pipeline/errors.ts';
import type { PostgresParser, PostgresTree } from '../pipeline/postgres-parser.ts';

/** UTF-16 units of a text that is handed to the parser; its memory is that of the process. */
const maxCharacters = 4 * 1024 * 1024;

/** Loads PostgreSQL's parser (libpg-query, the parser of PostgreSQL 18 as WASM). */
export async function loadPostgresParser(): Promise<PostgresParser> {
  await loadModule();
  return {
    parseSql: (text) => guarded(parseSync, text),
    parseRoutine: (text) => guarded(parsePlPgSQLSync, text),
  };
}

function guarded(parse: (text: string) => unknown, text: string): PostgresTree {
  if (text.length > maxCharacters) return { problem: `it has more than ${maxCharacters} characters` };
  // The parser takes C strings: it would stop at a NUL without a word.
  if (text.includes('\0')) return { problem: 'it holds a NUL character' };
  if (text.trim() === '') return { tree: {} };
  try {
    return { tree: parse(text) };
  } catch (thrown) {
    return { problem: messageOf(thrown) };
  }
}
