/**
 * T-SQL to statements. It needs no `;`: a statement ends where a keyword begins the next one, unless the statement owns
 * it (INSERT its SELECT, MERGE its UPDATE, a common table its INSERT). Batches end at GO on a line of its own.
 */
import { findAtDepth } from './clauses.ts';
import { definedColumns } from './create.ts';
import type { Cursor } from './cursor.ts';
import { type Piece, pieceOf, type RoutineHead, stepOf } from './pieces.ts';
import { Branches } from './tsql-branches.ts';
import { beginsStatement, type Owner, ownsKeyword } from './tsql-keywords.ts';

/** Cuts the whole token list. */
export function splitTsql(cursor: Cursor): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = 0; at <= cursor.tokens.length; at++) {
    if (at < cursor.tokens.length && !isSeparator(cursor, at)) continue;
    new BatchSplitter(cursor, pieces, from, at).run();
    from = cursor.token(at + 1).kind === 'number' ? at + 2 : at + 1;
  }
  return pieces;
}

/** GO alone on its line, perhaps with a count. */
function isSeparator(cursor: Cursor, at: number): boolean {
  if (cursor.word(at) !== 'GO') return false;
  const { line } = cursor.token(at);
  const previous = cursor.tokens[at - 1];
  const count = cursor.token(at + 1).kind === 'number' && cursor.token(at + 1).line === line ? 1 : 0;
  const next = cursor.tokens[at + 1 + count];
  return (
    (previous === undefined || previous.line < line) &&
    (next === undefined || next.line > line || next.kind === ';')
  );
}

const statementOwners: ReadonlyMap<string, Owner> = new Map<string, Owner>([
  ['SELECT', 'select'],
  ['INSERT', 'insert'],
  ['UPDATE', 'update'],
  ['DELETE', 'delete'],
  ['MERGE', 'merge'],
  ['WITH', 'cte'],
  ['DECLARE', 'declare'],
  ['SET', 'declare'],
  ['GRANT', 'grant'],
  ['REVOKE', 'grant'],
  ['DENY', 'grant'],
  ['CREATE', 'ddl'],
  ['ALTER', 'ddl'],
  ['DROP', 'ddl'],
  ['RETURN', 'return'],
]);

class BatchSplitter {
  private routine: RoutineHead | undefined;
  private at: number;
  private readonly cursor: Cursor;
  private readonly pieces: Piece[];
  private readonly end: number;
  private readonly branches: Branches;

  constructor(cursor: Cursor, pieces: Piece[], from: number, end: number) {
    this.cursor = cursor;
    this.pieces = pieces;
    this.at = from;
    this.end = end;
    this.branches = new Branches(cursor, (step) => pieces.push(stepOf(step, from, this.routine)));
  }

  run(): void {
    while (this.at < this.end) {
      const before = this.at;
      this.next();
      if (this.at <= before) this.at = before + 1;
    }
    this.branches.close();
  }

  private next(): void {
    const { cursor } = this;
    const word = cursor.word(this.at);
    if (cursor.token(this.at).kind === ';') this.at++;
    else if (cursor.symbol(this.at + 1, ':') && word !== '') this.at += 2;
    else if (word === 'BEGIN') this.begin();
    else if (word === 'END') this.blockEnd();
    else if (word === 'ELSE') this.at++;
    else if (word === 'IF' || word === 'WHILE') this.condition();
    else if ((word === 'CREATE' || word === 'ALTER') && this.head()) return;
    else this.statement(statementOwners.get(word) ?? 'other');
  }

  private begin(): void {
    const { cursor } = this;
    const next = cursor.word(this.at + 1);
    if (next.startsWith('TRAN') || ['DISTRIBUTED', 'DIALOG', 'CONVERSATION'].includes(next)) {
      this.statement('other', 2);
      return;
    }
    this.branches.begin();
    if (next === 'TRY' || next === 'CATCH') this.at += 2;
    else if (next === 'ATOMIC') {
      this.at += cursor.word(this.at + 2) === 'WITH' ? 3 : 2;
      if (cursor.symbol(this.at, '(')) this.at = cursor.closeOf(this.at, this.end) + 1;
    } else this.at++;
  }

