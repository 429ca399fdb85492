/** Parts that data-changing statements share: SET lists, OUTPUT and RETURNING. */
import { columnList, commaRanges, endsQuery, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { scanExpression } from './expression.ts';
import type { Assignment, Output } from './ir.ts';
import { beginsQuery } from './query.ts';
import { readItems } from './select-list.ts';
import { words } from './words.ts';

const assignmentEnds = words('FROM WHERE OUTPUT OPTION RETURNING WHEN LIMIT ORDER DELETE LOG');
const assigning: ReadonlySet<string> = new Set(['=', '+=', '-=', '*=', '/=', ':=', '%=', '|=', '&=', '^=']);
const operators: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '&', '|', '^', '||']);
const outputEnds = words('INTO SELECT VALUES EXEC EXECUTE WITH FROM WHERE OPTION OUTPUT DEFAULT SET ON BULK');

/** Reads `a = x, t.b = y, (c, d) = (…)`; the cursor stands on the first column. */
export function readAssignments(cursor: Cursor, end: number): readonly Assignment[] {
  const stop = findAtDepth(
    cursor,
    cursor.at,
    end,
    (at) =>
      endsQuery(cursor, at) ||
      (assignmentEnds.has(cursor.code(at)) && !cursor.symbol(at - 1, '.') && !cursor.symbol(at + 1, '.')),
  );
  const list: Assignment[] = [];
  for (const [from, to] of commaRanges(cursor, cursor.at, stop)) {
    list.push(...readAssignment(cursor, from, to));
  }
  cursor.at = stop;
  return list;
}

/** `+=` is one token; of `%=` and `+ =` the operator stands before the sign. */
function isCompound(cursor: Cursor, sign: number): boolean {
  const { text } = cursor.token(sign);
  if (text !== '=') return text !== ':=';
  const before = cursor.token(sign - 1);
  return before.kind === 'operator' && operators.has(before.text);
}

function findSign(cursor: Cursor, from: number, end: number): number {
  return findAtDepth(cursor, from, end, (at) => {
    const token = cursor.token(at);
    return token.kind === 'operator' && assigning.has(token.text);
  });
}

function readAssignment(cursor: Cursor, from: number, end: number): readonly Assignment[] {
  let start = from;
  let sign = findSign(cursor, from, end);
  if (sign >= end) return [];
  if (cursor.token(from).kind === 'variable' && sign === from + 1) {
    // T-SQL: `@old = column = value`.
    const second = findSign(cursor, sign + 1, end);
    if (second >= end) return [];
    start = sign + 1;
    sign = second;
  }
  if (cursor.symbol(start, '(')) {
    const columns = commaRanges(cursor, start + 1, cursor.closeOf(start, end)).map(([, to]) =>
      cursor.identifier(to - 1),
    );
    return readTuple(cursor, columns, [sign + 1, end]);
  }
  const expression = scanExpression(cursor, sign + 1, end);
  const parts: string[] = [];
  for (let at = start; at < sign; at++) if (cursor.isName(at)) parts.push(cursor.identifier(at));
  const column = parts.pop();
  if (column === undefined) return [];
  const plain = { qualifier: parts, columns: [column], expression };
  return [isCompound(cursor, sign) ? { ...plain, compound: true } : plain];
}

/** `(a, b) = (x, y)` sets each by its own value, `(a, b) = (SELECT …)` all by a query. */
function readTuple(
  cursor: Cursor,
  columns: readonly string[],
  [from, end]: readonly [number, number],
): readonly Assignment[] {
  const open = cursor.word(from) === 'ROW' ? from + 1 : from;
  const isGroup = cursor.symbol(open, '(') && cursor.closeOf(open, end) === end - 1;
  const values = isGroup && !beginsQuery(cursor, open) ? commaRanges(cursor, open + 1, end - 1) : [];
  if (values.length !== columns.length)
    return [{ qualifier: [], columns, expression: scanExpression(cursor, from, end) }];
  return values.map(([start, stop], at) => ({
    qualifier: [],
    columns: columns.slice(at, at + 1),
    expression: scanExpression(cursor, start, stop),
  }));
}

/** Reads every OUTPUT and RETURNING at the cursor; the target of INTO may be missing. */
export function readOutputs(cursor: Cursor, end: number): readonly Output[] {
  const outputs: Output[] = [];
  while (cursor.at < end && cursor.is('OUTPUT', 'RETURNING')) {
    const isReturning = cursor.is('RETURNING');
    cursor.at++;
    const stop = findAtDepth(
      cursor,
      cursor.at,
      end,
      (at) => outputEnds.has(cursor.code(at)) && !cursor.symbol(at - 1, '.'),
    );
    const items = readItems(cursor, cursor.at, stop);
    cursor.at = stop;
    cursor.eatAll('BULK', 'COLLECT');
    if (isReturning && cursor.eat('INTO')) {
      outputs.push({ items, into: undefined, columns: [], variables: readVariables(cursor, end) });
      continue;
    }
    const into = cursor.eat('INTO') ? cursor.name(end) : undefined;
    const grouped = cursor.symbol(cursor.at, '(') && !['SELECT', 'WITH'].includes(cursor.word(cursor.at + 1));
    outputs.push({ items, into, columns: into !== undefined && grouped ? columnList(cursor, end) : [] });
  }
  return outputs;
}

/** Reads `a, :b, rec.c` as variables; a field keeps its dot. */
export function readVariables(cursor: Cursor, end: number): readonly string[] {
  const names: string[] = [];
  for (;;) {
    if (cursor.symbol(cursor.at, ':')) cursor.at++;
    const name = cursor.name(end);
    if (name === undefined) return names;
    names.push(name.join('.'));
    // An element of a collection.
    cursor.skipGroup(end);
    if (!cursor.symbol(cursor.at, ',')) return names;
    cursor.at++;
  }
}
