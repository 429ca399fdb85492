import { DatabaseError, escapeIdentifier } from 'pg';
import type { SourceInstaller } from '../../pipeline/component.ts';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { installStatements, uninstallStatements } from './capture.ts';
import { connect, sourceError } from './connection.ts';
import type { PostgresSource } from './options.ts';

/** SQLSTATE of a missing right (PostgreSQL documentation, appendix "Error Codes"). */
const insufficientPrivilege = '42501';

/** Installs and removes the capture of changes in every database of a source, each in one transaction. */
export function postgresInstaller(source: PostgresSource): SourceInstaller {
  const statements = { install: installStatements(source.user), uninstall: uninstallStatements };
  return {
    where: `${source.databases.join(', ')} at ${source.host}:${source.port}, as ${source.user}`,
    script: (action) =>
      source.databases
        .map((database) => {
          const lines = ['BEGIN', ...statements[action], 'COMMIT'].map((statement) => `${statement};`);
          return [`\\connect ${escapeIdentifier(database)}`, ...lines].join('\n');
        })
        .join('\n\n'),
    run: async (action, signal) => {
      for (const database of source.databases)
        await runAll(source, { database, statements: statements[action] }, signal);
    },
  };
}

async function runAll(
  source: PostgresSource,
  { database, statements }: { readonly database: string; readonly statements: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const client = await connect(source, database, signal);
  try {
    await client.query('BEGIN');
    for (const statement of statements) {
      try {
        await client.query(statement);
      } catch (thrown) {
        throw refusal(thrown, source, { database, statement });
      }
    }
    await client.query('COMMIT');
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
  if (!(thrown instanceof DatabaseError) || thrown.code !== insufficientPrivilege) return thrown;
  const [what = ''] = statement.split('\n');
  const said = [messageOf(thrown), thrown.hint].filter((text) => text !== undefined).join('. ');
  return new StreamError('SOURCE_REFUSED', `The role ${user} may not: ${what} in ${database}: ${said}.`, {
    cause: thrown,
    advice:
      'Nothing was changed there. It needs CREATE on the database and the right to create event triggers (a superuser has both): let such a role run what --dry-run prints.',
  });
}
