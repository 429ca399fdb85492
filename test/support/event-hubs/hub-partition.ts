import type { Message, Sender } from 'rhea';

/** An event as it stands in a partition. */
export interface HubEvent {
  readonly message: Message;
  readonly sequence: number;
  /** A text that grows with the events' bytes, as in version 6 of the SDK. */
  readonly offset: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** A link on which events go to a client. */
export interface HubReader {
  readonly sender: Sender;
  readonly consumerGroup: string;
  /** Its owner level; undefined where it has none. */
  readonly epoch: number | undefined;
  /** The next sequence number that it gets. */
  next: number;
}

const clausePattern = /amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time) (>=?) '([^']*)'/;
/** Bytes that an event counts for in the offset. */
const eventBytes = 64;

/** One partition of an event hub in memory. */
export class HubPartition {
  readonly id: string;
  readonly readers = new Set<HubReader>();
  #events: HubEvent[] = [];
  #first = 0;

  constructor(id: string) {
    this.id = id;
  }

  /** The oldest sequence number that is kept, and the one that the next event gets. */
  get first(): number {
    return this.#first;
  }

  get next(): number {
    return this.#first + this.#events.length;
  }

  get last(): HubEvent | undefined {
    return this.#events.at(-1);
  }

  at(sequence: number): HubEvent | undefined {
    return this.#events[sequence - this.#first];
  }

  append(message: Message, time: number): void {
    const sequence = this.next;
    this.#events.push({ message, sequence, offset: String(sequence * eventBytes), time });
  }

  /** Forgets the oldest events, as the retention time does. */
  expire(count: number): void {
    this.#events = this.#events.slice(count);
    this.#first += count;
  }

  /** The first sequence number that a selector filter lets through; a filter on what has expired begins at the oldest event. Undefined for a number that was never given: the service refuses it. */
  startOf(clause: string): number | undefined {
    const [, kind, operator, value = ''] = clausePattern.exec(clause) ?? [];
    if (kind === undefined || (kind === 'offset' && value === '-1')) return this.#first;
    if (kind === 'offset' && value === '@latest') return this.next;
    if (kind === 'sequence-number' && Number(value) >= this.next) return undefined;
    const found = this.#events.find((event) => {
      const own = valueOf(event, kind);
      return operator === '>=' ? own >= Number(value) : own > Number(value);
    });
    return found?.sequence ?? this.next;
  }
}

function valueOf({ offset, sequence, time }: HubEvent, kind: string): number {
  if (kind === 'offset') return Number(offset);
  return kind === 'sequence-number' ? sequence : time;
}
