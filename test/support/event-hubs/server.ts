/**
 * A server that speaks the AMQP of Azure Event Hubs with its own SDK: claims-based security, management, links to partitions with selector filters, owner
 * levels and credits. Everything is kept in memory. Faults come on demand. It listens on 127.0.0.1, as the emulator of Event Hubs does without TLS, unless
 * it is given a certificate.
 */
import type { AddressInfo, Server, Socket } from 'node:net';
import rhea, {
  type Connection,
  type Delivery,
  type EventContext,
  type Message,
  type Receiver,
  type Sender,
} from 'rhea';
import type { TestCertificate } from '../certificate.ts';
import { HubPartition, type HubReader } from './hub-partition.ts';

/** Microsoft's format of a message that holds several. */
const batchFormat = 0x80013700;
/** What Event Hubs takes in one transfer, in bytes. */
const defaultMaxBytes = 1_048_576;
/** Readers without an owner level that a partition serves per consumer group. */
const mostReaders = 5;

/** What the server answers with on demand. */
export interface EventHubsFaults {
  /** The next so many transfers are refused with server-busy. */
  busy: number;
  /** The next so many transfers are taken, but their answer is lost: the connection ends instead. */
  dropAnswers: number;
  /** Tokens are refused. */
  refuseTokens: boolean;
}

/** Options of {@link EventHubsServer}. */
interface ServerOptions {
  readonly maxBytes?: number;
  /** Lets clients in by TLS alone. */
  readonly certificate?: TestCertificate;
}

interface Address {
  readonly hub: readonly HubPartition[];
  readonly partition: HubPartition | undefined;
  readonly consumerGroup: string;
}

/** A namespace of event hubs. */
export class EventHubsServer {
  readonly faults: EventHubsFaults = { busy: 0, dropAnswers: 0, refuseTokens: false };
  readonly consumerGroups = new Set(['$default']);
  /** What happened so far. */
  readonly counts = { connections: 0, tokens: 0, links: 0, transfers: 0, events: 0, mostCredit: 0 };
  /** Tokens that were shown, each as its type and its text. */
  readonly tokens = new Set<string>();
  readonly #hubs = new Map<string, readonly HubPartition[]>();
  readonly #replies = new WeakMap<Connection, Map<string, Sender>>();
  readonly #readers = new Map<Sender, { readonly reader: HubReader; readonly partition: HubPartition }>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #maxBytes: number;
  #frozen = false;

