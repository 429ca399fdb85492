import type { NewRecord, StoredRecord } from '../../pipeline/transport.ts';

/** How events are wrapped on the wire, where that is not the single-object encoding in which they are made and read here. */
export interface Framing {
  /** Wraps an event; what is none stays as it is. Throws `Missing` where the registry has to be asked first. */
  wrap(record: NewRecord): NewRecord;
  /**
   * Unwraps an event. What is in no frame stays as it is; what is in one that nobody can read is corrupt, with its bytes as they are. Rejects
   * with REGISTRY_UNAVAILABLE and REGISTRY_REFUSED: then the registry is at fault, and not the event.
   */
  unwrap(record: StoredRecord): StoredRecord | Promise<StoredRecord>;
}
