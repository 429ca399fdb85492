import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openCatalog, type OpenCatalog } from '../../catalog/open-catalog.ts';
import { cli, root } from '../support/cli.ts';

/** A token as Entra ID gives it for Purview, but for the signature, which nobody but Microsoft can tell. */
function tokenFor(name: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { aud: 'https://purview.azure.net', upn: name, exp: Math.floor(Date.now() / 1000) + 3600 };
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${Buffer.from(name).toString('base64url')}`;
}

describe('docs/purview.md', () => {
  const token = tokenFor('writer@example.com');
  let folder: string;
  let catalog: OpenCatalog;
  let config: string;
  /** What `purview-streams …` of the page does, in the order of the page. */
  let commands: readonly (readonly string[])[];

  /** Azure's command line, of which the library only asks for tokens. */
  async function signIn(): Promise<void> {
    const answer = {
      accessToken: token,
      expires_on: Math.floor(Date.now() / 1000) + 3600,
      tokenType: 'Bearer',
    };
    await mkdir(path.join(folder, 'bin'), { recursive: true });
    await writeFile(
      path.join(folder, 'bin', 'az'),
      `#!/bin/sh\ncat <<'EOF'\n${JSON.stringify(answer)}\nEOF\n`,
    );
    await chmod(path.join(folder, 'bin', 'az'), 0o755);
  }

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'purview-page-'));
    catalog = await openCatalog({
      path: path.join(folder, 'account'),
      port: 0,
      mode: 'purview',
      auth: {
        bearerTokens: new Map([[token, 'writer']]),
      },
    });
    const text = await readFile(path.join(root, 'docs/purview.md'), 'utf8');
    const block = /```sh\n([\s\S]*?)```/u.exec(text)?.[1] ?? '';
    const [, yaml = ''] = /<<'EOT'\n([\s\S]*?)EOT\n/u.exec(block) ?? [];
    const [, event = ''] = /^echo '(.*)' > events\.ndjson$/mu.exec(block) ?? [];
    config = path.join(folder, 'purview-streams.yaml');
    await writeFile(config, yaml.replace('https://ACCOUNT.purview.azure.com', catalog.url));
    await writeFile(path.join(folder, 'events.ndjson'), `${event}\n`);
    commands = [...block.matchAll(/^purview-streams ([^#\n]+)/gmu)].map(([, line = '']) =>
      line.trim().split(' '),
    );
    vi.stubEnv('PATH', `${path.join(folder, 'bin')}:${process.env['PATH']}`);
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await catalog.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('comes to a first type and a first entity in five commands', { timeout: 300_000 }, async () => {
    await signIn();
    const said: string[] = [];
    expect(commands).toEqual([
      ['types', 'apply'],
      ['run', '--once'],
    ]);
    for (const command of commands) {
      const { code, stdout, stderr } = await cli([...command, '-c', config]);
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('error:')]);
      said.push(stdout);
    }
    expect(said[0]).toContain('create   generic_server');
    expect(catalog.export()).toContain('"qualifiedName":"db://demo"');
  });
});
