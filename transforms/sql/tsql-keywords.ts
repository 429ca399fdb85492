/** Which T-SQL keywords begin a statement, and which the current statement owns. */
import type { Cursor } from './cursor.ts';
import { words } from './words.ts';

/** The statement (or part of one) that decides what the next keyword means. */
export type Owner =
  | 'select'
  | 'insert'
  | 'insert-body'
  | 'update'
  | 'set'
  | 'delete'
  | 'merge'
  | 'cte'
  | 'cte-insert'
  | 'declare'
  | 'grant'
  | 'ddl'
  | 'return'
  | 'other';

const starts = words(`
  SELECT INSERT UPDATE DELETE MERGE WITH TRUNCATE CREATE ALTER DROP EXEC EXECUTE DECLARE SET IF WHILE BEGIN END ELSE RETURN PRINT
  RAISERROR THROW COMMIT ROLLBACK SAVE OPEN FETCH CLOSE DEALLOCATE USE GRANT REVOKE DENY GOTO BREAK CONTINUE WAITFOR BULK DBCC BACKUP
  RESTORE KILL CHECKPOINT COPY RENAME ENABLE DISABLE REVERT RECONFIGURE
`);
const notCommonTables = words(
  'SCHEMABINDING ENCRYPTION RECOMPILE EXECUTE RESULT NOCHECK CHECK VALUES TIES ROLLUP CUBE NOLOCK',
);
/** Words that are no statement unless they begin a line or follow `;`. */
const lineStarters = words('KILL CHECKPOINT REVERT RECONFIGURE BACKUP RESTORE');
const objects = words(`
  TABLE VIEW PROCEDURE PROC FUNCTION INDEX SCHEMA TYPE TRIGGER COLUMN CONSTRAINT SYNONYM SEQUENCE USER ROLE DATABASE STATISTICS LOGIN
  ASSEMBLY EXTERNAL RULE DEFAULT QUEUE SERVICE SECURITY
`);
/** Objects that ALTER … DROP and ALTER … ALTER mean; any other object begins a statement. */
const wholeObjects = words(
  'TABLE PROCEDURE PROC VIEW FUNCTION TRIGGER TYPE SCHEMA SEQUENCE SYNONYM DATABASE',
);
const joinSides = words('INNER LEFT RIGHT FULL OUTER');
const followers: ReadonlyMap<string, (word: string, kind: string) => boolean> = new Map([
  ['RENAME', (word: string) => word === 'OBJECT'],
  ['COPY', (word: string) => word === 'INTO'],
  ['BULK', (word: string) => word === 'INSERT'],
  ['ENABLE', (word: string) => word === 'TRIGGER'],
  ['DISABLE', (word: string) => word === 'TRIGGER'],
  ['SAVE', (word: string) => word.startsWith('TRAN')],
  ['OPEN', (_: string, kind: string) => kind === 'word' || kind === 'variable' || kind === 'quoted'],
  ['CLOSE', (_: string, kind: string) => kind === 'word' || kind === 'variable' || kind === 'quoted'],
  ['UPDATE', (_: string, kind: string) => kind !== '('],
  ['DELETE', (_: string, kind: string) => kind !== '('],
  ['MERGE', (word: string) => word !== 'JOIN'],
  ['THROW', (_: string, kind: string) => kind !== '(' && kind !== ','],
]);

const hasFollower = words([...followers.keys()].join(' '));

/** True if a statement may begin at the index. */
export function beginsStatement(cursor: Cursor, at: number): boolean {
  const { upper: word, code } = cursor.token(at);
  if (!starts.has(code)) return false;
  const previous = cursor.token(at - 1);
  const next = cursor.token(at + 1);
  if (previous.kind === '.' || (next.kind === '.' && word !== 'SELECT')) return false;
  if (word === 'WITH') return beginsCommonTable(cursor, at);
  const follower = hasFollower.has(code) ? followers.get(word) : undefined;
  if (follower !== undefined && !follower(next.upper, next.kind)) return false;
  if (lineStarters.has(code))
    return previous.kind === ';' || starts.has(previous.code) || previous.line < cursor.token(at).line;
  return true;
}

