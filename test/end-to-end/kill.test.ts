import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, root, startCli } from '../support/cli.ts';
import { seededRandom } from '../support/random.ts';

const kills = 4;
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

describe(`run on the embedded transport, killed at random moments (SEED=${seed})`, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'kill-'));
    await writeFile(
      path.join(folder, 'purview-streams.yaml'),
      `transport: { kind: embedded, partitions: 2 }
catalog: { port: 0 }
sink: { kind: local }
producers:
  warehouse: { kind: custom-db, path: '${root}examples/retail/warehouse', server: warehouse }
`,
    );
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const config = (): string => path.join(folder, 'purview-streams.yaml');
  const exported = async (state: string): Promise<string> =>
    (await cli(['catalog', 'export', '--state', path.join(folder, state)])).stdout;

  it('ends in the same catalogue as a run that nobody killed', { timeout: 180_000 }, async () => {
    expect((await cli(['run', '--once', '-c', config(), '--state', path.join(folder, 'calm')])).code).toBe(0);
    const random = seededRandom(seed);
    for (let kill = 0; kill < kills; kill += 1) {
      const running = startCli(['run', '--once', '-c', config(), '--state', path.join(folder, 'killed')]);
      // Not a wait for a condition: the moment of the kill is what varies.
      await Promise.race([delay(500 + random() * 2500), running.ended]);
      running.child.kill('SIGKILL');
      await running.ended;
    }
    const last = await cli(['run', '--once', '-c', config(), '--state', path.join(folder, 'killed')]);
    expect(last.stderr).not.toContain('error:');
    expect(last.code).toBe(0);
    expect(await exported('killed')).toBe(await exported('calm'));
  });
});
