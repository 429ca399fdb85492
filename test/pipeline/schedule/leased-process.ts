import { setTimeout as delay } from 'node:timers/promises';
import { whileLeased } from '../../../pipeline/schedule/lease.ts';
import { schedulesTopic } from '../../../pipeline/topics.ts';
import { postgresDatabase } from '../../../state/sql/postgres.ts';
import { createSqlState } from '../../../state/sql/store.ts';
import { createEmbeddedTransport } from '../../../transports/embedded/transport.ts';

// A process of its own that moves a watermark on while it has the lease: `leased-process.ts FOLDER NAME FROM [LOGIN]`; with the login of a PostgreSQL as JSON, the watermark is there. Says what it did on standard
// output, a line each. SIGUSR2 stops it (SIGSTOP) between two transactions; SIGTERM ends it.

const [folder = '', name = '', from = '0', login] = process.argv.slice(2);
const transport = createEmbeddedTransport({ folder, sessionMs: 1000 });
const stop = new AbortController();
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
let isToStop = false;
process.on('SIGUSR2', () => {
  isToStop = true;
});
process.on('SIGTERM', () => stop.abort());

await transport.ensureTopics([{ name: schedulesTopic, partitions: 1 }]);
const store =
  login === undefined
    ? undefined
    : createSqlState(
        postgresDatabase(async () => JSON.parse(login)),
        'zombies',
      );
await whileLeased({ transport, store, name: 'w', signal: stop.signal }, async ({ state }) => {
  say('leased');
  try {
    // It never looks whether its time is over: what it writes too late has to be refused.
    for (let mark = Number(from); ; mark += 1) {
      await state.write([{ key: 'watermark', value: { mark, by: name } }]);
      if (mark === Number(from)) say('wrote');
      if (isToStop) {
        isToStop = false;
        process.kill(process.pid, 'SIGSTOP');
      }
      await delay(5);
      if (stop.signal.aborted) return;
    }
  } catch (thrown) {
    say(thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown));
    throw thrown;
  }
});
await store?.close();
await transport.close();
