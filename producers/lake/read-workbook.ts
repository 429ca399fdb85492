import { StreamError } from '../../pipeline/errors.ts';
import type { CellValue, Sheet, SheetRow } from '../../platform/xlsx/cells.ts';
import { columnName } from '../../platform/xlsx/cells.ts';
import { readXlsx } from '../../platform/xlsx/read-xlsx.ts';
import { type Field, structOf } from './fields.ts';

/** Bytes of a workbook as it lies in the lake. */
const maxBytes = 64_000_000;
/** Rows among which the head is looked for: titles and notes may stand above it. */
const headRows = 20;

/**
 * The columns of a workbook (.xlsx): of one sheet its columns, of several a struct for each sheet that holds anything. `read` gives the whole file. Throws
 * SOURCE_INVALID for what is no workbook, SOURCE_LIMIT for one beyond the caps.
 */
export async function readWorkbook(
  file: { readonly path: string; readonly bytes: number },
  read: () => Promise<Uint8Array>,
): Promise<readonly Field[]> {
  if (file.bytes > maxBytes)
    throw new StreamError('SOURCE_LIMIT', `it has ${file.bytes} bytes, and a workbook may have ${maxBytes}`);
  const sheets = (await readXlsx(await read(), { file: file.path })).filter(({ rows }) => rows.length > 0);
  const [only] = sheets;
  if (only === undefined) return [];
  if (sheets.length === 1) return fieldsOf(only);
  return sheets.map((sheet) => {
    const fields = fieldsOf(sheet);
    return { name: sheet.name, type: structOf(fields), nullable: null, fields };
  });
}

function fieldsOf({ rows }: Sheet): readonly Field[] {
  const at = headAt(rows);
  const head = at < 0 ? undefined : rows[at];
  const below = at < 0 ? rows : rows.slice(at + 1);
  const columns = new Set(rows.slice(Math.max(at, 0)).flatMap(({ cells }) => [...cells.keys()]));
  return [...columns]
    .sort((a, b) => a - b)
    .map((column): Field => {
      const values = below.flatMap(({ cells }) => cells.get(column) ?? []);
      const name = head?.cells.get(column);
      return {
        name: typeof name === 'string' ? name : columnName(column),
        type: typeOf(values),
        nullable: values.length < below.length ? true : null,
        fields: [],
      };
    });
}

/** The first row that can be a head: texts alone, each different, in half of the columns or more. A merged title says the same in every cell. */
function headAt(rows: readonly SheetRow[]): number {
  const first = rows.slice(0, headRows);
  const width = Math.max(...first.map(({ cells }) => cells.size));
  return first.findIndex(({ cells }) => {
    const values = [...cells.values()];
    return (
      values.length * 2 >= width &&
      values.every((value) => typeof value === 'string') &&
      new Set(values).size === values.length
    );
  });
}

/** The narrowest type of all values; text where there is none. An error such as #N/A is no value. */
function typeOf(values: readonly CellValue[]): string {
  const kinds = new Set(values.flatMap((value) => kindOf(value) ?? []));
  const only = (...allowed: readonly string[]): boolean => [...kinds].every((kind) => allowed.includes(kind));
  if (kinds.size === 0) return 'string';
  if (kinds.size === 1) return [...kinds].join('');
  if (only('bigint', 'double')) return 'double';
  return only('date', 'timestamp') ? 'timestamp' : 'string';
}

function kindOf(value: CellValue): string | undefined {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'bigint' : 'double';
  if ('error' in value) return undefined;
  if (!value.date.includes('T')) return 'time';
  return value.date.endsWith('T00:00:00.000Z') ? 'date' : 'timestamp';
}
