import { type Client, type Connection, escapeIdentifier, escapeLiteral } from 'pg';
import { StreamError } from '../../pipeline/errors.ts';
import { connect, sourceError } from './connection.ts';
import type { PostgresSource } from './options.ts';
import { readReplicationMessage, standbyStatus } from './replication-messages.ts';
import { publication } from './slots.ts';

/** Milliseconds between two words to the server, which gives up after wal_sender_timeout (60 s) without one. */
const statusMs = 10_000;
/** Transactions that may wait to be seen before no more are received. */
const maxWaiting = 1_000;

/** What a stream works with. */
export interface OutboxStreamOptions {
  readonly source: PostgresSource;
  readonly database: string;
  readonly slot: string;
  /** Called when a transaction that noted something was received, and when the stream ends. */
  readonly wake: () => void;
}

/**
 * Tells by logical replication that something was noted in the outbox: which transactions wrote to it. Their rows are read from the table, since a
 * commit is sent a moment before others see it. The slot of the stream is confirmed as far as everything received was seen, so that after a kill the
 * server tells the rest again. Whatever goes wrong ends the stream; nothing depends on it but how soon a change is seen.
 */
export class OutboxStream {
  readonly #options: OutboxStreamOptions;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #connection: Connection | undefined;
  #failure: StreamError | undefined;
  #waiting: { readonly xid: number; readonly end: bigint }[] = [];
  #xid = 0;
  #wrote = false;
  #received = 0n;
  #confirmed = 0n;

  /** Begins to connect. A slot that is not there is made, which waits for the transactions that are open. */
  constructor(options: OutboxStreamOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** Whether every transaction from now on is told. */
  get isStreaming(): boolean {
    return this.#connection !== undefined && this.#failure === undefined;
  }

  /** Why the stream has ended. */
  get failure(): StreamError | undefined {
    return this.#failure;
  }

  /** Transactions that were received and not yet said to be seen: the lower halves of their numbers. */
  get waiting(): readonly number[] {
    return this.#waiting.map(({ xid }) => xid);
  }

  /** What these transactions noted is durable, or superseded. */
  seen(xids: ReadonlySet<number>): void {
    this.#waiting = this.#waiting.filter(({ xid }) => !xids.has(xid));
    if (this.#waiting.length < maxWaiting) this.#connection?.stream.resume();
    this.#tellServer();
  }

  /** Ends the connection; the slot stays. */
  async close(): Promise<void> {
    this.#tellServer();
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { source, database, slot, wake } = this.#options;
    const timer = setInterval(() => this.#tellServer(), statusMs);
    let client: Client | undefined;
    try {
      client = await connect(source, database, this.#stop.signal, { replication: true });
      await makeSlot(client, slot);
      await this.#stream(client, slot);
    } catch (thrown) {
      if (!this.#stop.signal.aborted) this.#failure = sourceError(thrown, source, database);
    } finally {
      clearInterval(timer);
      this.#connection = undefined;
      await client?.end();
      wake();
    }
  }

  /** Resolves when the stream is closed; rejects when it breaks. */
  async #stream(client: Client, slot: string): Promise<void> {
    const command = `START_REPLICATION SLOT ${escapeIdentifier(slot)} LOGICAL 0/0 ("proto_version" '1', "publication_names" ${escapeLiteral(publication)})`;
    await new Promise<void>((resolve, reject) => {
      client.once('end', () =>
        this.#stop.signal.aborted
          ? resolve()
          : reject(new StreamError('SOURCE_UNAVAILABLE', 'The replication connection ended.')),
      );
      client.query({
        submit: (connection: Connection) => {
          connection.query(command);
          connection.once('replicationStart', () => {
            this.#connection = connection;
          });
        },
        handleCopyData: ({ chunk }: { readonly chunk: Buffer }) => this.#take(chunk),
        handleError: reject,
        handleCommandComplete: () => undefined,
        handleReadyForQuery: () =>
          reject(new StreamError('SOURCE_UNAVAILABLE', 'The server ended the stream.')),
      });
    });
  }

  #take(chunk: Buffer): void {
    const message = readReplicationMessage(chunk);
    if (message.kind === 'begin') {
      this.#xid = message.xid;
      this.#wrote = false;
    } else if (message.kind === 'row') this.#wrote = true;
    else if (message.kind === 'commit') {
      this.#received = message.end;
      if (!this.#wrote) return;
      this.#waiting.push({ xid: this.#xid, end: message.end });
      if (this.#waiting.length >= maxWaiting) this.#connection?.stream.pause();
      this.#options.wake();
    } else if (message.kind === 'alive') {
      // Everything before this position was sent: the slot moves on although nothing is noted.
      if (message.end > this.#received) this.#received = message.end;
      if (message.asks) this.#tellServer();
    }
  }

  #tellServer(): void {
    if (this.#connection === undefined) return;
    if (this.#waiting.length === 0) this.#confirmed = this.#received;
    this.#connection.stream.write(standbyStatus(this.#received, this.#confirmed, Date.now()));
  }
}

/** Makes the slot where it is not there, or where the server has given it up: what it held is in the outbox all the same. */
async function makeSlot(client: Client, slot: string): Promise<void> {
  const name = escapeLiteral(slot);
  const { rows } = await client.query<{ lost: boolean; ours: boolean; active: boolean }>(
    `SELECT coalesce(wal_status = 'lost', false) AS lost, active, coalesce(plugin = 'pgoutput' AND database = current_database(), false) AS ours FROM pg_replication_slots WHERE slot_name = ${name}`,
  );
  const [found] = rows;
  if (found?.ours === false)
    throw new StreamError('SOURCE_REFUSED', `The replication slot ${slot} is somebody else's.`, {
      advice: 'Give another name by the option slot.',
    });
  if (found?.active === true)
    throw new StreamError('SOURCE_UNAVAILABLE', `The replication slot ${slot} is in use.`, {
      advice: 'Each reader needs a slot of its own: give another name by the option slot.',
    });
  if (found?.lost === true) await client.query(`SELECT pg_drop_replication_slot(${name})`);
  if (found === undefined || found.lost)
    await client.query(`SELECT pg_create_logical_replication_slot(${name}, 'pgoutput')`);
}
