/** One statement from its tokens. What is not known becomes `other`; what is known but malformed is not understood. */
import { readCall, readDo, readNamed } from './calls.ts';
import { readDelete, readMerge, readUpdate } from './change.ts';
import { findAtDepth } from './clauses.ts';
import {
  readDeclare,
  readEvaluate,
  readFetch,
  readOpen,
  readPrepare,
  readRead,
  readReturn,
  readSet,
  readUse,
} from './commands.ts';
import { readCache, readCreate } from './create.ts';
import type { Cursor } from './cursor.ts';
import { readChanges } from './flows.ts';
import { readFrom } from './from.ts';
import { readInsert } from './insert.ts';
import type { CommonTable, Name, Query, Source, Statement } from './ir.ts';
import { beginsQuery } from './query.ts';
import { readAlter, readCopy, readExport, readLoad, readRename, readTouch, readUnload } from './tables.ts';
import { readWith } from './with.ts';
import { words } from './words.ts';

type Reader = (cursor: Cursor, end: number, tables: readonly CommonTable[]) => Statement;

const evaluate: Reader = (cursor, end) => readEvaluate(cursor, cursor.at + 1, end);

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['INSERT', readInsert],
  ['INS', readInsert],
  ['REPLACE', readReplace],
  ['UPSERT', readInsert],
  ['UPDATE', readUpdate],
  ['DELETE', readDelete],
  ['DEL', readDelete],
  ['LOCKING', readLocking],
  ['MERGE', readMerge],
  ['CREATE', readCreate],
  ['CACHE', readCache],
  ['ALTER', readAlter],
  ['RENAME', readRename],
  ['TRUNCATE', (cursor, end) => readTouch(cursor, end, 'truncate')],
  ['DROP', (cursor, end) => readTouch(cursor, end, 'drop')],
  ['COPY', readCopy],
  ['UNLOAD', readUnload],
  ['BULK', readLoad],
  ['LOAD', readLoad],
  ['EXEC', readCall],
  ['EXECUTE', readCall],
  ['CALL', readCall],
  ['PREPARE', readPrepare],
  ['EXPORT', readExport],
  ['APPLY', readChanges],
  ['AUTO', readChanges],
  ['DO', readDo],
  ['DECLARE', readDeclare],
  ['LET', readDeclare],
  ['SET', readSet],
  ['FETCH', readFetch],
  ['OPEN', readOpen],
  ['RETURN', readReturn],
  ['USE', readUse],
  ['IF', evaluate],
  ['WHILE', evaluate],
  ['PRINT', evaluate],
  ['PERFORM', evaluate],
  ['RAISERROR', evaluate],
  ['FROM', readFromFirst],
]);

/** Words that begin statements without lineage. */
const silent = words(`
  GRANT REVOKE DENY COMMIT ROLLBACK SAVE SAVEPOINT BEGIN START END CLOSE DEALLOCATE GOTO BREAK CONTINUE WAITFOR DBCC BACKUP RESTORE KILL
  CHECKPOINT ENABLE DISABLE REVERT RECONFIGURE THROW RAISE SIGNAL RESIGNAL LEAVE ITERATE EXIT NULL ANALYZE ANALYSE VACUUM EXPLAIN DESCRIBE DESC SHOW
  REFRESH UNCACHE ADD COMMENT LOCK UNLOCK RESET LIST REMOVE PUT GET MSCK OPTIMIZE REINDEX CLUSTER DISCARD NOTIFY LISTEN CLEAR REPAIR
  FLUSH CHECKSUM PURGE COLLECT BT ET COMPUTE INVALIDATE UNSET UNLISTEN REASSIGN SECURITY PROMPT LS RM GENERATE DATABASE
  UNDROP ASSERT PRAGMA ATTACH DETACH CHECK IMPORT READTEXT WRITETEXT SHUTDOWN SETUSER USING LOOP
`);

/** True if the word begins a statement, rather than a declaration that goes without DECLARE. */
export function isStatementWord(cursor: Cursor, at: number): boolean {
  const word = cursor.word(at);
  return (
    readers.has(word) ||
    silent.has(cursor.code(at)) ||
    word === 'SELECT' ||
    word === 'WITH' ||
    word === 'VALUES'
  );
}

