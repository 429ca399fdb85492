/** Azurite, Microsoft's emulator of Blob Storage, from npm: in a process of its own, in memory, on a free port of 127.0.0.1. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';

/** The account that Azurite has, with its well-known key. */
const account =
  'AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** One that runs. */
export interface Azurite {
  /** Of the blobs, and of the queues where they were asked for. */
  readonly connectionString: string;
  stop(): Promise<void>;
}

/** Starts one. It answers when this resolves. */
export async function startAzurite({ queues = false }: { readonly queues?: boolean } = {}): Promise<Azurite> {
  const [blob, queue] = await Promise.all([startService('blob'), queues ? startService('queue') : undefined]);
  const queueEndpoint = queue === undefined ? '' : `QueueEndpoint=${queue.url}/devstoreaccount1;`;
  return {
    connectionString: `DefaultEndpointsProtocol=http;${account};BlobEndpoint=${blob.url}/devstoreaccount1;${queueEndpoint}`,
    stop: async () => {
      await blob.stop();
      await queue?.stop();
    },
  };
}

async function startService(
  service: 'blob' | 'queue',
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const main = createRequire(import.meta.url).resolve(`azurite/dist/src/${service}/main.js`);
  const quiet = ['--silent', '--disableTelemetry', '--skipApiVersionCheck'];
  const args = [
    main,
    '--inMemoryPersistence',
    `--${service}Host`,
    '127.0.0.1',
    `--${service}Port`,
    '0',
    ...quiet,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return {
    url: await addressOf(child),
    stop: async () => {
      const ended = new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
      });
      child.kill('SIGKILL'); // what it holds is in memory
      await ended;
    },
  };
}

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  let said = '';
  for await (const part of stdout ?? []) {
    said += String(part);
    const url = /successfully listens on (http:\S+)/.exec(said)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`Azurite did not start: ${said}`);
}
