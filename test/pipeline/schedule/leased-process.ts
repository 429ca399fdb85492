import { setTimeout as delay } from 'node:timers/promises';
import { whileLeased } from '../../../pipeline/schedule/lease.ts';
import { schedulesTopic } from '../../../pipeline/topics.ts';
import { createEmbeddedTransport } from '../../../transports/embedded/transport.ts';

// A process of its own that moves a watermark on while it has the lease: `leased-process.ts FOLDER NAME FROM`. Says what it did on standard
// output, a line each. SIGUSR2 stops it (SIGSTOP) between two transactions; SIGTERM ends it.

const [folder = '', name = '', from = '0'] = process.argv.slice(2);
const transport = createEmbeddedTransport({ folder, sessionMs: 1000 });
const stop = new AbortController();
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
process.on('SIGUSR2', () => process.kill(process.pid, 'SIGSTOP'));
process.on('SIGTERM', () => stop.abort());

await transport.ensureTopics([{ name: schedulesTopic, partitions: 1 }]);
await whileLeased({ transport, name: 'w', signal: stop.signal }, async ({ state }) => {
  say('leased');
  try {
    // It never looks whether its time is over: what it writes too late has to be refused.
    for (let mark = Number(from); ; mark += 1) {
      await state.write([{ key: 'watermark', value: { mark, by: name } }]);
      if (mark === Number(from)) say('wrote');
      await delay(5);
      if (stop.signal.aborted) return;
    }
  } catch (thrown) {
    say(thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown));
    throw thrown;
  }
});
await transport.close();