  private constructor({ maxBytes = defaultMaxBytes, certificate }: ServerOptions) {
    this.#maxBytes = maxBytes;
    const container = rhea.create_container({ id: 'event-hubs', autoaccept: false });
    container.sasl_server_mechanisms.enable_anonymous();
    container.on('connection_open', ({ connection }: EventContext) => {
      this.counts.connections += 1;
      forgive(connection);
    });
    container.on('receiver_open', (context: EventContext) =>
      guarded(context, () => this.#openReceiver(context)),
    );
    container.on('sender_open', (context: EventContext) => guarded(context, () => this.#openSender(context)));
    container.on('sendable', ({ sender }: EventContext) => sender && this.#pump(sender));
    container.on('sender_close', ({ sender }: EventContext) => sender && this.#forget(sender));
    container.on('disconnected', ({ connection }: EventContext) => {
      for (const sender of this.#readers.keys()) if (sender.connection === connection) this.#forget(sender);
    });
    for (const event of ['connection_error', 'session_error', 'sender_error', 'receiver_error', 'error'])
      container.on(event, () => undefined);
    container.on('message', (context: EventContext) => guarded(context, () => this.#take(context)));
    const at = { port: 0, host: '127.0.0.1' };
    this.#server = container.listen(certificate ? { ...at, ...certificate, transport: 'tls' } : at);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      if (this.#frozen) hold(socket);
    });
  }

  /** Starts one on a free port. */
  static async start(options: ServerOptions = {}): Promise<EventHubsServer> {
    const server = new EventHubsServer(options);
    await new Promise<void>((resolve) => {
      server.#server.once('listening', () => resolve());
    });
    return server;
  }

  /** Where it listens. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What a client connects with. */
  get connectionString(): string {
    return `Endpoint=sb://localhost:${this.port};SharedAccessKeyName=k;SharedAccessKey=bm90LWEtc2VjcmV0;UseDevelopmentEmulator=true`;
  }

  /** Makes an event hub. */
  create(name: string, partitions: number): void {
    this.#hubs.set(
      name,
      Array.from({ length: partitions }, (_, index) => new HubPartition(String(index))),
    );
  }

  /** A partition of an event hub. */
  partition(hub: string, index: number): HubPartition {
    const found = this.#hubs.get(hub)?.[index];
    if (found === undefined) throw new Error(`There is no ${hub}/${index}.`);
    return found;
  }

  /** Ends every link to and from partitions with an error, as the service does when it moves them, or when someone takes them over. */
  detach(condition = 'amqp:link:detach-forced'): void {
    for (const [sender] of this.#readers) {
      this.#forget(sender);
      sender.close({ condition, description: 'The link is ended by the server.' });
    }
  }

  /** Ends all connections without a word of AMQP. */
  disconnect(): void {
    // rhea hears of an error alone where a socket is held: else its heartbeats would keep this process.
    for (const socket of this.#sockets) socket.destroy(new Error('The server ends its connections.'));
  }

  /** Black hole: what clients send is taken and never answered, on connections that are there and on new ones. */
  freeze(): void {
    this.#frozen = true;
    for (const socket of this.#sockets) hold(socket);
  }

  /** New connections are served again; those that were frozen stay so. */
  thaw(): void {
    this.#frozen = false;
  }

  async close(): Promise<void> {
    this.disconnect();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #addressOf(text: string | undefined): Address | undefined {
    const match = /^\/?([^/]+?)(?:\/ConsumerGroups\/([^/]+))?(?:\/Partitions\/(\d+))?$/i.exec(text ?? '');
    const [, name = '', consumerGroup = '', index] = match ?? [];
    const hub = this.#hubs.get(name);
    if (hub === undefined) return undefined;
    const partition = index === undefined ? undefined : hub[Number(index)];
    if (index !== undefined && partition === undefined) return undefined;
    return { hub, partition, consumerGroup: consumerGroup.toLowerCase() };
  }

  #openReceiver({ receiver }: EventContext): void {
    if (receiver === undefined) return;
    this.counts.links += 1;
    const { address } = receiver.target;
    receiver.set_target({ address: address ?? '' });
    localAttach(receiver).max_message_size = this.#maxBytes;
    if (isNode(address) || this.#addressOf(address) !== undefined) return;
    receiver.close(notFound(address));
  }

  #openSender({ sender, connection }: EventContext): void {
    if (sender === undefined) return;
    this.counts.links += 1;
    const { address } = sender.source;
    sender.set_source(sender.source);
    const target = sender.target as { readonly address?: string } | undefined;
    if (target !== undefined) sender.set_target({ address: target.address ?? '' });
    if (isNode(address)) {
      const replies = this.#replies.get(connection) ?? new Map<string, Sender>();
      this.#replies.set(connection, replies.set(sender.name, sender));
      if (target?.address !== undefined) replies.set(target.address, sender);
      return;
    }
    const found = this.#addressOf(typeof address === 'string' ? address : undefined);
    if (found?.partition === undefined || !this.consumerGroups.has(found.consumerGroup))
      return sender.close(notFound(address));
    this.#addReader(sender, found.partition, found.consumerGroup);
  }

  #addReader(sender: Sender, partition: HubPartition, consumerGroup: string): void {
    const { filter } = sender.source as { filter?: Record<string, { readonly value?: string }> };
    const selector = filter?.['apache.org:selector-filter:string'];
    const properties = sender.properties as Record<string, unknown> | undefined;
    const level = properties?.['com.microsoft:epoch'];
    const epoch = level === undefined || level === null ? undefined : Number(level);
    const peers = [...partition.readers].filter((reader) => reader.consumerGroup === consumerGroup);
    const highest = Math.max(...peers.map((peer) => peer.epoch ?? -1));
    if (highest > (epoch ?? -1))
      return sender.close({
        condition: 'amqp:link:stolen',
        description: `A receiver has the epoch ${highest}.`,
      });
    if (epoch !== undefined) {
      for (const peer of peers) {
        this.#forget(peer.sender);
        peer.sender.close({
          condition: 'amqp:link:stolen',
          description: `A receiver of epoch ${epoch} came.`,
        });
      }
    } else if (peers.length >= mostReaders) {
      const description = `A partition has at most ${mostReaders} receivers in a consumer group.`;
      return sender.close({ condition: 'amqp:resource-limit-exceeded', description });
    }
    const next = partition.startOf(selector?.value ?? '');
    if (next === undefined) {
      const description = `The supplied sequence number is invalid. The last one in the system is ${partition.next - 1}.`;
      return sender.close({ condition: 'com.microsoft:argument-error', description });
    }
    const reader = { sender, consumerGroup, epoch, next };
    partition.readers.add(reader);
    this.#readers.set(sender, { reader, partition });
  }

  #forget(sender: Sender): void {
    const found = this.#readers.get(sender);
    found?.partition.readers.delete(found.reader);
    this.#readers.delete(sender);
  }

  /** Hands out what a link has credit for. */
  #pump(sender: Sender): void {
    const found = this.#readers.get(sender);
    if (found === undefined) return;
    const { reader, partition } = found;
    const { credit } = sender as unknown as { readonly credit: number };
    this.counts.mostCredit = Math.max(this.counts.mostCredit, credit);
    reader.next = Math.max(reader.next, partition.first);
    while (sender.sendable() && reader.next < partition.next) {
      const event = partition.at(reader.next);
      reader.next += 1;
      if (event === undefined) continue;
      sender.send({
        ...event.message,
        message_annotations: {
          ...event.message.message_annotations,
          'x-opt-offset': event.offset,
          'x-opt-sequence-number': rhea.types.wrap_long(event.sequence),
          'x-opt-enqueued-time': rhea.types.wrap_timestamp(event.time),
        },
      });
    }
  }

  #take({ message: raw, receiver, delivery, connection }: EventContext): void {
    if (receiver === undefined || delivery === undefined || raw === undefined) return;
    const message = Buffer.isBuffer(raw) ? decoded(raw) : raw;
    const { address } = receiver.target;
    if (address === '$cbs' || address === '$management') {
      delivery.accept();
      const reply = this.#replies.get(connection)?.get(message.reply_to ?? '');
      const answer = address === '$cbs' ? this.#authorize(message) : this.#manage(message);
      reply?.send({ ...answer, correlation_id: message.message_id ?? '', to: message.reply_to ?? '' });
      return;
    }
    this.#transfer(message, delivery, address);
  }

  #transfer(message: Message, delivery: Delivery, address: string | undefined): void {
    this.counts.transfers += 1;
    if (this.faults.busy > 0) {
      this.faults.busy -= 1;
      delivery.reject({ condition: 'com.microsoft:server-busy', description: 'The request was terminated.' });
      return;
    }
    this.#append(this.#addressOf(address), delivery.format === batchFormat ? inner(message) : [message]);
    if (this.faults.dropAnswers > 0) {
      this.faults.dropAnswers -= 1;
      this.disconnect();
    } else delivery.accept();
  }

  #append(to: Address | undefined, messages: readonly Message[]): void {
    const partition = to?.partition ?? to?.hub[this.counts.transfers % to.hub.length];
    if (partition === undefined) return;
    const now = Date.now();
    for (const message of messages) partition.append(message, now);
    this.counts.events += messages.length;
    for (const { sender } of partition.readers) this.#pump(sender);
  }

