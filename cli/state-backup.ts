import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { producerLease } from '../pipeline/schedule/lease.ts';
import type { FencedStateStore, StateStore } from '../pipeline/state.ts';
import { inputOf } from '../pipeline/topics.ts';
import { backupLmdb } from '../platform/lmdb.ts';
import { faultOfLmdbFile } from '../platform/lmdb-file.ts';
import { createEmbeddedTransport } from '../transports/embedded/transport.ts';
import { topicsFolder } from './open-transport.ts';
import { clearProducers, importLines, producerLines } from './state-lines.ts';
import { ownVersion } from './version.ts';

/** Folders of a state folder that are copied: the log with topics, offsets and state, and the local catalogue where there is one. */
const folders = ['topics', 'catalog'] as const;
/** The part that is a file: what producers keep beside the topics, as `state export` writes it. */
const ofProducers = 'producers' as const;
const parts = [...folders, ofProducers] as const;
const manifestName = 'backup.json';
const producersName = 'producers.ndjson';
const manifestSchema = z.object({
  version: z.string(),
  /** ISO 8601. */
  at: z.string(),
  /** The state folder; null where the topics are elsewhere. */
  from: z.string().nullable(),
  parts: z.array(z.enum(parts)).min(1),
});

/** What a backup says of itself. */
export type BackupManifest = z.output<typeof manifestSchema>;

/** What is copied: a state folder, or undefined where the topics are elsewhere, and what producers keep where that is beside the topics. */
export interface BackupSource {
  readonly folder: string | undefined;
  readonly store: StateStore | undefined;
}

/**
 * Copies what is kept to a new folder, each folder as of one moment, while the pipeline may run. What producers keep is copied before the log, which then has
 * all that it speaks of, and the catalogue after it, so
 * that it has at least what the log counts as delivered. Nothing is at `to` until it is whole. Rejects with USAGE where there is something at
 * `to`, with STATE_UNAVAILABLE where there is nothing to copy.
 */
export async function backupState(
  { folder, store }: BackupSource,
  to: string,
  now: Date,
): Promise<BackupManifest> {
  if (existsSync(to))
    throw new StreamError('USAGE', `There is something at ${to}.`, { advice: 'Name a new folder.' });
  const there =
    folder === undefined ? [] : folders.filter((part) => existsSync(path.join(folder, part, 'data.mdb')));
  if (folder !== undefined && !there.includes('topics'))
    throw new StreamError('STATE_UNAVAILABLE', `There are no topics in ${topicsFolder(folder)}.`, {
      advice: 'Run the pipeline first, or name its state folder with --state.',
    });
  const unfinished = `${to}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  try {
    await mkdir(unfinished, { recursive: true });
    if (store !== undefined) await writeProducers(store, path.join(unfinished, producersName));
    for (const part of there) await backupLmdb(path.join(folder ?? '', part), path.join(unfinished, part));
    const manifest: BackupManifest = {
      version: ownVersion(),
      at: now.toISOString(),
      from: folder ?? null,
      parts: [...there, ...(store === undefined ? [] : [ofProducers])],
    };
    await writeFile(path.join(unfinished, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
    await rename(unfinished, to);
    return manifest;
  } catch (thrown) {
    await rm(unfinished, { recursive: true, force: true });
    throw thrown;
  }
}

/** Where a backup is put: as {@link BackupSource}, with the folder for what was there. */
export interface RestoreTarget {
  /** The state folder; nothing of the transport is put there where that keeps its topics elsewhere. */
  readonly folder: string;
  readonly isEmbedded: boolean;
  readonly store: FencedStateStore | undefined;
  /** Names of producers: processes that run them still can write nothing any more. */
  readonly producers: readonly string[];
}

/**
 * Puts a backup in the place of what is kept, which is put aside in the state folder. Rejects with GROUP_ACTIVE while a process works with it, with
 * STATE_UNAVAILABLE for what is no whole backup, and with USAGE where the configuration has no place for a part of it; nothing is changed then.
 *
 * @returns what the backup says of itself, and where what was there is now
 */
export async function restoreState(
  target: RestoreTarget,
  from: string,
  now: Date,
): Promise<{ readonly manifest: BackupManifest; readonly aside: readonly string[] }> {
  const { folder, isEmbedded } = target;
  const manifest = await readManifest(from);
  const given = folders.filter((part) => manifest.parts.includes(part));
  for (const part of given) {
    const fault = faultOfLmdbFile(path.join(from, part, 'data.mdb'));
    if (fault !== undefined)
      throw new StreamError('STATE_UNAVAILABLE', `The ${part} of the backup ${from} are damaged: ${fault}.`);
  }
  refuseMisfit(manifest, target);
  if (isEmbedded) await refuseWhileUsed(folder);
  const suffix = `before-${now.toISOString().replaceAll(':', '')}`;
  const aside: string[] = [];
  await mkdir(folder, { recursive: true });
  if (manifest.parts.includes(ofProducers))
    aside.push(await restoreProducers(target, from, path.join(folder, `producers.${suffix}.ndjson`)));
  for (const part of given) {
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

/** Topics that would stand beside a state of another time would be taken for newer or older than they are. */
function refuseMisfit({ parts: given }: BackupManifest, { isEmbedded, store }: RestoreTarget): void {
  const misfit =
    given.includes('topics') && !isEmbedded
      ? 'It has topics, and transport.kind is not embedded.'
      : given.includes(ofProducers) && store === undefined
        ? 'It has what producers keep beside the topics, and stateStore.kind is transport or kafka.'
        : !given.includes('topics') && isEmbedded
          ? 'It has no topics, and transport.kind is embedded.'
          : undefined;
  if (misfit !== undefined)
    throw new StreamError('USAGE', `The backup is of another configuration. ${misfit}`, {
      advice:
        'Restore it with a configuration like the one that it was made with; `state export` and `state import` move it after that.',
    });
}

async function restoreProducers(
  { store, producers }: RestoreTarget,
  from: string,
  aside: string,
): Promise<string> {
  if (store === undefined) throw new StreamError('USAGE', 'There is no place for what producers keep.');
  for (const name of producers) await store.take(producerLease(name));
  await writeProducers(store, aside);
  await clearProducers(store);
  await importLines(
    { ofStages: store, ofProducers: store },
    createReadStream(path.join(from, producersName)),
  );
  return aside;
}

/** Writes what producers keep to a file, line by line. */
export async function writeProducers(state: StateStore, file: string): Promise<void> {
  const lines = async function* lines(): AsyncIterable<string> {
    for await (const line of producerLines(state)) yield `${line}\n`;
  };
  await pipeline(lines(), createWriteStream(file));
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
