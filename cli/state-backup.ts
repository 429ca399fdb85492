import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { inputOf } from '../pipeline/topics.ts';
import { backupLmdb } from '../platform/lmdb.ts';
import { faultOfLmdbFile } from '../platform/lmdb-file.ts';
import { createEmbeddedTransport } from '../transports/embedded/transport.ts';
import { topicsFolder } from './open-transport.ts';
import { ownVersion } from './version.ts';

/** What a backup holds: the log with topics, offsets and state, and the local catalogue where there is one. */
const parts = ['topics', 'catalog'] as const;
const manifestName = 'backup.json';
const manifestSchema = z.object({
  version: z.string(),
  /** ISO 8601. */
  at: z.string(),
  from: z.string(),
  parts: z.array(z.enum(parts)).min(1),
});

/** What a backup says of itself. */
export type BackupManifest = z.output<typeof manifestSchema>;

/**
 * Copies what a state folder holds to a new folder, each part as of one moment, while the pipeline may run. The catalogue is copied after the log, so
 * that it has at least what the log counts as delivered. Nothing is at `to` until it is whole. Rejects with USAGE where there is something at
 * `to`, with STATE_UNAVAILABLE where there is nothing to copy.
 */
export async function backupState(folder: string, to: string, now: Date): Promise<BackupManifest> {
  if (existsSync(to))
    throw new StreamError('USAGE', `There is something at ${to}.`, { advice: 'Name a new folder.' });
  const there = parts.filter((part) => existsSync(path.join(folder, part, 'data.mdb')));
  if (!there.includes('topics'))
    throw new StreamError('STATE_UNAVAILABLE', `There are no topics in ${topicsFolder(folder)}.`, {
      advice: 'Run the pipeline first, or name its state folder with --state.',
    });
  const unfinished = `${to}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  try {
    for (const part of there) await backupLmdb(path.join(folder, part), path.join(unfinished, part));
    const manifest = { version: ownVersion(), at: now.toISOString(), from: folder, parts: there };
    await writeFile(path.join(unfinished, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
    await rename(unfinished, to);
    return manifest;
  } catch (thrown) {
    await rm(unfinished, { recursive: true, force: true });
    throw thrown;
  }
}

/**
 * Puts a backup in the place of what a state folder holds, which is put aside beside it. Rejects with GROUP_ACTIVE while a process works with it, and
 * with STATE_UNAVAILABLE for what is no whole backup; nothing is changed then.
 *
 * @returns what the backup says of itself, and where what was there is now
 */
export async function restoreState(
  folder: string,
  from: string,
  now: Date,
): Promise<{ readonly manifest: BackupManifest; readonly aside: readonly string[] }> {
  const manifest = await readManifest(from);
  for (const part of manifest.parts) {
    const fault = faultOfLmdbFile(path.join(from, part, 'data.mdb'));
    if (fault !== undefined)
      throw new StreamError('STATE_UNAVAILABLE', `The ${part} of the backup ${from} are damaged: ${fault}.`);
  }
  await refuseWhileUsed(folder);
  const suffix = `before-${now.toISOString().replaceAll(':', '')}`;
  const aside: string[] = [];
  await mkdir(folder, { recursive: true });
  for (const part of manifest.parts) {
    const at = path.join(folder, part);
    const copied = `${at}.restoring`;
    await rm(copied, { recursive: true, force: true });
    await cp(path.join(from, part), copied, { recursive: true });
    if (existsSync(at)) {
      await rename(at, `${at}.${suffix}`);
      aside.push(`${at}.${suffix}`);
    }
    await rename(copied, at);
  }
  return { manifest, aside };
}

/** Rejects with GROUP_ACTIVE while a stage runs on the log of a folder. */
export async function refuseWhileUsed(folder: string): Promise<void> {
  if (!existsSync(topicsFolder(folder))) return;
  const log = createEmbeddedTransport({ folder: topicsFolder(folder) });
  try {
    const names = await log.admin.topics();
    for (const { topic, group } of Object.values(inputOf)) {
      if (!names.includes(topic) || (await log.admin.members(topic, group)) === 0) continue;
      throw new StreamError('GROUP_ACTIVE', `A process works with ${folder} (${group}).`, {
        advice: 'Stop every process of the pipeline first; one that was killed counts for 30 s.',
      });
    }
  } finally {
    await log.close();
  }
}

async function readManifest(from: string): Promise<BackupManifest> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(path.join(from, manifestName), 'utf8')));
  } catch (thrown) {
    throw new StreamError('STATE_UNAVAILABLE', `${from} is no whole backup: ${messageOf(thrown)}.`, {
      cause: thrown,
      advice: 'Name a folder that `state backup` has made.',
    });
  }
}
