/**
 * A real Apache Kafka for tests and for a person to try: one node (KRaft) from Maven Central, on free ports of 127.0.0.1. Its jars are fetched once, by
 * `mvn`, and kept outside the work tree. It listens without and with SASL_SSL (PLAIN, SCRAM-SHA-256 and -512, OAUTHBEARER with unsecured tokens).
 */
import { type ChildProcess, execFile, type StdioOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import { freePort } from '../free-port.ts';
import { brokerSettings, type ProxiedPort, saslPassword, saslUser } from './settings.ts';

const run = promisify(execFile);
const pom = fileURLToPath(new URL('pom.xml', import.meta.url));
/** What runs for a second needs no second compiler, nor threads that collect garbage. */
const brief = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
/** Small, since the machine is. */
const heap = ['-Xmx256m', '-Xms128m', ...brief];

/** Where a broker is reached. */
export interface BrokerAddress {
  /** `host:port` without encryption. */
  readonly plain: string;
  /** With SASL_SSL, where the broker has it: the user is {@link saslUser}. */
  readonly secure?: { readonly broker: string; readonly ca: string } | undefined;
  readonly pid?: number | undefined;
}

/** A broker that was started here. */
export interface StartedBroker extends BrokerAddress {
  readonly pid: number;
  /** Starts it again on the same ports and data, after it was stopped or killed. */
  restart(): Promise<void>;
  /** Ends the process; the data stays. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Whether a broker can be started here: `java` and `mvn` are on the path. */
export const canStartBroker = ['java', 'mvn'].every((command) =>
  (process.env['PATH'] ?? '').split(path.delimiter).some((folder) => existsSync(path.join(folder, command))),
);

/** How a broker is started. */
export interface BrokerOptions {
  /** It ends with this process instead of the one that starts it. */
  readonly endsWith?: number;
  /** A port of its own for a proxy, and the one where clients find the proxy. */
  readonly proxied?: ProxiedPort;
}

/** Starts a broker that keeps its data in `folder`. It is up when it has answered. */
export async function startBroker(
  folder: string,
  { endsWith, proxied }: BrokerOptions = {},
): Promise<StartedBroker> {
  const lib = await fetchBroker();
  const [plainPort, securePort, controllerPort] = await Promise.all([freePort(), freePort(), freePort()]);
  await mkdir(folder, { recursive: true });
  const ca = await keyStore(folder);
  const settings = path.join(folder, 'server.properties');
  const ports = { plain: plainPort, secure: securePort, controller: controllerPort, proxied };
  await writeFile(settings, brokerSettings(folder, ports));
  const classpath = path.join(lib, '*');
  const users = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${saslUser},password=${saslPassword}]`,
  ]);
  const format = ['format', '-t', clusterId(), '-c', settings, ...users];
  await run('java', [...brief, '-cp', classpath, 'kafka.tools.StorageTool', ...format]);
  const plain = `127.0.0.1:${plainPort}`;
  const start = { folder, classpath, settings, plain, endsWith };
  let child = await boot(start);
  return {
    plain,
    secure: { broker: `127.0.0.1:${securePort}`, ca },
    get pid() {
      return child.pid ?? 0;
    },
    restart: async () => {
      child = await boot(start);
    },
    kill: async (signal) => {
      const ended = new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
      });
      child.kill(signal);
      if (child.exitCode === null && child.signalCode === null) await ended;
    },
  };
}

/** As Kafka's own `Uuid` makes it: 16 bytes as base64url, which do not begin with `-`. */
function clusterId(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes.toString('base64url');
}

interface Boot {
  readonly folder: string;
  readonly classpath: string;
  readonly settings: string;
  readonly plain: string;
  readonly endsWith: number | undefined;
}

/** Ends the broker once the process that it is for is gone, however that ended. */
const watched =
  'java "$@" & broker=$!; while kill -0 "$WATCHED" && kill -0 $broker; do sleep 1; done 2>/dev/null; kill -9 $broker';

async function boot({ folder, classpath, settings, plain, endsWith }: Boot): Promise<ChildProcess> {
  const logFile = path.join(folder, 'kafka.log');
  const log = openSync(logFile, 'a');
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
  const options = [...heap, quiet, '-cp', classpath, 'kafka.Kafka', settings];
  const stdio: StdioOptions = ['ignore', log, log];
  const child =
    endsWith === undefined
      ? spawn('java', options, { cwd: folder, stdio })
      : spawn('sh', ['-c', watched, 'broker', ...options], {
          cwd: folder,
          detached: true,
          stdio,
          env: { ...process.env, WATCHED: String(endsWith) },
        });
  if (endsWith !== undefined) child.unref();
  const kafka = new kafkajs.Kafka({
    brokers: [plain],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 0 },
  });
  const until = Date.now() + 120_000;
  for (;;) {
    const admin = kafka.admin();
    try {
      await admin.connect();
      await admin.listGroups(); // it answers once the coordinators are there
      return child;
    } catch (thrown) {
      if (child.exitCode !== null || Date.now() > until) {
        const said = (await readFile(logFile, 'utf8')).slice(-2_000);
        throw new Error(`Kafka did not start: ${said}`, { cause: thrown });
      }
    } finally {
      await admin.disconnect();
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}

const fetchMs = 600_000;

/** The folder of the broker's jars: fetched from Maven Central the first time (43 MB). Rejects where that cannot be reached. */
export async function fetchBroker(): Promise<string> {
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'purview-streams');
  const lib = path.join(cache, 'kafka-4.2.0');
  if (existsSync(lib)) return lib;
  await mkdir(cache, { recursive: true });
  const fetched = await mkdtemp(path.join(cache, 'fetching-'));
  const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${fetched}`, '-DincludeScope=runtime'];
  try {
    await run('mvn', ['-q', '-B', '-f', pom, ...copy], { timeout: fetchMs });
    await rename(fetched, lib);
  } catch (thrown) {
    await rm(fetched, { recursive: true, force: true });
    if (!existsSync(lib)) throw thrown; // else somebody else was faster
  }
  return lib;
}

/** Makes the broker's key; returns its certificate as PEM, which a client has to trust. */
async function keyStore(folder: string): Promise<string> {
  const store = ['-keystore', 'keys.p12', '-storetype', 'PKCS12', '-storepass', saslPassword];
  const subject = ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost,ip:127.0.0.1'];
  const key = ['-alias', 'broker', '-keyalg', 'RSA', '-keysize', '2048', '-validity', '3650'];
  const options = brief.map((option) => `-J${option}`);
  await run('keytool', [...options, '-genkeypair', ...key, ...subject, ...store], { cwd: folder });
  const { stdout } = await run('keytool', [...options, '-exportcert', '-rfc', '-alias', 'broker', ...store], {
    cwd: folder,
  });
  return stdout;
}
