import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { configure } from '../../../cli/configured.ts';
import { completed } from '../../../cli/init/given-answers.ts';
import { questionsOf } from '../../../cli/init/questions.ts';
import { ownKind, routes } from '../../../cli/init/routes.ts';
import { filesOf } from '../../../cli/init/write-config.ts';
import { loadConfig } from '../../../cli/load-config.ts';
import { producers } from '../../../producers/index.ts';
import { cli, root, shellFunction, start } from '../../support/cli.ts';
import { runHere } from '../../support/run-here.ts';

const kinds = Object.keys(producers);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'init-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs `init` with answers; resolves with the folder. */
async function init(name: string, answers: Readonly<Record<string, string>>, ...more: readonly string[]) {
  const file = path.join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify(answers));
  const target = path.join(folder, name);
  return { target, ...(await runHere(['init', target, '--answers', file, ...more])) };
}

const fit = routes.flatMap((route) =>
  route.subjects
    .filter(() => route.kind !== ownKind && kinds.includes(route.kind))
    .map((subject) => [subject, route.access, route] as const),
);

describe('init', () => {
  it.each(fit)('writes a configuration that is valid for %s by %s', async (subject, access, route) => {
    const given = { subject, access, ...(hasChoice(subject, access) ? { kind: route.kind } : {}) };
    const needed = Object.fromEntries(
      route.fields.filter(({ initial }) => initial === undefined).map(({ name }) => [name, 'given']),
    );
    const answers = completed(
      { ...given, ...needed, follow: route.tellsChanges ? 'changes' : 'schedule', sink: 'local' },
      { kinds },
      'test',
    );
    const target = await mkdtemp(path.join(folder, 'route-'));
    for (const { name, text } of filesOf(route, answers, undefined))
      await writeFile(path.join(target, name), text);
    await copyFile(path.join(root, 'examples/query-packs/sqlite.yaml'), path.join(target, 'pack.yaml'));
    for (const { name, isSecret } of route.fields)
      if (isSecret === true) vi.stubEnv(answers[name] ?? '', 's');
    for (const [, name = ''] of (route.more ?? '').matchAll(/\$\{env:(\w+)\}/g))
      vi.stubEnv(name, 'a-secret-that-is-long');
    const configured = configure(await loadConfig(path.join(target, 'purview-streams.yaml')));
    expect([...configured.producers.keys()]).toEqual([answers['name']]);
    vi.unstubAllEnvs();
  });

  function hasChoice(subject: string, access: string): boolean {
    return [...questionsOf({ subject, access }, { kinds })].some(({ id }) => id === 'kind');
  }

  const ownAnswers = {
    subject: 'data-source',
    access: 'code',
    name: 'erp',
    levels: 'server, database, table, column',
    attributes: 'table.rows:long, column.data_type:string',
    follow: 'interval',
    sink: 'local',
  };

  it('writes a producer that runs at once on its sample data', async () => {
    const { target, code, stdout } = await init('own', ownAnswers);
    expect([code, stdout]).toEqual([0, expect.stringContaining('erp.test.mjs')]);
    const config = path.join(target, 'purview-streams.yaml');
    expect(await cli(['run', '--once', '--port', '0', '-c', config])).toMatchObject({ code: 0 });
    const state = path.join(target, '.purview-streams');
    const exported = await runHere(['catalog', 'export', '--state', state]);
    const names = exported.stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(names).toMatchObject([
      { typeName: 'erp_column', qualifiedName: 'erp://server1/database1/table1#column1' },
      { typeName: 'erp_column', attributes: { data_type: 'text' } },
      { typeName: 'erp_database' },
      { typeName: 'erp_server' },
      { typeName: 'erp_table', attributes: { rows: 1 } },
    ]);
  });

  it('makes types, attributes and names of a sample', async () => {
    const sample = path.join(folder, 'reply.json');
    const columns = [{ name: 'id', type: 'int' }];
    await writeFile(sample, JSON.stringify({ items: [{ title: 'Orders', size: 7, columns }] }));
    const given = {
      subject: 'etl-tool',
      name: 'tool',
      prefix: 'tool',
      pattern: 'x://{object}#{column}',
      follow: 'schedule',
      sink: 'local',
    };
    const { target, code } = await init('sampled', given, '--sample', sample);
    expect(code).toBe(0);
    const config = path.join(target, 'purview-streams.yaml');
    expect(await cli(['run', '--once', '--port', '0', '-c', config])).toMatchObject({ code: 0 });
    const { stdout } = await runHere(['catalog', 'export', '--state', path.join(target, '.purview-streams')]);
    expect(stdout).toContain('"size":7');
    expect(stdout).toContain('x://Orders#id');
  });

  it('writes over nothing unless it is told to', async () => {
    await init('twice', ownAnswers);
    const again = await init('twice', ownAnswers);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('is there already')]);
    expect((await init('twice', ownAnswers, '--force')).code).toBe(0);
  });

  it.each([
    [{}, /subject: is missing\. What is to be seen/u],
    [{ subject: 'cat' }, /subject: "cat" is none of data-source, etl-tool/u],
    [{ ...ownAnswers, colour: 'red' }, /colour: is not asked here/u],
    [{ ...ownAnswers, levels: 'a, a' }, /levels: The level a is there twice/u],
    [{ ...ownAnswers, pattern: 'x://{server}' }, /pattern: The pattern has no \{database\}/u],
    [{ ...ownAnswers, attributes: 'table.rows:money' }, /attributes: money is no type/u],
  ])('says which answer is wrong when they are %j', async (answers, message) => {
    const { code, stderr } = await init('wrong', answers);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it('says what to do when there is no terminal', async () => {
    const { code, stderr } = await start('bash', [
      '-c',
      `${shellFunction()}\npurview-streams init ${folder}/none`,
    ]).ended;
    expect([code, stderr]).toEqual([2, expect.stringContaining('--answers')]);
  });
});