  #authorize({ application_properties: asked, body }: Message): Message {
    this.counts.tokens += 1;
    this.tokens.add(`${(asked as Record<string, string>)['type']} ${String(body)}`);
    return this.faults.refuseTokens
      ? status(401, 'InvalidSignature: The token has an invalid signature.')
      : status(202, 'Accepted');
  }

  #manage({ application_properties: asked }: Message): Message {
    const { name, type, partition: id } = asked as Record<string, string>;
    const hub = this.#hubs.get(name ?? '');
    const { wrap_int, wrap_long, wrap_timestamp } = rhea.types;
    if (hub === undefined) {
      const { application_properties, body } = status(
        404,
        `The messaging entity '${name}' could not be found.`,
      );
      return {
        application_properties: { ...application_properties, 'error-condition': 'amqp:not-found' },
        body,
      };
    }
    if (type === 'com.microsoft:eventhub') {
      const body = {
        name,
        type,
        created_at: wrap_timestamp(Date.now()),
        partition_count: wrap_int(hub.length),
        partition_ids: hub.map((partition) => partition.id),
        georeplication_factor: wrap_int(1),
      };
      return { ...status(200, 'OK'), body };
    }
    const partition = hub[Number(id)];
    if (partition === undefined) return status(400, `There is no partition ${id}.`);
    const { last } = partition;
    const body = {
      name,
      type,
      partition: id,
      begin_sequence_number: wrap_long(partition.first),
      last_enqueued_sequence_number: wrap_long(partition.next - 1),
      last_enqueued_offset: last?.offset ?? '-1',
      last_enqueued_time_utc: wrap_timestamp(last?.time ?? 0),
      is_partition_empty: last === undefined,
    };
    return { ...status(200, 'OK'), body };
  }
}

