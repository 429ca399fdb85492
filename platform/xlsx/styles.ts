/** Formats of Excel itself that show a date or a time (ECMA-376 part 1, section 18.8.30; 27-36 and 50-58 are those of East Asia). */
const builtInDates = [
  [14, 22],
  [27, 36],
  [45, 47],
  [50, 58],
] as const;

/** Whether a number in this format is a date or a time; `code` is that of a format of the workbook's own. */
export function isDateFormat(id: number, code: string | undefined): boolean {
  if (code === undefined) return builtInDates.some(([from, to]) => id >= from && id <= to);
  // Texts in quotes, escaped characters, and [Red], [$-409] and their like show nothing of the number; [h] and [mm] do.
  const plain = code.replaceAll(/"[^"]*"|\\.|_.|\*./gu, '').replaceAll(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/giu, '');
  const [positive = ''] = plain.split(';');
  return /[ymdhs]/iu.test(positive) && !/general/iu.test(positive);
}

const dayMs = 86_400_000;

/**
 * The date of a serial number as ISO text in UTC; a time without a day as HH:mm:ss. Days count from 1899-12-30, since Excel believes in
 * 1900-02-29, or from 1904-01-01 where the workbook says so (ECMA-376 part 1, section 18.17.4). Undefined for what is no date.
 */
export function dateOf(serial: number, is1904: boolean): string | undefined {
  if (serial < 0 || serial >= 2_958_466) return undefined;
  if (serial < 1 && !is1904) return new Date(Math.round(serial * 86_400) * 1000).toISOString().slice(11, 19);
  const first = is1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, serial < 60 ? 31 : 30);
  return new Date(Math.round((first + serial * dayMs) / 1000) * 1000).toISOString();
}
