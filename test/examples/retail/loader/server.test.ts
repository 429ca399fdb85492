import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { scanAll } from '../../../contracts/producer.ts';
import { etlApi } from '../../../../producers/etl-api/component.ts';

const server = new URL('../../../../examples/retail/loader/server.ts', import.meta.url).pathname;
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function run(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', server, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<{ readonly url: string; readonly token: string }> {
  if (child.stdout === null) throw new Error('It has no output.');
  const [line] = await once(createInterface(child.stdout), 'line');
  return z
    .strictObject({ url: z.url(), token: z.string().min(16) })
    .parse(JSON.parse(z.string().parse(line)));
}

describe('examples/retail/loader/server.ts', () => {
  it('prints its address and token, answers the producer, and exits 0 on SIGTERM', async () => {
    const child = run();
    const { url, token } = await firstLine(child);
    const options = { url, token, pageSize: 5 };
    const producer = await etlApi.configure('loader', options, { baseFolder: '/' }).open();
    expect((await scanAll(producer)).objects).toHaveLength(13);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('answers what its file of jobs says now, and what it said before while the file is half written', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'loader-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const jobs = path.join(folder, 'jobs.json');
    await writeFile(jobs, '[{ "id": "a", "lastRun": "2026-11-22T00:00:00Z" }]');
    const child = run('--jobs', jobs);
    let told = '';
    child.stderr?.on('data', (chunk: Buffer) => (told += chunk.toString()));
    const { url, token } = await firstLine(child);
    const listed = async (): Promise<unknown> => {
      const answer = await fetch(`${url}/api/job`, { headers: { authorization: `Bearer ${token}` } });
      const reply: unknown = await answer.json();
      return reply;
    };
    const before = { jobs: [{ id: 'a', lastRun: '2026-11-22T00:00:00Z' }], next: null };
    expect(await listed()).toEqual(before);
    const half = async (): Promise<void> => {
      await writeFile(jobs, '[{ "id": "a", "last'); // again and again: it may not be watched yet
      expect(told).toContain('is not taken');
    };
    await vi.waitFor(half, { timeout: 30_000 });
    expect(await listed()).toEqual(before);
    await writeFile(jobs, '[{ "id": "b" }, { "id": "a", "lastRun": "2026-11-23T00:00:00Z" }]');
    const after = { jobs: [{ id: 'a', lastRun: '2026-11-23T00:00:00Z' }, { id: 'b' }], next: null };
    await vi.waitFor(async () => expect(await listed()).toEqual(after), { timeout: 30_000 });
  }, 60_000);

  it('exits 0 when its parent lets go of its input', async () => {
    const child = run();
    await firstLine(child);
    child.stdin?.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('says why and exits 1 when its port is taken', async () => {
    const first = run();
    const { url } = await firstLine(first);
    const second = run('--port', new URL(url).port);
    let told = '';
    second.stderr?.on('data', (chunk: Buffer) => (told += chunk.toString()));
    expect(await once(second, 'close')).toEqual([1, null]);
    expect(told).toContain('EADDRINUSE');
  });
});