function isNode(address: unknown): boolean {
  return address === '$cbs' || address === '$management';
}

function notFound(address: unknown): { readonly condition: string; readonly description: string } {
  const description = `The messaging entity '${String(address)}' could not be found.`;
  return { condition: 'amqp:not-found', description };
}

function status(code: number, description: string): Message {
  return {
    application_properties: { 'status-code': code, 'status-description': description },
    body: '',
  };
}

/** What a link says of itself when it answers to be opened; rhea's types do not have it. */
function localAttach(link: Receiver): { max_message_size: number } {
  return (link as unknown as { readonly local: { readonly attach: { max_message_size: number } } }).local
    .attach;
}

/** The messages of a batch: each a data section of the whole. */
function inner({ body }: Message): readonly Message[] {
  const { content, multiple } = body as {
    readonly content: Buffer | readonly Buffer[];
    readonly multiple?: boolean;
  };
  const parts = multiple === true ? (content as readonly Buffer[]) : [content as Buffer];
  return parts.map(decoded);
}

/** rhea's two types of a message differ in whether there must be a body. */
function decoded(bytes: Buffer): Message {
  return { body: null, ...rhea.message.decode(bytes) };
}

/** A client settles what has just arrived on a session that it has ended: the service takes no notice, and rhea would end the connection. */
function forgive(connection: Connection): void {
  const own = connection as unknown as {
    on_disposition: (frame: { readonly channel: number }) => void;
    readonly remote_channel_map: Readonly<Record<number, unknown>>;
  };
  const settle = own.on_disposition.bind(connection);
  own.on_disposition = (frame) => {
    if (own.remote_channel_map[frame.channel] !== undefined) settle(frame);
  };
}

/** An exception in a handler would end the connection without a word. */
function guarded({ connection }: EventContext, work: () => void): void {
  try {
    work();
  } catch (thrown) {
    process.stderr.write(`The test server of Event Hubs failed: ${String(thrown)}\n`);
    connection.close({ condition: 'amqp:internal-error', description: String(thrown) });
  }
}

function hold(socket: Socket): void {
  socket.pause();
  socket.cork();
}
