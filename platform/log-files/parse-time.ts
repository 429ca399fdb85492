const timePattern =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?))?\s?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * Reads a time: seconds or milliseconds since 1970, ISO 8601, or as SQL databases write it (`2022-01-25 16:17:47.388 +0000`), in UTC when it names no zone.
 * Undefined for all others.
 */
export function parseTime(text: string): Date | undefined {
  if (/^\d{9,16}(?:\.\d+)?$/.test(text)) {
    const number = Number(text);
    return valid(new Date(number < 1e11 ? number * 1_000 : number));
  }
  const match = timePattern.exec(text.trim());
  if (match === null) return undefined;
  const [, date = '', clock = '00:00', zone = 'Z'] = match;
  const digits = /^([+-]\d\d):?(\d\d)?$/.exec(zone);
  const offset = digits === null ? 'Z' : `${digits[1] ?? ''}:${digits[2] ?? '00'}`;
  return valid(new Date(`${date}T${clock.replace(',', '.')}${offset}`));
}

function valid(date: Date): Date | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date;
}
