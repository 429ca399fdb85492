/** Lines of a script for psql that are no SQL: its commands, and the rows that pg_dump writes between `COPY … FROM stdin;` and `\.`. */

/** pg_dump writes the statement on one line. */
const copy = /^COPY [^\n;]{1,20000}? FROM stdin\b[^\n;]{0,200};[^\n]*\n/gim;
const mark = '\n\\.';

/** The text with such lines left empty, so that what follows keeps its place. */
export function withoutClientLines(text: string): string {
  return text.includes('\\')
    ? withoutRows(text).replaceAll(/^\\.*$/gm, (line) => ' '.repeat(line.length))
    : text;
}

function withoutRows(text: string): string {
  if (!text.includes(mark)) return text;
  let plain = '';
  let from = 0;
  copy.lastIndex = 0;
  for (let found = copy.exec(text); found !== null; found = copy.exec(text)) {
    // No rows at all: the mark stands directly behind the statement.
    const rows = found.index + found[0].length;
    const end = text.indexOf(mark, rows - 1);
    if (end < 0) break;
    const lines = text.slice(rows, end + 1).split('\n').length - 1;
    plain += text.slice(from, rows) + '\n'.repeat(lines);
    from = text.indexOf('\n', end + 1);
    if (from < 0) return plain;
    copy.lastIndex = from;
  }
  return plain + text.slice(from);
}
