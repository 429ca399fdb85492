/** The messages of the streaming replication protocol and of pgoutput that are used (PostgreSQL documentation, "Streaming Replication Protocol" and "Logical Replication Message Formats"). */

/** Something that the server sent. */
export type ReplicationMessage =
  | { readonly kind: 'begin'; readonly xid: number }
  | { readonly kind: 'row' }
  | { readonly kind: 'commit'; readonly end: bigint }
  /** How far the server has read its log; it may want an answer at once. */
  | { readonly kind: 'alive'; readonly end: bigint; readonly asks: boolean }
  | { readonly kind: 'other' };

/** Bytes before the message of pgoutput: its own kind, two positions, a time. */
const headerBytes = 25;

/** Reads what a CopyData message holds. What is too short for its kind is none of ours. */
export function readReplicationMessage(chunk: Buffer): ReplicationMessage {
  const kind = String.fromCharCode(chunk[0] ?? 0);
  if (kind === 'k' && chunk.length >= 18)
    return { kind: 'alive', end: chunk.readBigUInt64BE(1), asks: chunk[17] === 1 };
  if (kind !== 'w' || chunk.length <= headerBytes) return { kind: 'other' };
  const body = chunk.subarray(headerBytes);
  switch (String.fromCharCode(body[0] ?? 0)) {
    case 'B':
      return body.length < 21 ? { kind: 'other' } : { kind: 'begin', xid: body.readUInt32BE(17) };
    case 'C':
      return body.length < 26 ? { kind: 'other' } : { kind: 'commit', end: body.readBigUInt64BE(10) };
    case 'I':
      return { kind: 'row' };
    default:
      return { kind: 'other' };
  }
}

/** Microseconds from 1970 to the year 2000, from which the protocol counts. */
const epoch = 946_684_800_000_000n;

/** Tells the server what was received, and what it need not send again; as the bytes of a CopyData message. */
export function standbyStatus(received: bigint, confirmed: bigint, nowMs: number): Buffer {
  const message = Buffer.alloc(39);
  message.write('d', 0, 'latin1');
  message.writeInt32BE(message.length - 1, 1);
  message.write('r', 5, 'latin1');
  message.writeBigUInt64BE(received, 6);
  message.writeBigUInt64BE(confirmed, 14);
  message.writeBigUInt64BE(confirmed, 22);
  message.writeBigInt64BE(BigInt(nowMs) * 1_000n - epoch, 30);
  return message;
}
