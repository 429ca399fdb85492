import { Serial } from '../pipeline/serial.ts';
import type { NewRecord, Transactions, TransactionWork, Transport } from '../pipeline/transport.ts';

/** What is within a transaction, and what comes behind it. */
interface Split {
  readonly within: TransactionWork;
  readonly behind: TransactionWork['appends'];
  readonly commits: TransactionWork['commits'];
}

/**
 * Transactions that promise at-least-once for what comes again when it is taken again (`again` of its record): that is appended when the transaction is
 * durable, and the offsets are committed after that. Whoever dies in between leaves the offsets as they were. All else is within the transaction. What
 * one process appends is in the order of its transactions.
 */
export function createAtLeastOnce(inner: Transactions, append: Transport['append']): Transactions {
  const turn = new Serial();
  const appendAll = async ({ behind }: Split): Promise<void> => {
    for (const { topic, records } of behind) await append(topic, records);
  };
  return {
    guarantee: 'at-least-once',
    state: inner.state,
    run: (work) => inner.run(work),
    view: (read) => inner.view(read),
    update: async ({ compute, ...options }) => {
      const commits = await turn.run(async () => {
        const splits: Split[] = []; // the last one counts, since it may be computed twice
        const isOurs = await inner.update({
          ...options,
          compute: (table) => {
            const split = splitUp(compute(table));
            splits.push(split);
            return split.within;
          },
        });
        const split = splits.at(-1);
        if (!isOurs || split === undefined) return undefined;
        await appendAll(split);
        return split.commits;
      });
      if (commits === undefined) return false;
      const committed = await Promise.all(commits.map(({ assignment, offset }) => assignment.commit(offset)));
      return committed.every(Boolean);
    },
  };
}

/** Where nothing comes again, all of it is one transaction. */
function splitUp(work: TransactionWork): Split {
  const { appends, commits } = work;
  const behind = parted(appends, (record) => record.again === true);
  if (behind.every(({ records }) => records.length === 0)) return { within: work, behind: [], commits: [] };
  const within = { ...work, appends: parted(appends, (record) => record.again !== true), commits: [] };
  return { within, behind, commits };
}

function parted(
  appends: TransactionWork['appends'],
  takes: (record: NewRecord) => boolean,
): TransactionWork['appends'] {
  return appends.map(({ topic, records }) => ({ topic, records: records.filter(takes) }));
}
