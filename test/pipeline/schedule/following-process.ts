import { setTimeout as delay } from 'node:timers/promises';
import { followSource } from '../../../pipeline/leased-producer.ts';
import { createTelemetry } from '../../../pipeline/telemetry.ts';
import { schedulesTopic, topics } from '../../../pipeline/topics.ts';
import { createEmbeddedTransport } from '../../../transports/embedded/transport.ts';

// A process of its own that follows a source which changes all the time: `following-process.ts FOLDER NAME`; every change is said in the name of the process. Says what
// it did on standard output, a line each. SIGUSR2 stops it (SIGSTOP) between reading the source and publishing what it found; it ends when it is killed.

const [folder = '', name = ''] = process.argv.slice(2);
const transport = createEmbeddedTransport({ folder, sessionMs: 1000 });
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
let isToStop = false;
process.on('SIGUSR2', () => {
  isToStop = true;
});

await transport.ensureTopics(
  [...Object.values(topics), schedulesTopic].map((topic) => ({ name: topic, partitions: 1 })),
);
const telemetry = createTelemetry();
let published = 0;
telemetry.on('scanCompleted', () => {
  published += 1;
  if (published === 1) say('published');
});
telemetry.on('standsBy', () => say('stands by'));
let change = 0;
const open = async () => ({
  incarnation: async () => 'life',
  async *scan() {
    change += 1;
    if (isToStop) {
      isToStop = false;
      process.kill(process.pid, 'SIGSTOP');
    }
    const none = { inputs: [], outputs: [], warnings: [], additional: [] };
    const value = { tool: name, name: `${name} ${change}`, description: null, lastRun: null, ...none };
    yield { type: 'job', objectId: 'a', value } as const;
  },
  async *changes(signal: AbortSignal) {
    for (; !signal.aborted; await delay(5)) yield undefined;
  },
  close: async () => undefined,
});
const following = { onRead: () => undefined, goOn: Promise.resolve() };
await followSource(
  { name: 'p', open, transport, telemetry, standbyMs: 50 },
  following,
  new AbortController().signal,
);
