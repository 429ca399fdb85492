/** Lays out rows as a table of text: columns of numbers to the right, all others to the left. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(String))];
  const columns = head.map((_, column) => ({
    width: Math.max(...cells.map((row) => row[column]?.length ?? 0)),
    numbers: rows.every((row) => typeof row[column] === 'number'),
  }));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const { width = 0, numbers = false } = columns[column] ?? {};
        return numbers ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const [first = [], ...others] = cells;
  return [line(first), columns.map(({ width }) => '-'.repeat(width)).join('  '), ...others.map(line)].join(
    '\n',
  );
}
