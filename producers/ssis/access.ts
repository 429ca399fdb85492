import type { Scope } from './expressions.ts';

/** Takes a warning of a component. */
export type Warn = (code: string, message: string) => void;

/** What a component of a database reads or writes: a table's name, or SQL. */
export interface Access {
  readonly table: string | undefined;
  readonly sql: string | undefined;
}

/**
 * Table or SQL of a component, by its access mode: 0 table, 1 table in a variable, 2 SQL, 3 SQL in a variable (of a destination: a table, fast), 4 table in a
 * variable, fast (OLE DB Source and Destination, Microsoft's documentation of their custom properties). Components without a mode have the one or the other.
 */
export function accessOf(
  properties: ReadonlyMap<string, string>,
  scope: Scope,
  { isDestination, warn }: { readonly isDestination: boolean; readonly warn: Warn },
): Access {
  const get = (...names: readonly string[]): string | undefined =>
    names.map((name) => properties.get(name)).find((value) => value !== undefined && value !== '');
  const variable = (name: string | undefined): string | undefined => {
    const value = name === undefined ? undefined : scope.value(name);
    if (value !== undefined && value !== '') return value;
    warn('unresolved-variable', `the variable ${name ?? ''} has no value before it runs.`);
    return undefined;
  };
  const tableOnly = (table: string | undefined): Access => ({ table, sql: undefined });
  const table = get('OpenRowset', 'TableOrViewName', 'TableName');
  const sql = get('SqlCommand', 'SqlStatement');
  const mode = get('AccessMode');
  const named = get('OpenRowsetVariable');
  if (isDestination) {
    if (mode === '2' && sql !== undefined) {
      warn('destination-by-query', 'it writes by a query, which is not followed.');
      return tableOnly(undefined);
    }
    return tableOnly(named !== undefined && (mode === '1' || mode === '4') ? variable(named) : table);
  }
  if (mode === '3') return { table: undefined, sql: variable(get('SqlCommandVariable')) };
  if (mode === '1' && named !== undefined) return tableOnly(variable(named));
  return mode === '0' && table !== undefined ? tableOnly(table) : { table, sql };
}
