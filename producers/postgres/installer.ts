import { DatabaseError, escapeIdentifier } from 'pg';
import type { InstallAction, SourceInstaller } from '../../pipeline/component.ts';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { installStatements, uninstallStatements } from './capture.ts';
import { connect, sourceError } from './connection.ts';
import type { PostgresSource } from './options.ts';
import { dropSlotStatement, publishStatements, slotOf, unpublishStatement } from './slots.ts';

/** SQLSTATE of a missing right (PostgreSQL documentation, appendix "Error Codes"). */
const insufficientPrivilege = '42501';
/** SQLSTATE of a slot that somebody reads. */
const objectInUse = '55006';
/** SQLSTATE of what our own statements refuse. */
const raised = 'P0001';

/**
 * Installs and removes the capture of changes in every database of a source, each in one transaction. A slot is dropped before that: it cannot be
 * within one that writes.
 */
export function postgresInstaller(source: PostgresSource): SourceInstaller {
  return {
    where: `${source.databases.join(', ')} at ${source.host}:${source.port}, as ${source.user}`,
    actions: ['install', 'uninstall', 'drop-slot'],
    script: (action) =>
      source.databases
        .map((database) => {
          const { first, inOne } = statementsOf(source, { database, action });
          const all = inOne.length === 0 ? first : [...first, 'BEGIN', ...inOne, 'COMMIT'];
          const lines = all.map((statement) => `${statement};`);
          return [`\\connect ${escapeIdentifier(database)}`, ...lines].join('\n');
        })
        .join('\n\n'),
    run: async (action, signal) => {
      for (const database of source.databases)
        await runAll(source, { database, ...statementsOf(source, { database, action }) }, signal);
    },
  };
}

interface Statements {
  /** Each by itself. */
  readonly first: readonly string[];
  /** All in one transaction. */
  readonly inOne: readonly string[];
}

function statementsOf(
  source: PostgresSource,
  { database, action }: { readonly database: string; readonly action: InstallAction },
): Statements {
  const dropSlot = [dropSlotStatement(slotOf(source, database))];
  if (action === 'drop-slot') return { first: dropSlot, inOne: [] };
  if (action === 'uninstall') return { first: dropSlot, inOne: [unpublishStatement, ...uninstallStatements] };
  const publish = source.follow === 'replication' ? publishStatements : [];
  return { first: [], inOne: [...installStatements(source.user), ...publish] };
}

async function runAll(
  source: PostgresSource,
  { database, first, inOne }: Statements & { readonly database: string },
  signal: AbortSignal,
): Promise<void> {
  const client = await connect(source, database, signal);
  try {
    const all = inOne.length === 0 ? first : [...first, 'BEGIN', ...inOne, 'COMMIT'];
    for (const statement of all) {
      try {
        await client.query(statement);
      } catch (thrown) {
        throw refusal(thrown, source, { database, statement });
      }
    }
  } catch (thrown) {
    signal.throwIfAborted();
    throw sourceError(thrown, source, database);
  } finally {
    await client.end();
  }
}

/** A missing right, told with the statement that needs it; anything else as it is. */
function refusal(
  thrown: unknown,
  { user }: PostgresSource,
  { database, statement }: { readonly database: string; readonly statement: string },
): unknown {
  if (!(thrown instanceof DatabaseError)) return thrown;
  if (thrown.code === objectInUse)
    return new StreamError('SOURCE_REFUSED', `${messageOf(thrown)} in ${database}.`, {
      cause: thrown,
      advice: 'Stop the producer that reads by this slot first. Nothing was changed there.',
    });
  if (thrown.code === raised && thrown.hint !== undefined)
    return new StreamError('SOURCE_REFUSED', `${messageOf(thrown)} in ${database}.`, {
      cause: thrown,
      advice: thrown.hint,
    });
  if (thrown.code !== insufficientPrivilege) return thrown;
  const [what = ''] = statement.split('\n');
  const said = [messageOf(thrown), thrown.hint].filter((text) => text !== undefined).join('. ');
  return new StreamError('SOURCE_REFUSED', `The role ${user} may not: ${what} in ${database}: ${said}.`, {
    cause: thrown,
    advice:
      'Nothing was changed there. It needs CREATE on the database and the right to create event triggers (a superuser has both): let such a role run what --dry-run prints.',
  });
}