function beginsCommonTable(cursor: Cursor, at: number): boolean {
  const name = cursor.token(at + 1);
  if (name.kind !== 'word' && name.kind !== 'quoted') return false;
  if (notCommonTables.has(name.code)) return false;
  return cursor.word(at + 2) === 'AS' ? cursor.symbol(at + 3, '(') : cursor.symbol(at + 2, '(');
}

type Rule = (owner: Owner, previous: string, cursor: Cursor, at: number) => Owner | undefined;

const keep = (owned: (owner: Owner, previous: string, cursor: Cursor, at: number) => boolean): Rule => {
  return (owner, previous, cursor, at) => (owned(owner, previous, cursor, at) ? owner : undefined);
};

const grants = words('GRANT REVOKE DENY');
const setOperators = words('UNION ALL EXCEPT INTERSECT');

const change = keep((owner, previous, cursor, at) => {
  if (previous === 'BULK') return true;
  if (previous === 'THEN') return owner === 'merge';
  return (
    (previous === 'ON' && owner !== 'declare') ||
    ['FOR', 'AFTER', 'OF'].includes(previous) ||
    (owner === 'merge' && cursor.word(at) === 'INSERT')
  );
});

const define = keep((owner, previous, cursor, at) => {
  if (previous === 'OR') return true;
  const next = cursor.code(at + 1);
  return owner === 'ddl' && cursor.word(at) !== 'CREATE' && !wholeObjects.has(next) && objects.has(next);
});

const select: Rule = (owner, previous, cursor, at) => {
  if (setOperators.has(cursor.code(at - 1))) return owner;
  if (owner === 'insert' || owner === 'cte-insert') return 'insert-body';
  if (owner === 'cte') return 'select';
  const owned =
    (owner === 'declare' && previous === 'FOR') ||
    (owner === 'ddl' && previous === 'AS') ||
    (owner === 'return' && previous === 'RETURN');
  return owned ? 'select' : undefined;
};

const commonTable: Rule = (owner, previous) => {
  if (owner === 'insert') return 'cte-insert';
  const owned =
    (owner === 'ddl' && previous === 'AS') ||
    (owner === 'declare' && previous === 'FOR') ||
    (owner === 'return' && previous === 'RETURN');
  return owned ? 'cte' : undefined;
};

const afterCommonTable: ReadonlyMap<string, Owner> = new Map<string, Owner>([
  ['INSERT', 'insert'],
  ['UPDATE', 'update'],
  ['DELETE', 'delete'],
  ['MERGE', 'merge'],
]);

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['SELECT', select],
  ['WITH', commonTable],
  [
    'EXEC',
    (owner, previous) => (owner === 'insert' ? 'insert-body' : previous === 'WITH' ? owner : undefined),
  ],
  [
    'EXECUTE',
    (owner, previous) => (owner === 'insert' ? 'insert-body' : previous === 'WITH' ? owner : undefined),
  ],
  [
    'SET',
    (owner, previous, cursor, at) => {
      if (owner === 'update') return 'set';
      if (owner === 'merge' || previous === 'DELETE' || previous === 'UPDATE') return owner;
      return owner === 'ddl' && (cursor.symbol(at + 1, '(') || cursor.word(at - 2) === 'DATABASE')
        ? owner
        : undefined;
    },
  ],
  ['UPDATE', change],
  ['DELETE', change],
  ['INSERT', change],
  ['MERGE', keep((_owner, _previous, cursor, at) => joinSides.has(cursor.code(at - 1)))],
  ['FETCH', keep((_, previous) => previous === 'ROWS' || previous === 'ROW')],
  ['CREATE', define],
  ['ALTER', define],
  ['DROP', define],
  [
    'IF',
    keep(
      (_owner, _previous, cursor, at) => cursor.word(at + 1) === 'EXISTS' && objects.has(cursor.code(at - 1)),
    ),
  ],
]);

/** The owner after the keyword, if the current statement owns it; undefined if the keyword begins another statement. */
export function ownsKeyword(cursor: Cursor, at: number, owner: Owner): Owner | undefined {
  const word = cursor.word(at);
  if (owner === 'grant' && (grants.has(cursor.code(at - 1)) || cursor.symbol(at - 1, ','))) return owner;
  const after = owner === 'cte' ? afterCommonTable.get(word) : undefined;
  if (after !== undefined) return after;
  return rules.get(word)?.(owner, cursor.word(at - 1), cursor, at);
}
