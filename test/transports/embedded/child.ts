import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Assignment } from '../../../pipeline/transport.ts';
import { createEmbeddedTransport } from '../../../transports/embedded/transport.ts';
import { record } from './support.ts';

// A process of its own on a log: `child.ts produce|consume FOLDER SESSION_MS NAME`. Says what it did on standard output, a line each.
// On standard input: `leave` drains and ends; `freeze` stops the process (SIGSTOP) between two transactions.

const [role, folder = '', session = '', name = ''] = process.argv.slice(2);
const transport = createEmbeddedTransport({ folder, sessionMs: Number(session) });
const stop = new AbortController();
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'leave') stop.abort();
  if (line === 'freeze') process.kill(process.pid, 'SIGSTOP');
});

async function produce(): Promise<void> {
  for (let n = 0; !stop.signal.aborted; n += 10) {
    while ((await lag()) > 1000 && !stop.signal.aborted) await delay(5);
    const ids = Array.from({ length: 10 }, (_, index) => `${name}-${n + index}`);
    await transport.append(
      'in',
      ids.map((id, index) => record(`k${index}`, id)),
    );
    say(`acknowledged ${ids.join(' ')}`);
  }
}

/** Records that the consumers have not settled. */
async function lag(): Promise<number> {
  const states = await transport.describe('in');
  return states.reduce((sum, { next, committed }) => sum + next - (committed['g'] ?? 0), 0);
}

async function consume(): Promise<void> {
  const running: Promise<void>[] = [];
  for await (const assignment of transport.subscribe({ topic: 'in', group: 'g', signal: stop.signal })) {
    running.push(copy(assignment));
  }
  await Promise.all(running);
}

/** Copies a partition to the topic `out`, output and offset in one transaction. */
async function copy(assignment: Assignment): Promise<void> {
  say(`assigned ${assignment.partition} ${assignment.start}`);
  for (;;) {
    const records = await assignment.pull({ records: 20, bytes: 100_000 }, stop.signal);
    const last = records.at(-1);
    if (last === undefined) break;
    const done = await transport.transactions.run({
      appends: [{ topic: 'out', records }],
      state: [{ key: `last/${assignment.partition}`, value: last.offset }],
      commits: [{ assignment, offset: last.offset + 1 }],
    });
    say(`${done ? 'copied' : 'fenced'} ${assignment.partition} ${last.offset}`);
    if (!done) break;
  }
  await assignment.release();
  say(`released ${assignment.partition}`);
}

await (role === 'produce' ? produce() : consume());
await transport.close();
process.exit(0);
