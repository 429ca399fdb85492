import path from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { openCatalog } from '../../catalog/open-catalog.ts';
import { blob, HandWorld, jsonLines } from '../support/by-hand.ts';

it('`reconcile` lists what is gone, and a replay after `--repair` brings it back', {
  timeout: 120_000,
}, async () => {
  const world = await HandWorld.make([{ objectId: 'job', inputs: ['in.csv'], outputs: ['out.csv'] }]);
  try {
    await world.run('run', '--once');
    expect(await world.run('reconcile')).toMatchObject({ code: 0, stdout: '' });
    const before = await world.exported();
    const catalog = await openCatalog({ path: path.join(world.state, 'catalog'), port: 0 });
    const answer = await fetch(
      `${catalog.url}/api/atlas/v2/entity/uniqueAttribute/type/azure_blob_path?attr:qualifiedName=${encodeURIComponent(blob('in.csv'))}`,
      { method: 'DELETE', headers: { authorization: `Basic ${btoa('admin:admin')}` } },
    );
    await catalog.close();
    expect(answer.status).toBe(200);
    const drift = z.object({ what: z.string(), qualifiedName: z.string() });
    const found = await world.run('reconcile', '--repair', '--json');
    expect(found.code).toBe(3);
    expect(jsonLines(drift, found.stdout)).toContainEqual({ what: 'gone', qualifiedName: blob('in.csv') });
    await world.run('replay', '--from', 'beginning');
    expect(await world.exported()).toBe(before);
    expect(await world.run('reconcile')).toMatchObject({ code: 0, stdout: '' });
  } finally {
    await world.remove();
  }
});
