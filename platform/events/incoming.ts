import { gunzipSync } from 'node:zlib';
import { messageOf } from '../../pipeline/errors.ts';
import type { StoredRecord } from '../../pipeline/transport.ts';
import { claimName, type ClaimStore } from './claim-store.ts';
import type { Framing } from './framing.ts';
import { marks, withoutMark } from './marks.ts';

/** What events are opened with. */
export interface IncomingOptions {
  readonly framing: Framing | undefined;
  readonly claims: ClaimStore | undefined;
  /** Bytes that an event may have. */
  readonly maxBytes: number;
}

/** Undoes what `Outgoing` has done to single records: fetches what was put aside, decompresses, unwraps. */
export class Incoming {
  readonly #options: IncomingOptions;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /**
   * A record as it was appended. What cannot be made that is corrupt: key, headers and value are then as they were found. Rejects with
   * CLAIMS_UNAVAILABLE, REGISTRY_UNAVAILABLE and REGISTRY_REFUSED, where not the event is at fault.
   */
  open(record: StoredRecord): StoredRecord | Promise<StoredRecord> {
    const { framing } = this.#options;
    if (record.value === null || record.corrupt !== undefined) return record;
    if (marks.claim in record.headers) return this.#claimed(record);
    const opened = marks.encoding in record.headers ? this.#decompressed(record, record.value) : record;
    if (opened.corrupt !== undefined || framing === undefined) return opened;
    return framing.unwrap(opened);
  }

  async #claimed(record: StoredRecord): Promise<StoredRecord> {
    const { claims, maxBytes } = this.#options;
    const name = record.headers[marks.claim] ?? '';
    const corrupt = (reason: string): StoredRecord => ({ ...record, corrupt: reason });
    if (!/^[0-9a-f]{64}$/u.test(name)) return corrupt(`${marks.claim} is no SHA-256`);
    if (claims === undefined) return corrupt('it was put aside, and events.claimCheck does not say where');
    const bytes = await claims.get(name, maxBytes);
    if (bytes === undefined) return corrupt(`${name} is not where large events are put aside, or too large`);
    if (claimName(bytes) !== name) return corrupt(`${name} was changed where it was put aside`);
    return this.open({ ...record, value: bytes, headers: withoutMark(record.headers, marks.claim) });
  }

  #decompressed(record: StoredRecord, value: Uint8Array): StoredRecord {
    const { maxBytes } = this.#options;
    const encoding = record.headers[marks.encoding] ?? '';
    if (encoding !== 'gzip') return { ...record, corrupt: `${marks.encoding} is ${encoding}` };
    try {
      // The limit ends it before more is allocated: a few bytes can claim to be gigabytes.
      const whole = gunzipSync(value, { maxOutputLength: maxBytes });
      return { ...record, value: whole, headers: withoutMark(record.headers, marks.encoding) };
    } catch (thrown) {
      return {
        ...record,
        corrupt: `it cannot be decompressed to ${maxBytes} bytes at the most: ${messageOf(thrown)}`,
      };
    }
  }
}
