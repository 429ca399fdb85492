/** Runs in each test file: the files share their processes, so what one has changed in its process is undone after it. */
import process from 'node:process';
import { afterAll, vi } from 'vitest';
import { sendNotes } from '../../cli/output.ts';

const environment = { ...process.env };

afterAll(() => {
  vi.useRealTimers();
  sendNotes(undefined); // as lines again, after a command that logs JSON
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  for (const name of Object.keys(process.env))
    if (!Object.hasOwn(environment, name)) delete process.env[name];
  Object.assign(process.env, environment);
});
