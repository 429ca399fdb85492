/**
 * Names of resource sets: many files that are one dataset, by the patterns that Microsoft Purview has (its documentation, "Understanding resource
 * sets"). Every step is one pass over a segment of the path; nothing goes back.
 */

/** Documents are never grouped (the same page, "File types that Microsoft Purview won't detect as resource sets"). */
const documents = new Set(
  'docx doc docm dot odt ods odp pdf pot pptx ppt ppsx pps xlc xls xlsb xlsm xlsx xlt'.split(' '),
);
const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])/i;
const sparkPart =
  /^part-(?:[rm]-)?\d{1,10}(?:-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?(?:-attempt_[0-9_mr]{1,60})?(?:[-_.]c\d{1,6})?/i;
const hex = /^[0-9a-f]{4}(?![0-9a-z])/i;
const language = /^[a-z]{2}[-_][a-z]{2}$/i;
const date = /^(\d{4})([-_.]?)(\d{2})\2(\d{2})(?!\d)/;
const digits = /^\d+/;

/** Keys of folders such as `year=2024`, as writers of partitions name them. */
const keys: ReadonlyMap<string, string> = new Map([
  ...['year', 'yyyy', 'yr', 'y'].map((key) => [key, '{Year}'] as const),
  ...['month', 'mm', 'mon'].map((key) => [key, '{Month}'] as const),
  ...['day', 'dd'].map((key) => [key, '{Day}'] as const),
  ...['hour', 'hh', 'hr'].map((key) => [key, '{Hour}'] as const),
  ...['minute', 'min'].map((key) => [key, '{Minute}'] as const),
  ...['second', 'sec'].map((key) => [key, '{Second}'] as const),
]);

/** What follows in a run of folders `2024/05/06/13/…`: the digits that it has, the greatest value, and its name. */
const finer = [
  { name: '{Hour}', most: 23 },
  { name: '{Minute}', most: 59 },
  { name: '{Second}', most: 59 },
] as const;

const regions = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const languages = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });

/**
 * The name of the resource set that a path belongs to: what differs from file to file is replaced by `{N}`, `{GUID}`, `{HEX}`, `{LOC}`, `{Year}`,
 * `{Month}`, `{Day}`, `{Hour}`, `{SparkPartitions}`, or the key of a folder `key=value`. A path in which nothing does is its own name.
 */
export function resourceSetName(path: string): string {
  const segments = path.split('/');
  const file = segments.at(-1) ?? '';
  if (documents.has(file.slice(file.lastIndexOf('.') + 1).toLowerCase())) return path;
  const named = segments.map((segment, index) => nameOf(segment, index === segments.length - 1));
  for (const [index, name] of dateFolders(segments.slice(0, -1))) named[index] = name;
  return named.join('/');
}

/** Runs of folders that are year, month and day, with what is finer behind. */
function* dateFolders(folders: readonly string[]): Generator<readonly [index: number, name: string]> {
  for (let at = 0; at + 2 < folders.length; at += 1) {
    const [year = '', month = '', day = ''] = folders.slice(at, at + 3);
    if (
      !/^\d{4}$/.test(year) ||
      !/^\d{1,2}$/.test(month) ||
      !/^\d{1,2}$/.test(day) ||
      !isDate(year, month, day)
    )
      continue;
    yield* [[at, '{Year}'] as const, [at + 1, '{Month}'] as const, [at + 2, '{Day}'] as const];
    for (const [step, { name, most }] of finer.entries()) {
      const folder = folders[at + 3 + step] ?? '';
      if (!/^\d{2}$/.test(folder) || Number(folder) > most) break;
      yield [at + 3 + step, name];
    }
    return;
  }
}

function isDate(year: string, month: string, day: string): boolean {
  return +year >= 1900 && +year <= 2200 && +month >= 1 && +month <= 12 && +day >= 1 && +day <= 31;
}

function nameOf(segment: string, isFile: boolean): string {
  if (isFile && sparkPart.test(segment)) return segment.replace(sparkPart, '{SparkPartitions}');
  const equals = segment.indexOf('=');
  if (equals > 0 && !isFile) {
    const key = segment.slice(0, equals);
    return `${key}=${valueOf(key, segment.slice(equals + 1))}`;
  }
  // The last ending is the format, unless it is a number, as old logs have it.
  const dot = isFile ? segment.lastIndexOf('.') : -1;
  const isEnding = dot > 0 && /[^\d]/.test(segment.slice(dot + 1));
  const [stem, rest] = isEnding ? [segment.slice(0, dot), segment.slice(dot)] : [segment, ''];
  return (isLocale(stem) ? '{LOC}' : wordsOf(stem)) + rest;
}

function valueOf(key: string, value: string): string {
  const known = keys.get(key.toLowerCase());
  if (known !== undefined && digits.test(value)) return known;
  const [, year = '', sign = '', month = '', day = ''] = date.exec(value) ?? [];
  if (year !== '' && isDate(year, month, day)) return `{Year}${sign}{Month}${sign}{Day}`;
  return /^\d+$/.test(value) ? '{N}' : `{${key}}`;
}

/** A language with its region, as both are registered: `en-ca`, but not `my_db`. */
function isLocale(text: string): boolean {
  if (!language.test(text)) return false;
  const [tongue, region] = [text.slice(0, 2).toLowerCase(), text.slice(3).toUpperCase()];
  return languages.of(tongue) !== undefined && regions.of(region) !== undefined;
}

/** Characters of a segment that one pattern may look at. */
const window = 48;

function wordsOf(stem: string): string {
  let name = '';
  for (let at = 0; at < stem.length; ) {
    const rest = stem.slice(at, at + window);
    const isStart = at === 0 || !/[0-9a-z]/i.test(stem.charAt(at - 1));
    const found = isStart ? startingAt(rest) : undefined;
    if (found !== undefined) {
      name += found.name;
      at += found.length;
      continue;
    }
    let end = at;
    while (end < stem.length && isDigit(stem.charCodeAt(end))) end += 1;
    name += end > at ? '{N}' : stem.charAt(at);
    at = Math.max(end, at + 1);
  }
  return name;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** A pattern that only begins where a word does. */
function startingAt(rest: string): { readonly name: string; readonly length: number } | undefined {
  const id = guid.exec(rest)?.[0];
  if (id !== undefined) return { name: '{GUID}', length: id.length };
  const [whole = '', year = '', sign = '', month = '', day = ''] = date.exec(rest) ?? [];
  if (whole !== '' && isDate(year, month, day))
    return { name: `{Year}${sign}{Month}${sign}{Day}`, length: whole.length };
  const number = hex.exec(rest)?.[0];
  if (number !== undefined && /\d/.test(number) && /[a-f]/i.test(number)) return { name: '{HEX}', length: 4 };
  return undefined;
}
