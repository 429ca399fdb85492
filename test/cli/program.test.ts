import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Command } from 'commander';
import { allCommands, createProgram } from '../../cli/program.ts';
import { startCli } from '../support/cli.ts';
import { sendJson, startServer } from '../support/http-server.ts';
import { runHere } from '../support/run-here.ts';

const timeout = 240_000;

describe('purview-streams', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'program-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Writes a configuration and runs a command on it. */
  async function run(yaml: string, args: readonly string[] = ['run', '--once']) {
    const file = path.join(folder, 'c.yaml');
    await writeFile(file, yaml);
    return runHere([...args, '--config', file]);
  }

  it('says what is wrong and exits 2 when the configuration is missing', { timeout }, async () => {
    const { code, stderr } = await runHere(['run', '--config', path.join(folder, 'none.yaml')]);
    expect(code).toBe(2);
    expect(stderr).toContain('none.yaml');
    expect(stderr).toContain('CONFIG_NOT_FOUND');
  });

  it('names the line and exits 2 when the YAML is broken', { timeout }, async () => {
    const { code, stderr } = await run('sink: { kind: local\nproducers: {}\n');
    expect(code).toBe(2);
    expect(stderr).toMatch(/c\.yaml:2: .*\n.*CONFIG_SYNTAX/);
  });

  it('names line, field and the known kinds when a producer has an unknown kind', { timeout }, async () => {
    const { code, stderr } = await run('sink: { kind: local }\nproducers:\n  a:\n    kind: postgre\n');
    expect(code).toBe(2);
    expect(stderr).toContain(
      'c.yaml:4: producers.a.kind: there is no producer of kind "postgre"; known are: ',
    );
  });

  it('names the producers there are when `produce` is asked for another', { timeout }, async () => {
    const { code, stderr } = await run(
      'sink: { kind: memory }\nproducers:\n  a: { kind: events, path: x }\n',
      ['produce', 'b', '--once'],
    );
    expect(code).toBe(2);
    expect(stderr).toContain('There is no producer b');
    expect(stderr).toContain('It has: a.');
  });

  it('exits 1 and says what to do when the port of the catalogue is taken', { timeout }, async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, stderr } = await run(`sink: { kind: local }\ncatalog: { port: ${port} }\nproducers: {}\n`);
    server.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`127.0.0.1:${port}: the port is taken`);
  });

  it('reads the other producers and exits 1 when a source cannot be reached', { timeout }, async () => {
    await writeFile(
      path.join(folder, 'e.ndjson'),
      '{"type":"job","objectId":"j","tool":"t","name":"n","inputs":[],"outputs":[]}\n',
    );
    const { code, stderr, stdout } = await run(
      'sink: { kind: memory }\nproducers:\n  db: { kind: postgres, host: 127.0.0.1, port: 1, database: x }\n  e: { kind: events, path: e.ndjson }\n',
    );
    expect(code).toBe(1);
    expect(stderr).toContain('ECONNREFUSED');
    expect(stdout).toMatch(/^e +1 /m);
  });

  it('exits 3 and keeps the dead letter when one line of a source is wrong', { timeout }, async () => {
    await writeFile(
      path.join(folder, 'e.ndjson'),
      '{"type":"job","objectId":"j","tool":"t","name":"n","inputs":[],"outputs":[]}\n{"type":"jib"}\n',
    );
    const yaml = 'sink: { kind: memory }\nproducers:\n  e: { kind: events, path: e.ndjson }\n';
    expect((await run(yaml)).code).toBe(3);
    const { stdout } = await run(yaml, ['dead-letters', 'list', '--json']);
    const letter = JSON.parse(stdout);
    expect(letter).toMatchObject({
      stage: 'PRODUCE',
      code: 'SOURCE_INVALID',
      producer: 'e',
      key: 'e.ndjson:2',
    });
    const shown = await run(yaml, ['dead-letters', 'show', letter.id, '--json']);
    expect(Buffer.from(JSON.parse(shown.stdout).value, 'base64').toString()).toBe('{"type":"jib"}');
  });

  it('exits 130 when it is stopped before it is done, and the next run does it', { timeout }, async () => {
    let isSilent = true;
    let asked = 0;
    const tool = await startServer((_, response) => {
      asked += 1;
      if (!isSilent) sendJson(response, 200, { jobs: [], next: null });
    });
    onTestFinished(() => tool.close());
    const yaml = path.join(folder, 'stopped.yaml');
    await writeFile(
      yaml,
      `state: stopped\nsink: { kind: memory }\nproducers:\n  tool: { kind: etl-api, url: '${tool.url}' }\n`,
    );
    const args = ['produce', 'tool', '--once', '--config', yaml];
    const running = startCli(args);
    await vi.waitUntil(() => asked > 0, { timeout });
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(130);
    isSilent = false;
    expect((await runHere(args)).code).toBe(0);
  });

  it('shows examples with --help on every command', async () => {
    const commands = allCommands(await createProgram(() => undefined)).filter(
      (one) => one.commands.length === 0,
    );
    const wrong: string[] = [];
    for (const command of commands) {
      const words = pathOf(command);
      const { code, stdout } = await runHere([...words, '--help']);
      if (code !== 0 || !/^Examples?:/mu.test(stdout)) wrong.push(words.join(' '));
    }
    expect(wrong).toEqual([]);
    expect(commands.length).toBeGreaterThan(20);
  });

  it('validates without connecting when `check --offline` is called', { timeout }, async () => {
    const { code, stdout } = await run(
      'sink: { kind: local }\nproducers:\n  db: { kind: postgres, host: 127.0.0.1, port: 1, database: x }\n',
      ['check', '--offline'],
    );
    expect(code).toBe(0);
    expect(stdout).toContain('valid; 1 producers');
  });

  it.each([
    ['events', 'kind: events, path: none.ndjson', 'none.ndjson does not exist. Check the path'],
    ['events', 'kind: events, path: .', 'is not a regular file'],
    ['dbt', 'kind: dbt, path: none.json, server: s', 'none.json does not exist. Check the path'],
  ])(
    '`check` fails and exits 1 when the file of a producer of kind %s is not there',
    {
      timeout,
    },
    async (_, producer, said) => {
      const { code, stdout } = await run(
        `catalog: { port: 0 }\nsink: { kind: local }\nproducers:\n  a: { ${producer} }\n`,
        ['check', '--state', path.join(folder, 'checked')],
      );
      expect([code, stdout]).toEqual([1, expect.stringMatching(/^FAILED {3}producer a: /mu)]);
      expect(stdout).toContain(said);
    },
  );
});

/** What is typed for a command, without the name of the program. */
function pathOf(command: Command): readonly string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}
