import type { InstallAction, SourceInstaller } from '../../pipeline/component.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { captureSchema, installBatches, uninstallBatches } from './capture.ts';
import type { RunQuery, WithDatabase } from './connection.ts';
import { databasesOf, type SqlServerOptions } from './options.ts';

/** Installs and removes the capture of changes in every database of a source, each in one transaction. */
export function sqlServerInstaller(options: SqlServerOptions, withDatabase: WithDatabase): SourceInstaller {
  const { host, port, user } = options;
  const who = user ?? 'the identity that signs in';
  const batches: Readonly<Record<InstallAction, readonly string[]>> = {
    install: installBatches(user),
    uninstall: uninstallBatches,
    'drop-slot': [],
  };
  const databases = databasesOf(options);
  return {
    where: `${databases.join(', ')} at ${host}:${port}, as ${who}`,
    actions: ['install', 'uninstall'],
    script: (action) => {
      // Azure SQL knows no USE.
      const lines = databases.map((database) =>
        [`-- Connected to the database ${JSON.stringify(database)}:`, ...batches[action]].join('\nGO\n'),
      );
      const grant =
        action === 'install' && user === undefined
          ? `\n-- Then, to the user of the identity that reads, where it is not dbo:\n-- GRANT SELECT ON ${captureSchema}.ddl_outbox TO [user]; GRANT EXECUTE ON ${captureSchema}.forget TO [user];`
          : '';
      return `${lines.join('\nGO\n')}\nGO${grant}`;
    },
    run: async (action, signal) => {
      for (const database of databases)
        await withDatabase(database, signal, (query) => runAll(query, batches[action], { database, who }));
    },
  };
}

/** A connection that ends within the transaction leaves nothing of it. */
async function runAll(
  query: RunQuery,
  batches: readonly string[],
  { database, who }: { readonly database: string; readonly who: string },
): Promise<void> {
  await query('SET XACT_ABORT ON; BEGIN TRANSACTION');
  for (const batch of batches) {
    try {
      await query(batch);
    } catch (thrown) {
      throw refusal(thrown, { database, who, batch });
    }
  }
  await query('COMMIT TRANSACTION');
}

/** Numbers of errors that say that a right is missing, or that it may be ("or you do not have permission"). */
const refused = new Set([229, 262, 297, 300, 916, 1088, 2760, 2797, 15151, 15247]);

/** A missing right, told with the batch that needs it; anything else as it is. */
function refusal(
  thrown: unknown,
  { database, who, batch }: { readonly database: string; readonly who: string; readonly batch: string },
): unknown {
  if (!(thrown instanceof Error) || !('number' in thrown) || !refused.has(Number(thrown.number)))
    return thrown;
  const [what = ''] = batch.split('\n');
  return new StreamError('SOURCE_REFUSED', `${who} may not: ${what} in ${database}: ${thrown.message}`, {
    cause: thrown,
    advice:
      'Nothing was changed there. It needs the role db_owner: let one who has it run what --dry-run prints.',
  });
}
