import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import { pause } from '../../pipeline/delivery/backoff.ts';
import { StreamError, toStreamError } from '../../pipeline/errors.ts';
import type { Rejection } from '../../pipeline/producer.ts';
import { blobError } from './blob-files.ts';
import { type TouchedBlob, touchedByMessage } from './blob-events.ts';

/** Messages that are taken together; more are not given at once. */
const mostTogether = 32;
/** Seconds for which a message that was taken is hidden from others; renewed while it is worked on. */
const hiddenSeconds = 120;

/** What was taken from the queue. */
export interface QueueNews {
  readonly touched: readonly TouchedBlob[];
  /** Only a scan can tell what has changed. */
  readonly everything: boolean;
  readonly rejected: readonly Rejection[];
}

/** How the queue is read. */
export interface EventQueueOptions {
  readonly client: QueueClient;
  /** Milliseconds between two looks at an empty queue. */
  readonly intervalMs: number;
  /** A message that was given so often and could not be settled is a dead letter. */
  readonly maxDequeues: number;
}

/**
 * Takes messages in turn until `signal` fires. They are deleted when the next are asked for: what they speak of is durable then. Those of a caller
 * that went show again after a while. Yields undefined after a look at an empty queue. Rejects with a StreamError.
 */
export async function* readEventQueue(
  { client, intervalMs, maxDequeues }: EventQueueOptions,
  signal: AbortSignal,
): AsyncGenerator<QueueNews | undefined> {
  while (!signal.aborted) {
    const messages = await receive(client, signal);
    if (signal.aborted) return;
    if (messages.length === 0) {
      yield undefined;
      await pause(intervalMs, signal);
      continue;
    }
    const held = new HeldMessages(client, messages);
    try {
      yield newsOf(messages, maxDequeues);
      await held.delete();
    } finally {
      await held.release();
    }
  }
}

async function receive(client: QueueClient, signal: AbortSignal): Promise<readonly DequeuedMessageItem[]> {
  try {
    const { receivedMessageItems } = await client.receiveMessages({
      numberOfMessages: mostTogether,
      visibilityTimeout: hiddenSeconds,
      abortSignal: signal,
    });
    return receivedMessageItems;
  } catch (thrown) {
    if (signal.aborted) return [];
    throw queueError(thrown, client);
  }
}

function queueError(thrown: unknown, { name }: QueueClient): StreamError {
  const error = blobError(thrown, `The queue ${name}`);
  if (error.code !== 'SOURCE_REFUSED') return error;
  return new StreamError(error.code, error.message, {
    cause: thrown,
    advice: 'Give the identity the role Storage Queue Data Message Processor.',
  });
}

function newsOf(messages: readonly DequeuedMessageItem[], maxDequeues: number): QueueNews {
  const touched: TouchedBlob[] = [];
  const rejected: Rejection[] = [];
  let everything = false;
  for (const { messageId, messageText, dequeueCount } of messages) {
    try {
      if (dequeueCount > maxDequeues)
        throw new StreamError(
          'SOURCE_INVALID',
          `A message was given ${dequeueCount} times and never settled.`,
          {
            advice: 'The blobs that it speaks of are read by the next scan.',
          },
        );
      const means = touchedByMessage(messageText);
      if (means === 'everything') everything = true;
      else touched.push(...means);
    } catch (thrown) {
      const objectId = `message ${messageId}`;
      const error = toStreamError(thrown, 'SOURCE_INVALID', objectId);
      rejected.push({ objectId, error, bytes: Buffer.from(messageText.slice(0, 65_536)) });
    }
  }
  return { touched, everything, rejected };
}

/** Messages that are worked on: hidden from others until they are deleted. */
class HeldMessages {
  readonly #client: QueueClient;
  readonly #receipts: Map<string, string>;
  readonly #timer: NodeJS.Timeout;
  #renewing: Promise<void> = Promise.resolve();

  constructor(client: QueueClient, messages: readonly DequeuedMessageItem[]) {
    this.#client = client;
    this.#receipts = new Map(messages.map(({ messageId, popReceipt }) => [messageId, popReceipt]));
    this.#timer = setInterval(
      () => {
        this.#renewing = this.#renewing.then(() => this.#renew());
      },
      (hiddenSeconds * 1_000) / 3,
    );
  }

  async delete(): Promise<void> {
    await this.release();
    for (const [id, receipt] of this.#receipts) {
      try {
        await this.#client.deleteMessage(id, receipt);
      } catch (thrown) {
        // Somebody else has it by now: it is told twice, which does no harm.
        if (!isGone(thrown)) throw queueError(thrown, this.#client);
      }
    }
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
  }

  async #renew(): Promise<void> {
    for (const [id, receipt] of this.#receipts) {
      try {
        const { popReceipt } = await this.#client.updateMessage(id, receipt, undefined, hiddenSeconds);
        if (popReceipt !== undefined) this.#receipts.set(id, popReceipt);
      } catch (thrown) {
        // Without a renewal it shows again, and is told twice.
        if (!isGone(thrown)) return;
      }
    }
  }
}

/** MessageNotFound, or PopReceiptMismatch (documentation, "Queue Service error codes"). */
function isGone(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    'statusCode' in thrown &&
    (thrown.statusCode === 404 || thrown.statusCode === 400)
  );
}
