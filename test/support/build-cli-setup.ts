/** Before and after a test run: compiles the program, which many tests start as processes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from './build-cli.ts';
import { compiledFolder } from './cli.ts';
import { joinModules } from './join-modules.ts';

let folder: string | undefined;

/** Called by vitest before the first test file. */
export async function setup(): Promise<void> {
  folder = await mkdtemp(path.join(tmpdir(), 'purview-streams-cli-'));
  const dist = await build(folder);
  await joinModules(dist);
  process.env[compiledFolder] = dist;
}

/** Called by vitest after the last one. */
export async function teardown(): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
