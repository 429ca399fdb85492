import { rm } from 'node:fs/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../examples/retail/postgres/embedded.ts';
import { copyOfRun } from './copy-of-run.ts';

/**
 * A PostgreSQL with an empty cluster, which is deleted when the server ends. The cluster is a copy of one that is made once in a test run: to make
 * one costs two seconds of a processor. So all of them have the same system identifier. `settings` are those of the server.
 */
export async function startFreshPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres> {
  const home = await copyOfRun('postgres', async (folder) => (await startEmbeddedPostgres(folder)).stop());
  const server = await startEmbeddedPostgres(home, settings);
  const ended = server.ended.then(() => rm(home, { recursive: true, force: true }));
  return {
    ...server,
    ended,
    stop: async () => {
      await server.stop();
      await ended;
    },
  };
}
