import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { exitCodes } from '../../cli/output.ts';
import { root, shellFunction, start } from '../support/cli.ts';
import { taskFaults, taskNamespace } from './task-schema.ts';

let folder: string;
let page: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'scheduling-page-'));
  page = await readFile(path.join(root, 'docs/scheduling.md'), 'utf8');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Blocks of a page in one language. */
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'gu'))].map(([, text = '']) => text);

/** Debian's cron, apart from that of this machine, needs a view of the file system of its own. */
const hasCron =
  spawnSync('unshare', [
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    'command -v cron && mount -t tmpfs none /run',
  ]).status === 0;
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

describe('docs/scheduling.md', () => {
  it('has a line for cron that a bare shell runs, with the exit codes that the page lists', {
    timeout: 120_000,
  }, async () => {
    const [, line = ''] = /^15 3 \* \* 1-5 +(.*)$/mu.exec(blocks('crontab')[0] ?? '') ?? [];
    const config = path.join(folder, 'purview-streams.yaml');
    const log = path.join(folder, 'log.json');
    await writeFile(path.join(folder, 'secret'), 'e.ndjson\n');
    await writeFile(
      config,
      `sink: { kind: memory }\nproducers:\n  erp: { kind: events, path: '\${file:secret}' }\n`,
    );
    await mkdir(path.join(folder, 'bin'));
    await writeFile(
      path.join(folder, 'bin/purview-streams'),
      `#!/bin/sh\n${shellFunction().replace(/^[^{]*\{(.*);[^;]*$/u, 'exec $1')}\n`,
      { mode: 0o755 },
    );
    const command = line
      .replace('/etc/purview-streams/purview-streams.yaml', config)
      .replace('/var/log/purview-streams-erp.json', log)
      .replace('/tmp/purview-streams-erp.lock', path.join(folder, 'lock'));
    // cron gives a command no more than this.
    const environment = [
      '-i',
      `PATH=${folder}/bin:/usr/bin:/bin`,
      `HOME=${folder}`,
      'SHELL=/bin/sh',
      'LOGNAME=nobody',
    ];
    const run = async (lines: string) => {
      await writeFile(path.join(folder, 'e.ndjson'), lines);
      return (await start('env', [...environment, 'sh', '-c', command]).ended).code;
    };
    const event =
      '{"type":"database-object","objectId":"a","system":"demo","path":[{"level":"server","name":"a"}]}\n';
    const listed = [...page.matchAll(/^\| (\d+) \|/gmu)].map(([, code]) => Number(code));
    expect(listed).toEqual(Object.values(exitCodes));
    expect(await run(`${event}{"type":"job"}\n`)).toBe(exitCodes.partly);
    await rm(path.join(folder, 'secret'));
    expect(await run(event)).toBe(exitCodes.usage);
    const summaries = (await readFile(log, 'utf8'))
      .trim()
      .split('\n')
      .map((text): unknown => JSON.parse(text));
    expect(summaries[0]).toMatchObject({ producers: [{ name: 'erp', rawEvents: 1 }] });
  });

  it.skipIf(!hasCron)("has a crontab that Debian's cron takes, and runs", { timeout: 120_000 }, async () => {
    const home = path.join(folder, 'cron');
    for (const name of ['crontabs', 'cron.d', 'bin']) await mkdir(path.join(home, name), { recursive: true });
    await writeFile(
      path.join(home, 'bin/purview-streams'),
      `#!/bin/sh\n${shellFunction().replace(/^[^{]*\{(.*);[^;]*$/u, 'exec $1')}\n`,
      { mode: 0o755 },
    );
    await writeFile(
      path.join(home, 'purview-streams.yaml'),
      'sink: { kind: memory }\nproducers:\n  erp: { kind: events, path: e.ndjson }\n',
    );
    await writeFile(
      path.join(home, 'e.ndjson'),
      '{"type":"database-object","objectId":"a","system":"demo","path":[{"level":"server","name":"a"}]}\n',
    );
    await writeFile(path.join(home, 'crontab'), '');
    const recipe = (blocks('crontab')[0] ?? '')
      .replace('/etc/purview-streams/', `${home}/`)
      .replace('/var/log/purview-streams-erp.json', `${home}/log.json`)
      .replace('/tmp/purview-streams-erp.lock', `${home}/lock`)
      .replace('PATH=/usr/local/bin', `PATH=${home}/bin:/usr/local/bin`);
    await writeFile(path.join(home, 'recipe'), recipe);
    expect(spawnSync('crontab', ['-n', path.join(home, 'recipe')]).status).toBe(0);
    // The same at the start of cron, in place of 3:15 in the morning.
    await writeFile(path.join(home, 'crontabs/root'), recipe.replace('15 3 * * 1-5', '@reboot'), {
      mode: 0o600,
    });
    const view = [
      `mount --bind ${home}/crontabs /var/spool/cron/crontabs`,
      `mount --bind ${home}/cron.d /etc/cron.d`,
      `mount --bind ${home}/crontab /etc/crontab`,
      'mount -t tmpfs none /run',
      'exec cron -f',
    ];
    const cron = start('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', view.join('\n')]);
    try {
      await vi.waitFor(
        async () => {
          const text = await readFile(path.join(home, 'log.json'), 'utf8');
          expect(JSON.parse(text)).toMatchObject({ producers: [{ name: 'erp', rawEvents: 1 }] });
        },
        { timeout: 100_000, interval: 100 },
      );
    } finally {
      cron.child.kill('SIGTERM');
      await cron.ended;
    }
  });

  it.skipIf(!hasSystemd)('has units that systemd takes', async () => {
    const names = [...page.matchAll(/^`\/etc\/systemd\/system\/(\S+)`:$/gmu)].map(([, name = '']) => name);
    const units = blocks('ini');
    expect(names).toHaveLength(units.length);
    for (const [index, name] of names.entries()) {
      const unit = (units[index] ?? '').replace('/usr/local/bin/purview-streams', '/bin/true');
      await writeFile(path.join(folder, name), unit);
    }
    const checked = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', ...names.map((name) => path.join(folder, name))],
      { encoding: 'utf8' },
    );
    expect([
      checked.status,
      checked.stderr.split('\n').filter((line) => line.includes('purview-streams')),
    ]).toEqual([0, []]);
  });

  it('has a task for Windows as the published schema wants it', () => {
    const xml = (blocks('xml')[0] ?? '').trim();
    expect(taskFaults(xml)).toEqual([]);
    // What is wrong is found: an order, a value, a lack, a name, a reference.
    const wrong = (from: RegExp, to: string) => taskFaults(xml.replace(from, to));
    expect(wrong(/(<Enabled>.*<\/Enabled>)(\s*)(<StartBoundary>.*<\/StartBoundary>)/u, '$3$2$1')).toEqual([
      '//Task/Triggers/CalendarTrigger has Enabled too late',
    ]);
    expect(wrong(/IgnoreNew/u, 'Never')).toHaveLength(1);
    expect(wrong(/<Command>.*<\/Command>/u, '')).toEqual(['//Task/Actions/Exec lacks Command']);
    expect(wrong(/<StartWhenAvailable>.*<\/StartWhenAvailable>/u, '<Later>true</Later>')).toHaveLength(1);
    expect(wrong(/Context="Author"/u, 'Context="Nobody"')).toHaveLength(1);
    expect(wrong(new RegExp(taskNamespace, 'u'), 'urn:other').length).toBeGreaterThan(1);
  });
});