const hasScript = spawnSync('script', ['--version']).status === 0;

describe.skipIf(!hasScript)('init at a terminal', () => {
  it('asks, shows names while they are typed, and writes what was answered', {
    timeout: 120_000,
  }, async () => {
    const target = path.join(folder, 'asked');
    await mkdir(target);
    const command = `stty cols 200 rows 50; ${shellFunction()}; purview-streams init ${target}`;
    // `script` gives the command a terminal of its own; what it types comes from our pipe.
    const running = start(
      'script',
      ['-qec', `bash -c ${JSON.stringify(command).replaceAll('$', '\\$')}`, '/dev/null'],
      {
        keys: true,
      },
    );
    const says = (text: string): Promise<boolean> =>
      vi.waitUntil(() => running.output().stdout.includes(text), { timeout: 60_000 });
    const press = (keys: string): void => void running.child.stdin?.write(keys);
    const steps: readonly (readonly [sees: string, keys: string])[] = [
      ['What is to be seen', '\r'],
      ['What tells of it?', '\u001B[A\r'],
      ['What is this source to be called?', '\r'],
      ['names of its types to begin', '\r'],
      ['Which levels', '\r'],
      ['What else is known', 'table.rows:long\r'],
      ['How are the innermost named?', '\r'],
      ['How is it to be kept up with?', '\u001B[B\r'],
      ['When? Minute, hour', '\r'],
      ['Where are the entities to go?', '\r'],
    ];
    for (const [sees, keys] of steps) {
      await says(sees);
      press(keys);
    }
    const { code, stdout } = await running.ended;
    expect(stdout).toContain('my_source_table  my_source://server1/database1/schema1/table1');
    expect(code).toBe(0);
    expect(await readFile(path.join(target, 'my-source.mjs'), 'utf8')).toContain('"my_source_column"');
  });
});

describe('docs/planning.md', () => {
  it('names every question', async () => {
    const page = await readFile(path.join(root, 'docs/planning.md'), 'utf8');
    const asked = routes.flatMap((route) =>
      route.subjects.flatMap((subject) => {
        const answers = { subject, access: route.access, kind: route.kind, levels: 'a, b', sink: 'purview' };
        const follows = ['interval', 'schedule'].map((follow) => ({ ...answers, follow }));
        return follows.flatMap((one) =>
          [...questionsOf(one, { kinds: routes.map(({ kind }) => kind) })].map(({ id }) => id),
        );
      }),
    );
    const options = new Set(routes.flatMap(({ fields }) => fields.map(({ name }) => name)));
    const missing = [...new Set(asked)].filter((id) => !options.has(id) && !page.includes(`| \`${id}\` |`));
    expect(missing).toEqual([]);
  });
});
