/** What a statement of the binary log changes, by its first words. */
import type { Touched } from './queries.ts';
import { alterations } from './renames.ts';
import { isCutOff, type Name, StatementReader } from './statement.ts';

/** The touched objects, or `everything` where only a scan can tell. Undefined where it changes no definition. */
export type DdlEffect = Touched | 'everything' | undefined;

/** Statements that change rights, rows, or nothing. */
const others = new Set(
  'BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE XA START SET INSERT UPDATE DELETE REPLACE LOAD CALL TRUNCATE ANALYZE OPTIMIZE REPAIR CHECK CHECKSUM FLUSH GRANT REVOKE LOCK UNLOCK USE DO WITH SELECT KILL PURGE RESET INSTALL UNINSTALL'.split(
    ' ',
  ),
);
const tableKinds = new Set(['TABLE', 'TABLES', 'VIEW']);
const routineKinds = new Set(['PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT']);
/** Kinds that have no definition in the catalogue. */
const otherKinds = new Set([
  'USER',
  'ROLE',
  'SERVER',
  'TABLESPACE',
  'SEQUENCE',
  'LOGFILE',
  'INSTANCE',
  'RESOURCE',
  'UNDO',
]);
/** Kinds of objects that a CREATE, ALTER or DROP may name. */
const kinds = new Set([
  ...tableKinds,
  ...routineKinds,
  ...otherKinds,
  'INDEX',
  'DATABASE',
  'SCHEMA',
  'PACKAGE',
]);

/** Reads what a statement touches. `current`: the database that it ran in. Linear; a statement that is not understood touches everything. */
export function effectOf(sql: string, current: string): DdlEffect {
  const reader = new StatementReader(sql, current);
  const verb = reader.word();
  if (verb === undefined || others.has(verb)) return undefined;
  // A list of names may go on behind the end of what is looked at.
  const isCut = verb !== 'CREATE' && isCutOff(sql);
  if (isCut || !['RENAME', 'CREATE', 'ALTER', 'DROP'].includes(verb)) return 'everything';
  if (verb === 'RENAME') return reader.isNext(['TABLE', 'TABLES']) ? tables(reader.names(['TO'])) : undefined;
  let kind = reader.word();
  let temporary = false;
  while (kind !== undefined && !kinds.has(kind)) {
    temporary ||= kind === 'TEMPORARY';
    kind = reader.word();
  }
  return temporary ? undefined : effectOn(reader, { verb, kind: kind ?? '' });
}

function effectOn(
  reader: StatementReader,
  { verb, kind }: { readonly verb: string; readonly kind: string },
): DdlEffect {
  if (otherKinds.has(kind)) return undefined;
  if (tableKinds.has(kind)) {
    const named = verb === 'DROP' ? reader.names([]) : reader.names([]).slice(0, 1);
    if (verb !== 'ALTER' || kind !== 'TABLE') return tables(named);
    const { to } = alterations(reader);
    return tables(to === undefined ? named : [...named, to]);
  }
  if (kind === 'INDEX') return reader.skipTo('ON') ? tables(reader.names([]).slice(0, 1)) : 'everything';
  if (!routineKinds.has(kind)) return 'everything';
  const [name] = reader.names([]);
  // An event may be renamed, and then moves.
  const isMoved = verb === 'ALTER' && kind === 'EVENT';
  return name === undefined || isMoved ? 'everything' : { tables: [], routines: [name] };
}

function tables(names: readonly Name[]): DdlEffect {
  return names.length === 0 ? 'everything' : { tables: names, routines: [] };
}
