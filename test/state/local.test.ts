import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { createLocalState } from '../../state/local.ts';
import { fencedStateContract, stateContract } from '../contracts/state.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'local-state-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let count = 0;
const reopen = async () => createLocalState(path.join(folder, String(count)));

stateContract('local', {
  open: () => {
    count += 1;
    return reopen();
  },
  reopen,
  cleanUp: async () => undefined,
});
fencedStateContract('local', async () => createLocalState(path.join(folder, 'fenced')));
