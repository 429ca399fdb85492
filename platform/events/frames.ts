import type { Frame } from './registry-framing.ts';

const confluentHead = 5;

/** Confluent's wire format: a zero byte, the id (32 bits, big-endian), then the event. */
export const confluentFrame: Frame = {
  put: (record, id, body) => {
    const head = Buffer.alloc(confluentHead);
    head.writeUInt32BE(Number(id), 1);
    return { ...record, value: Buffer.concat([head, body]) };
  },
  take: (record) => {
    const { value } = record;
    if (value === null || value[0] !== 0 || value.length < confluentHead) return undefined;
    const id = String(Buffer.from(value.subarray(1, confluentHead)).readUInt32BE());
    return { id, record: { ...record, value: value.subarray(confluentHead) } };
  },
};

const contentType = 'content-type';
const bare = 'application/avro';
const azurePrefix = 'avro/binary+';

/** Azure's form: the id stands in the content type, `avro/binary+ID`, and the value is the event alone. */
export const azureFrame: Frame = {
  put: (record, id, body) => ({
    ...record,
    value: body,
    headers: { ...record.headers, [contentType]: azurePrefix + id },
  }),
  take: (record) => {
    const type = record.headers[contentType] ?? '';
    if (!type.startsWith(azurePrefix)) return undefined;
    const headers = { ...record.headers, [contentType]: bare };
    return { id: type.slice(azurePrefix.length), record: { ...record, headers } };
  },
};
