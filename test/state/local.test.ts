import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLocalState } from '../../state/local.ts';
import { stateContract } from '../contracts/state.ts';

let folder = '';

stateContract('local', {
  open: async () => {
    folder = await mkdtemp(join(tmpdir(), 'state-'));
    return openLocalState(folder);
  },
  reopen: async () => openLocalState(folder),
  cleanUp: () => rm(folder, { recursive: true, force: true }),
});

it('openLocalState() throws STATE_UNAVAILABLE and names the folder when it is a file', async () => {
  const own = await mkdtemp(join(tmpdir(), 'state-'));
  const file = join(own, 'taken');
  await writeFile(file, 'not a folder');
  expect(() => openLocalState(file)).toThrow(expect.objectContaining({ code: 'STATE_UNAVAILABLE' }));
  expect(() => openLocalState(file)).toThrow(file);
  await rm(own, { recursive: true });
});
