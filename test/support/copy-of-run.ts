import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { folderOfRun } from './cli.ts';

const run = promisify(execFile);

/**
 * A temporary folder with a copy of what `make` puts into a folder, which it does once in a test run. Processes may come here together: the first
 * whose folder is in its place has made it for all.
 */
export async function copyOfRun(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const prefix = path.join(tmpdir(), `purview-streams-${name}-`);
  const place = path.join(folderOfRun(), name);
  if (!existsSync(place)) {
    const made = await mkdtemp(prefix);
    await make(made);
    await rename(made, place).catch(async (thrown: unknown) => {
      if (!existsSync(place)) throw thrown;
      await rm(made, { recursive: true, force: true });
    });
  }
  const home = await mkdtemp(prefix);
  // The files may belong to the user that a server runs as, which node:fs does not copy.
  await run('cp', ['-a', `${place}/.`, home]);
  return home;
}