/** Reads the statement in [from, end). */
export function readStatement(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  const tables = readWith(cursor, end);
  const reader = readers.get(cursor.word(cursor.at));
  if (tables.length > 0) {
    if (reader !== undefined) {
      const statement = reader(cursor, end, tables);
      return statement.line === line && statement.with.length > 0
        ? statement
        : { ...statement, line, with: statement.with.length === 0 ? tables : statement.with };
    }
    const read = readRead(cursor, end);
    return {
      type: 'query',
      query: read.query,
      cursor: undefined,
      into: [],
      line,
      with: tables,
    };
  }
  if (
    cursor.symbol(cursor.at + 1, ':=') ||
    (cursor.token(cursor.at).kind === 'variable' && cursor.symbol(cursor.at + 1, '='))
  )
    return readSet(cursor, end);
  if (reader !== undefined) return reader(cursor, end, tables);
  if (beginsQuery(cursor, cursor.at) || cursor.word(cursor.at) === 'SEL') return readRead(cursor, end);
  return readUnknown(cursor, end, line);
}

/** `REPLACE VIEW`, `REPLACE TABLE` (Teradata, Spark) make something anew; MySQL's REPLACE inserts. */
function readReplace(cursor: Cursor, end: number, tables: readonly CommonTable[]): Statement {
  const makes =
    made.has(cursor.code(cursor.at + 1)) && cursor.isName(cursor.at + 2) && !cursor.dialect.hashComment;
  return makes ? readCreate(cursor, end) : readInsert(cursor, end, tables);
}

const made = words('VIEW TABLE');

/** Teradata: `LOCKING ROW FOR ACCESS SELECT …`. */
function readLocking(cursor: Cursor, end: number): Statement {
  const { line } = cursor.token(cursor.at);
  cursor.at = findAtDepth(cursor, cursor.at, end, (at) => lockable.has(cursor.code(at)));
  return cursor.at < end ? readStatement(cursor, end) : { type: 'other', understood: true, line, with: [] };
}

const lockable = words('SELECT SEL WITH INSERT INS UPDATE DELETE DEL MERGE');

function readUnknown(cursor: Cursor, end: number, line: number): Statement {
  if (silent.has(cursor.code(cursor.at))) return { type: 'other', understood: true, line, with: [] };
  // `record.field := value` and a bare call, `package.procedure(…);`.
  if (
    findAtDepth(cursor, cursor.at, Math.min(end, cursor.at + 8), (at) => cursor.symbol(at, ':=')) <
    Math.min(end, cursor.at + 8)
  )
    return readSet(cursor, end);
  if (cursor.isName(cursor.at) && end > cursor.at) {
    const name = cursor.name(end);
    if (name !== undefined && isBareCall(cursor, name, end))
      return readNamed(cursor, end, { name, line, into: [] });
  }
  return { type: 'other', understood: false, line, with: [] };
}

/** True behind the name of a routine that is called without CALL; the first statement of a T-SQL batch may go without EXEC. */
function isBareCall(cursor: Cursor, name: Name, end: number): boolean {
  const { dialect } = cursor;
  const grouped = cursor.symbol(cursor.at, '(');
  if (dialect.tsql && !grouped)
    return cursor.at >= end || ['string', 'number', 'variable'].includes(cursor.token(cursor.at).kind);
  const whole = cursor.at >= end || (grouped && cursor.closeOf(cursor.at, end) >= end - 1);
  return whole && (name.length > 1 || grouped || dialect.name === 'oracle');
}

/** Hive: `FROM source INSERT … SELECT … INSERT … SELECT …`; also a query with FROM first. */
function readFromFirst(cursor: Cursor, end: number, tables: readonly CommonTable[]): Statement {
  const line = cursor.token(cursor.at).line;
  const start = cursor.at;
  const inserts: number[] = [];
  for (let at = start; at < end; at++) {
    at = findAtDepth(cursor, at, end, (index) => cursor.word(index) === 'INSERT');
    if (at < end) inserts.push(at);
  }
  if (inserts.length === 0) return readRead(cursor, end);
  const { sources, joins } = readFrom(cursor, inserts[0] ?? end);
  const statements = inserts.map((at, index): Statement => {
    cursor.at = at;
    const statement = readInsert(cursor, inserts[index + 1] ?? end, tables);
    return statement.type === 'insert' && statement.query !== undefined
      ? { ...statement, query: withSources(statement.query, sources, joins) }
      : statement;
  });
  cursor.at = end;
  return { type: 'several', statements, line, with: [] };
}

function withSources(query: Query, from: readonly Source[], joins: Parameters<typeof withJoins>[1]): Query {
  return {
    ...query,
    branches: query.branches.map((branch) =>
      branch.type === 'select' ? withJoins({ ...branch, from: [...from, ...branch.from] }, joins) : branch,
    ),
  };
}

function withJoins(
  branch: Extract<Query['branches'][number], { type: 'select' }>,
  joins: typeof branch.joins,
): typeof branch {
  return { ...branch, joins };
}
