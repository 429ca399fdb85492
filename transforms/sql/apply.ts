/** One statement to its effect, whatever its kind. */
import { applyDelete, applyMerge, applyUpdate } from './apply-change.ts';
import { applyInsert } from './apply-insert.ts';
import { applyRead } from './apply-read.ts';
import { applyAssign, applyCall, applyFetch } from './apply-routine.ts';
import { applyCreate, applyMove, applyTouch, applyUse } from './apply-tables.ts';
import type { Frame } from './frame.ts';
import type { Statement } from './ir.ts';
import { emptyRelation, type Relation } from './relations.ts';
import type { Resolver } from './resolver.ts';
import { type CommonTables, Scope } from './scope.ts';
import type { Session } from './session.ts';

/** Applies a statement of a script; the effect is added to the session. */
export function applyStatement(session: Session, statement: Statement): void {
  if (statement.type === 'several') {
    for (const inner of statement.statements) applyStatement(session, inner);
    return;
  }
  const effect = session.begin(statement.line, kindOf(statement));
  const resolver = session.resolver(statement.line);
  apply({ session, effect, resolver, tables: session.topTables() }, statement);
  effect.reasons.push(...resolver.reasons);
}

/** Applies a statement inside of another one, which takes over its reads and gets its output. */
export function applyNested(
  session: Session,
  statement: Statement,
  resolver: Resolver,
  tables: CommonTables,
): Relation {
  const effect = session.begin(statement.line, kindOf(statement));
  const own = session.resolver(statement.line);
  const relation = apply({ session, effect, resolver: own, tables }, statement);
  effect.reasons.push(...own.reasons);
  for (const column of relation.columns)
    for (const { table } of column.origins.values()) if (table !== '') resolver.reads.add(table);
  resolver.reads.addAll(own.reads.values());
  return relation;
}

function kindOf(statement: Statement): string {
  switch (statement.type) {
    case 'create':
      return `create-${statement.what}`;
    case 'move':
      return statement.how;
    case 'query':
      return statement.cursor === undefined ? 'select' : 'cursor';
    case 'other':
      return statement.understood ? 'other' : 'unknown';
    default:
      return statement.type;
  }
}

function apply(frame: Frame, statement: Statement): Relation {
  switch (statement.type) {
    case 'insert':
      return applyInsert(frame, statement);
    case 'update':
      return applyUpdate(frame, statement);
    case 'delete':
      return applyDelete(frame, statement);
    case 'merge':
      return applyMerge(frame, statement);
    case 'query':
      return applyRead(frame, statement);
    default:
      applySilently(frame, statement);
      return emptyRelation;
  }
}

/** Applies what hands out no rows. */
function applySilently(frame: Frame, statement: Statement): void {
  switch (statement.type) {
    case 'create':
      applyCreate(frame, statement);
      break;
    case 'move':
      applyMove(frame, statement);
      break;
    case 'truncate':
    case 'drop':
    case 'alter':
      applyTouch(frame, statement);
      break;
    case 'use':
      applyUse(frame, statement);
      break;
    case 'call':
      applyCall(frame, statement);
      break;
    case 'assign':
      applyAssign(frame, statement);
      break;
    case 'fetch':
      applyFetch(frame, statement);
      break;
    case 'evaluate':
      frame.resolver.origins(statement.expression, new Scope(frame.tables));
      frame.effect.absorb(frame.resolver, []);
      break;
    default:
      break;
  }
}
