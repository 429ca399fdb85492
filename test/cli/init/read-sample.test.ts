import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSample } from '../../../cli/init/read-sample.ts';
import { sendJson, startServer, type TestServer } from '../../support/http-server.ts';

const never = new AbortController().signal;
const reply = { items: [{ title: 'Orders', size: 7, columns: [{ name: 'id', type: 'int' }] }] };

describe('readSample()', () => {
  let folder: string;
  let tool: TestServer;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sample-'));
    await writeFile(path.join(folder, 'reply.json'), JSON.stringify(reply));
    tool = await startServer(({ url }, response) =>
      url === '/api/objects?page=1'
        ? sendJson(response, 200, reply)
        : sendJson(response, 401, { error: 'No.' }),
    );
  });
  afterAll(async () => {
    await tool.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('proposes the same of the address of a reply as of the reply in a file', async () => {
    const fromFile = await readSample(path.join(folder, 'reply.json'), never);
    expect(await readSample(`${tool.url}/api/objects?page=1`, never)).toEqual(fromFile);
    expect(JSON.stringify(fromFile.proposal)).toContain('size');
  });

  it('throws USAGE with what was answered where that is no sample', async () => {
    await expect(readSample(`${tool.url}/api/other`, never)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('answered 401'),
    });
    await expect(readSample(path.join(folder, 'none.json'), never)).rejects.toMatchObject({ code: 'USAGE' });
  });
});
