/**
 * A real schema registry for tests: the one that REGISTRY_URL names (with the path of Confluent's interface), else Apicurio Registry from Maven Central
 * (about 150 MB, once, kept outside the work tree), which needs Java and Maven: the newest version with Java 21, an older one with Java 17.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

const run = promisify(execFile);
/** Versions of Apicurio Registry, the newest first, with the Java that each needs and how it is started. */
const versions = [
  { version: '3.3.3', leastJava: 21, jar: 'quarkus-run.jar' },
  { version: '2.6.13.Final', leastJava: 17, jar: 'apicurio-registry-app-2.6.13.Final-runner.jar' },
] as const;
const startMs = 180_000;
const given = process.env['REGISTRY_URL'];

/** A registry that tests may use. */
export interface TestRegistry {
  readonly url: string;
  stop(): Promise<void>;
}

const java = given === undefined && has('mvn') ? newJava() : undefined;

/** Whether there is a registry, or one can be started. */
export const hasRegistry = given !== undefined || java !== undefined;

/** How to get one. */
export const howToGetRegistry =
  'they need Java 17 or newer and mvn, or a registry with the interface of Confluent that REGISTRY_URL names';

function has(command: string): boolean {
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .some((folder) => existsSync(path.join(folder, command)));
}

/** The newest Java: on the path, by JAVA_HOME, or where Debian has them; undefined where none is new enough. */
function newJava(): { readonly command: string; readonly version: number } | undefined {
  const homes = '/usr/lib/jvm';
  const installed = existsSync(homes) ? readdirSync(homes).map((name) => path.join(homes, name)) : [];
  const folders = [process.env['JAVA_HOME'] ?? '', ...installed].filter((folder) => folder !== '');
  const commands = folders.map((folder) => path.join(folder, 'bin/java')).filter((file) => existsSync(file));
  const [newest] = [...(has('java') ? ['java'] : []), ...commands]
    .map((command) => ({ command, version: versionOf(command) }))
    .filter(({ version }) => versions.some(({ leastJava }) => version >= leastJava))
    .sort((a, b) => b.version - a.version);
  return newest;
}

function versionOf(command: string): number {
  try {
    const said = execFileSync(command, ['--version'], { encoding: 'utf8', timeout: 20_000 });
    return Number(/^\S+ (\d+)/u.exec(said)?.[1] ?? 0);
  } catch {
    return 0; // it does not run: not one for us
  }
}

/** The registry of this test file. */
export async function startRegistry(): Promise<TestRegistry> {
  if (given !== undefined) return { url: given, stop: async () => undefined };
  if (java === undefined) throw new Error(`No registry can be started: ${howToGetRegistry}.`);
  const chosen = versions.find(({ leastJava }) => java.version >= leastJava) ?? versions[1];
  const folder = await program(chosen.version);
  const [port, managementPort] = await Promise.all([freePort(), freePort()]);
  const settings = {
    'quarkus.management.host': '127.0.0.1',
    'quarkus.management.port': String(managementPort),
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': String(port),
    'apicurio.storage.kind': 'sql',
    'apicurio.storage.sql.kind': 'h2',
    'apicurio.datasource.url': `jdbc:h2:mem:registry${port}`,
  };
  const small = ['-Xmx400m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
  const defined = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  const child = spawn(java.command, [...small, ...defined, '-jar', chosen.jar], {
    cwd: folder,
    stdio: 'ignore',
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  await untilReady(`${url}/subjects`, child);
  return {
    url,
    stop: async () => {
      const ended = new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
      });
      end();
      await ended; // what it holds is in memory
      process.off('exit', end);
    },
  };
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  for (const until = Date.now() + startMs; ; ) {
    try {
      if ((await fetch(url, { signal: AbortSignal.timeout(5000) })).ok) return;
    } catch (thrown) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error('The registry did not start.', { cause: thrown });
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
  }
}

/** The folder of its program: fetched and unpacked the first time. */
async function program(version: string): Promise<string> {
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'purview-streams');
  const folder = path.join(cache, `apicurio-${version}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(path.join(cache, 'fetching-'));
  const artifact = `io.apicurio:apicurio-registry-app:${version}:tar.gz:all`;
  // In a repository of its own: another Maven may be at work in the common one, and the archive need not be kept twice.
  const repository = path.join(work, 'repository');
  const to = [`-Dmaven.repo.local=${repository}`, `-DoutputDirectory=${work}`];
  const copy = ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, ...to];
  try {
    await run('mvn', copy, { cwd: work });
    await rm(repository, { recursive: true });
    const [archive = ''] = (await readdir(work)).filter((name) => name.endsWith('.tar.gz'));
    await run('tar', ['xzf', archive], { cwd: work });
    await rm(path.join(work, archive));
    await rename(work, folder);
  } catch (thrown) {
    await rm(work, { recursive: true, force: true });
    if (!existsSync(folder)) throw thrown; // else somebody else was faster
  }
  return folder;
}
