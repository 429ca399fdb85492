/** CloudEvents 1.0 attributes of an event, as they travel in headers (Kafka protocol binding, binary content mode). */
export interface CloudEvent {
  /** Unique within `source`. */
  readonly id: string;
  /** URI reference of what emitted it: `/producers/NAME`, `/transforms`. */
  readonly source: string;
  /** `io.purviewstreams.` and the name of the schema. */
  readonly type: string;
  /** The source object's id, or the qualifiedName of an entity change. */
  readonly subject: string;
  /** RFC 3339; for display, never for order. */
  readonly time: string;
  /** Name and version of the schema. */
  readonly dataschema: string;
  /** W3C trace context, carried from the raw event to the API call. */
  readonly traceparent?: string | undefined;
  /** Orders the events of one writer, where their offsets do not: see `Sequence` (the extension attribute "sequence" of CloudEvents). */
  readonly sequence?: string | undefined;
}

const prefix = 'ce_';
const traceparentHeader = 'ce_traceparent';
const sequenceHeader = 'ce_sequence';

/** Headers `ce_*` of the Kafka binding, with `content-type`. */
export function toHeaders(event: CloudEvent): Record<string, string> {
  const { traceparent, sequence } = event;
  const headers: Record<string, string> = {
    'content-type': 'application/avro',
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: event.source,
    ce_type: event.type,
    ce_subject: event.subject,
    ce_time: event.time,
    ce_dataschema: event.dataschema,
  };
  if (traceparent !== undefined) headers[traceparentHeader] = traceparent;
  if (sequence !== undefined) headers[sequenceHeader] = sequence;
  return headers;
}

/** The trace context of a record, by its headers. */
export function traceparentOf(headers: Readonly<Record<string, string>>): string | undefined {
  return headers[traceparentHeader];
}

/** Where a record stands among those of its writer, by its headers. */
export function sequenceOf(headers: Readonly<Record<string, string>>): string | undefined {
  return headers[sequenceHeader];
}

/** Reads what {@link toHeaders} wrote; attributes that a foreign writer left out read as the empty string. */
export function fromHeaders(headers: Readonly<Record<string, string>>): CloudEvent {
  const read = (name: string): string => headers[prefix + name] ?? '';
  const traceparent = traceparentOf(headers);
  const sequence = sequenceOf(headers);
  return {
    id: read('id'),
    source: read('source'),
    type: read('type'),
    subject: read('subject'),
    time: read('time'),
    dataschema: read('dataschema'),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(sequence === undefined ? {} : { sequence }),
  };
}
