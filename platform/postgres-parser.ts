import { loadModule, parsePlPgSQLSync, parseSync } from 'libpg-query';
import { messageOf } from '../pipeline/errors.ts';
import type { PostgresParser, PostgresTree } from '../pipeline/postgres-parser.ts';

/** Bytes, as UTF-8, of a text that is handed to the parser; its memory is that of the process. */
const maxBytes = 4 * 1024 * 1024;

/**
 * Tokens in a row that may lie inside each other, of `1 + 1 + …` and the like. The parser recurses over its tree: at some 10,000 it runs out
 * of stack, and after a few such texts answers to nothing any more (measured with libpg-query 18.1.5).
 */
const maxRun = 3_000;
/** What cannot make a tree deeper stays within one token: strings, names, comments. The texts of routines are looked into. */
const tokens = /'[^']*'|"[^"]*"|--[^\n]*|\/\*.*?(?:\*\/|$)|[\p{L}\p{N}_.$]+|\S/gsu;

/** Loads PostgreSQL's parser (libpg-query, the parser of PostgreSQL 18 as WASM). */
export async function loadPostgresParser(): Promise<PostgresParser> {
  await loadModule();
  return {
    parseSql: (text) => guarded(parseSync, text),
    parseRoutine: (text) => guarded(parsePlPgSQLSync, text),
  };
}

function guarded(parse: (text: string) => unknown, text: string): PostgresTree {
  if (Buffer.byteLength(text) > maxBytes) return { problem: `it has more than ${maxBytes} bytes` };
  // The parser takes C strings: it would stop at a NUL without a word.
  if (text.includes('\0')) return { problem: 'it holds a NUL character' };
  if (isDeep(text)) return { problem: `more than ${maxRun} parts of it may lie inside each other` };
  if (text.trim() === '') return { tree: {} };
  try {
    return { tree: parse(text) };
  } catch (thrown) {
    return { problem: messageOf(thrown) };
  }
}

const setWords = /^(?:UNION|INTERSECT|EXCEPT)$/i;

/**
 * Whether a tree of the text may be deeper than can be read: what stands between commas at one level may nest, queries of a set do over
 * their commas, and each level adds to the one around it.
 */
function isDeep(text: string): boolean {
  if (text.length < maxRun) return false;
  const outer: { readonly run: number; readonly sets: number }[] = [];
  let [above, run, sets] = [0, 0, 0];
  for (const [token] of text.matchAll(tokens)) {
    if (token === '(' || token === '[') {
      outer.push({ run, sets });
      above += run + 1;
      [run, sets] = [0, 0];
    } else if (token === ')' || token === ']') {
      ({ run, sets } = outer.pop() ?? { run: 0, sets: 0 });
      above = Math.max(0, above - run - 1);
    } else if (token === ',') run = sets;
    else if (token === ';') [above, run, sets, outer.length] = [0, 0, 0, 0];
    else if (!token.startsWith('--') && !token.startsWith('/*')) {
      if (setWords.test(token)) sets += 2;
      run += 1;
    }
    if (above + run > maxRun) return true;
  }
  return false;
}
