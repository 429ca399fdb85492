import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/cli.ts';
import { runHere } from '../support/run-here.ts';

// Recorded by `run --once` of the commit that the file names, from the events below with one table and one job more as they are given here; `topics/data.mdb`, compressed.
const events = [
  '{"type":"database-object","objectId":"demo","system":"demo","path":[{"level":"server","name":"demo"}]}',
  '{"type":"database-object","objectId":"demo.shop","system":"demo","path":[{"level":"server","name":"demo"},{"level":"database","name":"shop"}]}',
  '{"type":"database-object","objectId":"demo.shop.public","system":"demo","path":[{"level":"server","name":"demo"},{"level":"database","name":"shop"},{"level":"schema","name":"public"}]}',
  '{"type":"database-object","objectId":"demo.orders","system":"demo","path":[{"level":"server","name":"demo"},{"level":"database","name":"shop"},{"level":"schema","name":"public"},{"level":"table","name":"orders"}],"columns":[{"name":"id","ordinal":1,"dataType":"int"},{"name":"total","ordinal":2,"dataType":"int"}]}',
];

describe('topics and state of a former version', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'former-state-'));
    await writeFile(path.join(folder, 'e.ndjson'), `${events.join('\n')}\n`);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function withStateOf(commit: string): Promise<string> {
    const topics = path.join(folder, commit, 'topics');
    await mkdir(topics, { recursive: true });
    const recorded = await readFile(path.join(root, `test/fixtures/state/topics-${commit}.mdb.gz`));
    await writeFile(path.join(topics, 'data.mdb'), gunzipSync(recorded));
    const config = path.join(folder, `${commit}.yaml`);
    await writeFile(
      config,
      `state: ${commit}
catalog: { port: 0 }
sink: { kind: local }
producers:
  by-hand:
    kind: events
    path: e.ndjson
    datasets:
      table: { type: generic_table, name: '{table}', parameters: { server: demo, database: shop, schema: public } }
`,
    );
    return config;
  }

  it('are gone on with: what has changed since is said, and what is gone is removed', async () => {
    const config = await withStateOf('737cd5b');
    const { code, stdout } = await runHere(['run', '--once', '--json', '--config', config]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ parked: 0, producers: [{ deadLetters: 0 }] });
    const raw = (await runHere(['topics', 'show', 'metadata.raw', '--json', '--config', config])).stdout;
    // A removal comes of the inventory alone: the job was read by the former version.
    expect(raw).toMatch(/"type":"removal","value":\{"producer":"by-hand","objectId":"export"/u);
    const entities = (await runHere(['catalog', 'export', '--config', config])).stdout;
    expect(entities).toContain('"total"');
    expect(entities).not.toContain('etl://demo-etl/jobs/export');
  });

  it('are refused with the way out where they were written before every entry had a checksum', async () => {
    const config = await withStateOf('7a27ff8');
    const { code, stderr } = await runHere(['run', '--once', '--config', config]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Move the (?:state )?folder away and start again: the producers scan their sources anew/u,
    );
  });
});
