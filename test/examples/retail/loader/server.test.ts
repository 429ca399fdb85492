import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
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
