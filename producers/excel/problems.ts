import { redactText } from '../../platform/redact.ts';
import { type CellValue, columnName } from '../../platform/xlsx/cells.ts';

/** Something that a person should mend in the workbook (error), or look at (warning). */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** Stable kebab-case name of the kind of problem. */
  readonly code: string;
  readonly sheet: string;
  /** As the program shows it, from 1; null for a problem of the whole sheet. */
  readonly row: number | null;
  /** Header of the column; null for a problem of the whole row. */
  readonly column: string | null;
  /** As the program names it, such as B7. */
  readonly cell: string | null;
  /** What stands there; null for nothing. */
  readonly value: string | null;
  /** What is expected, and what is wrong, a sentence for a person. */
  readonly expected: string;
}

/** Where in a workbook something stands. */
export interface Place {
  readonly sheet: string;
  readonly row: number | null;
  readonly column?: { readonly header: string; readonly index: number };
  readonly value?: CellValue | undefined;
}

/** Collects the problems of a workbook, in the order in which they are found. */
export class Problems {
  readonly #found: Problem[] = [];

  /** All that were found, by sheet in the order of reading, then by row. */
  get all(): readonly Problem[] {
    return this.#found;
  }

  /** Adds one that must be mended. */
  error(place: Place, code: string, expected: string): void {
    this.#add('error', place, code, expected);
  }

  /** Adds one that is only worth a look. */
  warn(place: Place, code: string, expected: string): void {
    this.#add('warning', place, code, expected);
  }

  #add(severity: Problem['severity'], place: Place, code: string, expected: string): void {
    const { sheet, row, column, value } = place;
    this.#found.push({
      severity,
      code,
      sheet,
      row,
      column: column?.header ?? null,
      cell: column === undefined || row === null ? null : `${columnName(column.index)}${row}`,
      value: value === undefined ? null : shown(value),
      expected: redactText(expected),
    });
  }
}

const shownCharacters = 100;

/** A value as people see it: cut, and without passwords. */
function shown(value: CellValue): string {
  const text = redactText(textOf(value));
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}

/** A value as text: dates as ISO, numbers as Excel shows them without a format. */
export function textOf(value: CellValue): string {
  if (typeof value === 'object') return 'date' in value ? value.date : value.error;
  return typeof value === 'boolean' ? String(value).toUpperCase() : String(value);
}

/** Where a problem is, in one line. */
export function placeText({ sheet, row, column, cell }: Problem): string {
  if (row === null) return column === null ? sheet : `${sheet}, column ${JSON.stringify(column)}`;
  return column === null
    ? `${sheet}, row ${row}`
    : `${sheet}, row ${row}, column ${JSON.stringify(column)}${cell === null ? '' : ` (${cell})`}`;
}

/** A problem in one line. */
export function problemText(problem: Problem): string {
  const value = problem.value === null ? '' : ` has ${JSON.stringify(problem.value)}`;
  return `${placeText(problem)}${value}: ${problem.expected}`;
}
