/** Names of tables and places: as text, as keys, and completed with the current database and schema. */
import type { Dialect } from './dialects.ts';
import { lowerOf } from './interned.ts';
import type { Name } from './ir.ts';

/** The first part of a name that is a file, folder or stage rather than a table. */
const locationMark = '\u0001';

/** A file, folder or stage as a name. It is never folded or completed. */
export function locationName(path: string): Name {
  return [locationMark, path];
}

/** True for a name made by {@link locationName}. */
export function isLocation(name: Name): boolean {
  return name[0] === locationMark;
}

/** The name for people: parts joined by dots; a location as it is. */
export function displayName(name: Name): string {
  const [first = ''] = name;
  if (first === locationMark) return name[1] ?? '';
  return name.length === 1 ? first : name.join('.');
}

/** The key under which two spellings of one name meet. */
export function nameKey(display: string, dialect: Dialect): string {
  return dialect.folding === 'preserve' ? lowerOf(display) : display;
}

/** What completes a name. */
export interface Defaults {
  readonly database: string | undefined;
  readonly schema: string | undefined;
  /** True if a name with a schema is completed with the database, too. */
  readonly full: boolean;
}

/** The name with the current database and schema before it, as far as they are known and it lacks them. */
export function completeName(name: Name, dialect: Dialect, defaults: Defaults): Name {
  const { database, schema } = defaults;
  if (isLocation(name) || isSessionName(name) || name.length > 2) return name;
  if (name.length === 2) {
    return defaults.full && database !== undefined && dialect.threeParts && name[0] !== ''
      ? [database, ...name]
      : name;
  }
  if (schema !== undefined)
    return database === undefined || !dialect.threeParts ? [schema, ...name] : [database, schema, ...name];
  if (database === undefined) return name;
  return dialect.tsql ? [database, '', ...name] : [database, ...name];
}

/** True for names that live in a session: `#t`, `@t`, `tempdb..#t`. */
export function isSessionName(name: Name): boolean {
  const last = name.at(-1) ?? '';
  return last.startsWith('#') || (last.startsWith('@') && name.length === 1);
}

/** Schemas of the system: what is read there describes objects and is no data. */
const systemSchemas: ReadonlySet<string> = new Set([
  'sys',
  'information_schema',
  'pg_catalog',
  'performance_schema',
  'pg_toast',
]);
const systemTables: ReadonlySet<string> = new Set([
  'dual',
  'sysobjects',
  'syscolumns',
  'sysindexes',
  'sysibm.sysdummy1',
]);

/** True if the name is part of the system catalogue. */
export function isSystemName(name: Name, display: string): boolean {
  for (let at = 0; at + 1 < name.length; at++) if (systemSchemas.has(lowerOf(name[at] ?? ''))) return true;
  return (
    systemTables.has(lowerOf(name.at(-1) ?? '')) || (name.length > 1 && systemTables.has(lowerOf(display)))
  );
}