  private blockEnd(): void {
    const next = this.cursor.word(this.at + 1);
    if (next === 'CONVERSATION') this.statement('other', 2);
    else {
      this.at += next === 'TRY' || next === 'CATCH' ? 2 : 1;
      this.at = this.branches.blockEnd(this.at, this.end);
    }
  }

  private condition(): void {
    const { cursor } = this;
    const from = this.at + 1;
    const end = findAtDepth(
      cursor,
      from,
      this.end,
      (at) => cursor.token(at).kind === ';' || beginsStatement(cursor, at),
    );
    this.push('evaluate', from, end);
    this.branches.condition();
    this.at = end;
  }

  private push(kind: Piece['kind'], from: number, end: number): void {
    if (end > from) this.pieces.push(pieceOf(kind, from, end, this.routine));
  }

  private statement(owner: Owner, skip = 1): void {
    const end = this.statementEnd(this.at + skip, owner);
    this.push('statement', this.at, end);
    this.at = this.branches.statementEnd(end, this.end);
  }

  private statementEnd(from: number, first: Owner): number {
    const { cursor } = this;
    let owner = first;
    return findAtDepth(cursor, from, this.end, (at) => {
      if (cursor.token(at).kind === ';') return true;
      // Behind VALUES an INSERT takes no query any more.
      if (owner === 'insert' && cursor.word(at) === 'VALUES') owner = 'insert-body';
      if (!beginsStatement(cursor, at)) return false;
      const next = ownsKeyword(cursor, at, owner);
      if (next === undefined) return true;
      owner = next;
      return false;
    });
  }

  /** Reads the head of a procedure, function or trigger; its body goes on as statements of this batch. */
  private head(): boolean {
    const { cursor } = this;
    let at = this.at + 1;
    if (cursor.word(at) === 'OR') at += 2;
    const word = cursor.word(at);
    const kind =
      word === 'PROC' || word === 'PROCEDURE'
        ? 'procedure'
        : word === 'FUNCTION'
          ? 'function'
          : word === 'TRIGGER'
            ? 'trigger'
            : undefined;
    if (kind === undefined) return false;
    const { line } = cursor.token(this.at);
    cursor.at = at + 1;
    const name = cursor.name(this.end) ?? [];
    const afterName = cursor.at;
    const end = kind === 'function' ? this.functionHeadEnd(afterName) : this.asEnd(afterName);
    let on: RoutineHead['on'];
    if (kind === 'trigger') {
      cursor.at = findAtDepth(cursor, afterName, end, (index) => cursor.word(index) === 'ON') + 1;
      on = cursor.name(end);
    }
    const result = kind === 'function' ? this.resultTable(afterName, end) : undefined;
    const parameters: string[] = [];
    for (let index = afterName; index < end; index++)
      if (cursor.token(index).kind === 'variable') parameters.push(cursor.identifier(index));
    this.branches.close();
    this.routine = { kind, name, line, parameters, on, result };
    this.pieces.push(pieceOf('body', end, end, this.routine));
    this.at = end;
    return true;
  }

  private asEnd(from: number): number {
    const { cursor } = this;
    const end = findAtDepth(cursor, from, this.end, (at) => {
      const previous = cursor.token(at - 1);
      return (
        cursor.word(at) === 'AS' &&
        previous.kind !== 'variable' &&
        previous.upper !== 'EXECUTE' &&
        previous.upper !== 'EXEC'
      );
    });
    return Math.min(end + 1, this.end);
  }

  private functionHeadEnd(from: number): number {
    const { cursor } = this;
    return findAtDepth(cursor, from, this.end, (at) =>
      ['BEGIN', 'RETURN', 'EXTERNAL'].includes(cursor.word(at)),
    );
  }

  private resultTable(from: number, end: number): RoutineHead['result'] {
    const { cursor } = this;
    const at = findAtDepth(cursor, from, end, (index) => cursor.word(index) === 'RETURNS') + 1;
    if (cursor.token(at).kind !== 'variable') return undefined;
    cursor.at = at + 2;
    return {
      name: cursor.identifier(at),
      columns: cursor.symbol(cursor.at, '(') ? definedColumns(cursor, end) : [],
    };
  }
}
