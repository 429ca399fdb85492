import { StreamError } from '../../pipeline/errors.ts';
import type { Field } from './fields.ts';

/** Rows that the types are taken from. */
const sampleRows = 500;

/**
 * The columns of separated values, from the first rows: the separator is guessed unless `delimiter` says it, the first row is a head if it can be
 * one, and types are the narrowest that hold every value seen. `whole` tells whether the text is the whole file; else its last line is cut off.
 */
export async function readCsv(
  text: string,
  { whole, delimiter }: { readonly whole: boolean; readonly delimiter?: string },
): Promise<readonly Field[]> {
  const { default: papa } = await import('papaparse');
  // `header: false`: with a head the parser makes objects, and loses a column named __proto__.
  const parsed = papa.parse<readonly string[]>(text, {
    header: false,
    skipEmptyLines: 'greedy',
    preview: sampleRows + 1,
    ...(delimiter === undefined ? { delimitersToGuess: [',', ';', '\t', '|'] } : { delimiter }),
  });
  // The last row of a piece may be half a row.
  const rows = whole || parsed.data.length > sampleRows ? parsed.data : parsed.data.slice(0, -1);
  const [first] = rows;
  if (first === undefined) {
    if (whole || text.trim() === '') return [];
    throw new StreamError('SOURCE_LIMIT', 'its first line is longer than what is read of it');
  }
  const hasHead = isHead(first, rows.slice(1));
  const values = hasHead ? rows.slice(1) : rows;
  const names = hasHead ? first : first.map((_value, index) => `Column${index + 1}`);
  return names.map((name, index): Field => {
    const seen = values.map((row) => row[index] ?? '').filter((value) => value.trim() !== '');
    const title = name.replace(/^\uFEFF/, '').trim();
    return {
      name: title === '' ? `Column${index + 1}` : title,
      type: typeOf(seen),
      nullable: seen.length < values.length ? true : null,
      fields: [],
    };
  });
}

/** A head has a different text in every column, none of which is a value, or at least differs in kind from what stands below. */
function isHead(row: readonly string[], below: readonly (readonly string[])[]): boolean {
  const texts = row.map((value) => value.trim());
  if (new Set(texts).size < texts.length || texts.every((text) => text === '')) return false;
  if (texts.some((text) => text !== '' && kindOf(text) !== 'string')) return false;
  return (
    texts.length > 1 ||
    below.length === 0 ||
    below.some(([value = '']) => kindOf(value) !== 'string') ||
    /^[\p{L}_][\p{L}\p{N}_ -]{0,60}$/u.test(texts[0] ?? '')
  );
}

const kinds = [
  ['boolean', /^(?:true|false)$/i],
  ['bigint', /^[+-]?(?:0|[1-9]\d{0,17})$/],
  ['double', /^[+-]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:e[+-]?\d{1,3})?$/i],
  ['date', /^\d{4}-\d{2}-\d{2}$/],
  ['timestamp', /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?$/],
] as const;
type Kind = (typeof kinds)[number][0] | 'string';

function kindOf(value: string): Kind {
  const text = value.trim();
  // A number with a zero in front is an id or a code.
  if (text.length > 400 || /^[+-]?0\d/.test(text)) return 'string';
  return kinds.find(([, pattern]) => pattern.test(text))?.[0] ?? 'string';
}

/** The narrowest type of all values; text where there is none. */
function typeOf(values: readonly string[]): Kind {
  const seen = new Set(values.map(kindOf));
  if (seen.size === 1) return [...seen][0] ?? 'string';
  const only = (...allowed: readonly Kind[]): boolean => [...seen].every((kind) => allowed.includes(kind));
  if (seen.size === 0) return 'string';
  if (only('bigint', 'double')) return 'double';
  return only('date', 'timestamp') ? 'timestamp' : 'string';
}
