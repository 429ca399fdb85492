/** A MariaDB for tests: Debian's `mariadb-server`, where it is installed, as a server of its own on a free port of 127.0.0.1. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { copyOfRun } from './copy-of-run.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);
const serverPath = '/usr/sbin/mariadbd';
const installPath = '/usr/bin/mariadb-install-db';

/** Whether a MariaDB can be started here. */
export const hasMariadb = existsSync(serverPath) && existsSync(installPath);

/** A running server; its user `root` needs no password. */
export interface TestMariadb {
  readonly host: string;
  readonly port: number;
  /** Runs statements one after the other, in a database if one is named. */
  run(statements: readonly string[], database?: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server in a temporary folder. `settings` are further settings of it. */
export async function startMariadb(
  settings: readonly string[] = ['--performance-schema=ON'],
): Promise<TestMariadb> {
  const home = await copyOfRun('mariadb', install);
  const as = await unprivileged(home);
  const data = dataOf(home);
  const port = await freePort();
  const server = spawn(
    serverPath,
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--socket=${path.join(home, 'socket')}`,
      `--pid-file=${path.join(home, 'pid')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      '--innodb-flush-log-at-trx-commit=0',
      ...settings,
    ],
    { ...as, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => {
    server.once('close', () => resolve());
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
      if (said.includes('ready for connections')) resolve();
    });
    server.once('error', reject);
    server.once('close', (code) => reject(new Error(`MariaDB ended with code ${code}: ${said}`)));
  });
  const host = '127.0.0.1';
  return {
    host,
    port,
    run: async (statements, database) => {
      const connection = await createConnection({
        host,
        port,
        user: 'root',
        ...(database === undefined ? {} : { database }),
      });
      try {
        for (const statement of statements) await connection.query(statement);
      } finally {
        await connection.end();
      }
    },
    stop: async () => {
      server.kill('SIGTERM');
      await ended;
      await rm(home, { recursive: true, force: true });
    },
  };
}

const dataOf = (home: string): string => path.join(home, 'data');

/** Makes the system's own databases, which takes two seconds of a processor. */
async function install(home: string): Promise<void> {
  const as = await unprivileged(home);
  await run(
    installPath,
    [
      '--no-defaults',
      `--datadir=${dataOf(home)}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
    ],
    { ...as, cwd: home },
  );
}

/** MariaDB does not run as root. */
async function unprivileged(home: string): Promise<{ readonly uid?: number; readonly gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const id = async (flag: string): Promise<number> => Number((await run('id', [flag, 'nobody'])).stdout);
  const as = { uid: await id('-u'), gid: await id('-g') };
  await chown(home, as.uid, as.gid);
  return as;
}
