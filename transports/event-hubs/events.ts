import type { EventDataBatch, EventHubProducerClient, ReceivedEventData } from '@azure/event-hubs';
import { StreamError } from '../../pipeline/errors.ts';
import type { NewRecord, StoredRecord } from '../../pipeline/transport.ts';

type AmqpMessage = Parameters<EventDataBatch['tryAdd']>[0];

const contentType = 'content-type';

function isTyped(headers: NewRecord['headers']): headers is Record<string, string> {
  return contentType in headers;
}

/**
 * A record as a message of AMQP: headers are application properties, the key is the group of the message (a partition key cannot be named beside a
 * partition), and a tombstone has the value null in place of bytes.
 */
function toMessage({ key, value, headers }: NewRecord): AmqpMessage {
  return {
    body: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.length),
    bodyType: value === null ? 'value' : 'data',
    // Programs of Azure look there for the schema of an event.
    properties: { groupId: key, ...(isTyped(headers) ? { contentType: headers[contentType] } : {}) },
    applicationProperties: { ...headers },
  };
}

/** The record of an event. One that another program has put there may not be bytes: it is corrupt. */
export function toRecord(event: ReceivedEventData, topic: string, partition: number): StoredRecord {
  const { properties } = event.getRawAmqpMessage();
  const place = {
    topic,
    partition,
    offset: event.sequenceNumber,
    timestamp: event.enqueuedTimeUtc.getTime(),
  };
  const body: unknown = event.body;
  if (body !== null && body !== undefined && !(body instanceof Uint8Array)) {
    const value = Buffer.from(JSON.stringify(body) ?? '');
    return { ...place, key: '', headers: {}, value, corrupt: 'the body of the event is not bytes' };
  }
  const headers = Object.entries(event.properties ?? {}).map(([name, text]) => [name, String(text)]);
  if (properties?.contentType !== undefined) headers.push([contentType, properties.contentType]);
  return {
    key: properties?.groupId ?? event.partitionKey ?? '',
    value: body instanceof Uint8Array ? body : null,
    headers: Object.fromEntries(headers) as Record<string, string>,
    ...place,
  };
}

/** Where a batch goes, and whether it may. */
export interface BatchTarget {
  readonly topic: string;
  readonly partition: number;
  /** Asked right before it is sent: throws what keeps it from being sent. */
  readonly guard: () => void;
  /** Nothing is sent once it has fired. */
  readonly over: AbortSignal;
}

/** Sends as many of the records from an index on as one batch holds, at least one, to one partition. Resolves with their count. Rejects with EVENT_TOO_LARGE, with what `guard` throws, and with what the SDK says. */
export async function sendBatch(
  producer: EventHubProducerClient,
  to: BatchTarget,
  records: readonly NewRecord[],
  from: number,
): Promise<number> {
  const { over: abortSignal } = to;
  const batch = await producer.createBatch({ partitionId: String(to.partition), abortSignal });
  for (let index = from; index < records.length; index += 1) {
    const record = records[index];
    if (record === undefined || batch.tryAdd(toMessage(record))) continue;
    if (batch.count > 0) break;
    throw new StreamError(
      'EVENT_TOO_LARGE',
      `An event of ${to.topic} has ${record.value?.length ?? 0} bytes, and the event hub takes ${batch.maxSizeInBytes} with all that goes with it.`,
    );
  }
  to.guard();
  await producer.sendBatch(batch, { abortSignal });
  return batch.count;
}
