import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parkedWrite } from '../../pipeline/delivery/parked-entry.ts';
import { groups } from '../../pipeline/topics.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import { cli } from '../support/cli.ts';

it('`parked list` shows what waits for what', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parked-'));
  try {
    const nothing = await cli(['parked', 'list', '--state', folder]);
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain('STATE_UNAVAILABLE');
    const transport = createEmbeddedTransport({ folder: path.join(folder, 'topics') });
    const wanted = { refs: [{ typeName: 'shop', qualifiedName: 'shop://late' }], types: ['odd'] };
    const item = { offset: 7, producer: 'files', parkedAt: 0, timestamp: 0, headers: {}, value: 'AA==' };
    const entry = { key: 'process://p', wanted, since: 0, attempts: 3, placed: false, message: 'No.' };
    await transport.transactions.state.write([
      parkedWrite({ group: groups.sink, partition: 2 }, { ...entry, items: [item] }),
    ]);
    await transport.close();
    const text = await cli(['parked', 'list', '--state', folder]);
    expect(text.stdout).toMatch(
      /process:\/\/p +files +1970-01-01T00:00:00.000Z +3 +type odd, shop shop:\/\/late/,
    );
    const json = await cli(['parked', 'list', '--state', folder, '--json']);
    expect(JSON.parse(json.stdout)).toEqual({
      key: 'process://p',
      producers: ['files'],
      changes: 1,
      since: '1970-01-01T00:00:00.000Z',
      attempts: 3,
      wanted,
      message: 'No.',
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
