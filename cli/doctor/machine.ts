import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import type { Config } from '../../pipeline/config.ts';
import { attention, failed, type Finding, lookAt, ok } from '../finding.ts';
import { topicsFolder } from '../open-transport.ts';
import { bytesText } from '../units.ts';
import { ownVersion } from '../version.ts';

/** The oldest Node.js that is tested. */
const oldestNode = [20, 19] as const;
/** Free space below which a person should look, in bytes and as a share. */
const low = { bytes: 1_000_000_000, share: 0.05 };

/** Versions of this program and of what it runs on. */
export function versions(): Finding {
  const detail = `purview-streams ${ownVersion()}, Node.js ${process.versions.node}, ${process.platform} ${process.arch}`;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
  return isOld
    ? failed('versions', detail, `run it with Node.js ${oldestNode.join('.')} or newer`)
    : ok('versions', detail);
}

/** Space where the state is kept, and how full the log of the embedded transport is. */
export async function* disk(folder: string, { transport }: Config): AsyncIterable<Finding> {
  yield await lookAt('disk', async () => {
    let at = folder;
    while (!existsSync(at) && path.dirname(at) !== at) at = path.dirname(at);
    const { bavail, blocks, bsize } = await statfs(at);
    const free = bavail * bsize;
    const detail = `${bytesText(free)} of ${bytesText(blocks * bsize)} are free for ${folder}`;
    if (free < low.bytes || free < blocks * bsize * low.share)
      return attention(
        'disk',
        detail,
        'free or enlarge it: producers are refused (TRANSPORT_FULL) when it is full',
      );
    return ok('disk', detail);
  });
  const file = path.join(topicsFolder(folder), 'data.mdb');
  if (transport.kind !== 'embedded' || !existsSync(file)) return;
  yield await lookAt('log', async () => {
    const { size } = await stat(file);
    const detail = `${bytesText(size)} in ${file}, records may take ${bytesText(transport.maxBytes)}`;
    if (size < transport.maxBytes * 0.8) return ok('log', detail);
    return attention(
      'log',
      detail,
      'raise transport.maxBytes, or see which group holds the topics back: `topics list`',
    );
  });
}
