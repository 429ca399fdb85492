/** A real Apache Atlas for tests, on free ports of 127.0.0.1 (its Solr takes ports of its own, on all addresses). */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { toJson } from '../../../catalog/json.ts';
import { baseModel } from '../../../catalog/types/base-model.ts';
import { freePort } from '../free-port.ts';
import { fetchAtlas } from './program.ts';
import { atlasLogging, type AtlasPorts, atlasRights, atlasSettings, atlasUsers } from './settings.ts';

/** Small, since the machine is: less than 1 GB with all that is in the process. */
const heap = [
  '-Xmx640m',
  '-Xss512k',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:MaxMetaspaceSize=256m',
];
const startMs = 420_000;

/** An Atlas that was started here. */
export interface StartedAtlas {
  /** Without a path: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Where its topic ATLAS_HOOK is: `host:port`. */
  readonly kafka: string;
  readonly pid: number;
  /** Resident memory now, in MB. */
  memory(): Promise<number>;
  /** Ends the process. */
  stop(): Promise<void>;
}

/** Starts an empty Atlas that keeps its data in `folder`. It is up when it says that it is active. It ends with this process. */
export async function startAtlas(folder: string, say: (text: string) => void): Promise<StartedAtlas> {
  const app = await fetchAtlas(say);
  const [rest, kafka, zookeeper] = await Promise.all([freePort(), freePort(), freePort()]);
  await writeConfiguration(folder, app, { rest, kafka, zookeeper });
  const log = path.join(folder, 'atlas.log');
  const url = `http://127.0.0.1:${rest}`;
  say(`starting Apache Atlas (log: ${log})`);
  const child = spawn('java', javaArguments(folder, app, rest), {
    cwd: folder,
    stdio: ['ignore', openSync(log, 'a'), openSync(log, 'a')],
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  try {
    await untilActive(url, child, log);
  } catch (thrown) {
    end();
    throw thrown;
  }
  const pid = child.pid ?? 0;
  return {
    url,
    kafka: `127.0.0.1:${kafka}`,
    pid,
    memory: async () => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
    },
    stop: async () => {
      const ended = new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
      });
      end();
      if (child.exitCode === null && child.signalCode === null) await ended;
      process.off('exit', end);
    },
  };
}

/** What the JDK must open to libraries that are older than its modules. */
const opened =
  'lang lang.reflect lang.invoke net nio io math text time util util.concurrent util.concurrent.atomic'
    .split(' ')
    .map((name) => `java.${name}`)
    .concat('jdk.internal.reflect', 'sun.nio.ch', 'sun.net.dns', 'sun.security.action')
    .flatMap((name) => ['--add-opens', `java.base/${name}=ALL-UNNAMED`]);

function javaArguments(folder: string, app: string, port: number): readonly string[] {
  const web = path.join(app, 'webapp');
  const classpath = ['conf', path.join(app, 'ours'), path.join(app, 'ours/*')]
    .concat(path.join(web, 'WEB-INF/classes'), path.join(web, 'WEB-INF/lib/*'))
    .join(path.delimiter);
  const properties = {
    'atlas.home': folder,
    'atlas.conf': path.join(folder, 'conf'),
    'atlas.data': folder,
    'atlas.log.dir': folder,
    'embedded.solr.directory': folder,
    'log4j.configuration': 'log4j.properties',
    'java.net.preferIPv4Stack': 'true',
    'zookeeper.admin.enableServer': 'false',
  };
  const defined = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`);
  return [...opened, ...heap, ...defined, '-cp', classpath, 'Start', '-app', web, '-port', String(port)];
}

async function writeConfiguration(folder: string, app: string, ports: AtlasPorts): Promise<void> {
  const models = path.join(folder, 'models', '0000-Area0');
  await Promise.all([
    mkdir(path.join(folder, 'conf'), { recursive: true }),
    mkdir(models, { recursive: true }),
  ]);
  await cp(path.join(app, 'solr'), path.join(folder, 'solr'), { recursive: true });
  const files = {
    'conf/atlas-application.properties': atlasSettings(folder, ports),
    'conf/users.properties': atlasUsers(),
    'conf/rights.json': atlasRights(),
    'conf/log4j.properties': atlasLogging,
    // Its own model files are in no archive of Maven Central; ours says the same (docs/conformance.md).
    'models/0000-Area0/0010-base_model.json': toJson(baseModel),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
}

async function untilActive(url: string, child: ChildProcess, log: string): Promise<void> {
  for (const until = Date.now() + startMs; ; ) {
    try {
      const answer = await fetch(`${url}/api/atlas/admin/status`, { signal: AbortSignal.timeout(5_000) });
      if ((await answer.text()).includes('"ACTIVE"')) return;
    } catch (thrown) {
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > until) {
        const said = (await readFile(log, 'utf8')).slice(-3_000);
        throw new Error(`Apache Atlas did not start. The end of its log:\n${said}`, { cause: thrown });
      }
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 250);
    });
  }
}
