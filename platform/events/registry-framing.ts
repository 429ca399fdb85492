import { StreamError } from '../../pipeline/errors.ts';
import type { NewRecord, StoredRecord } from '../../pipeline/transport.ts';
import { type PublishedSchema, publishedSchemas, readerOfForeign } from '../../schemas/codec.ts';
import type { ForeignReader } from '../../schemas/foreign-schema.ts';
import type { Framing } from './framing.ts';
import { Missing } from './missing.ts';
import type { SchemaRegistry } from './schema-registry.ts';

/** Where the id of a schema stands beside an event. */
export interface Frame {
  /** Puts the id beside the bare Avro of an event. */
  put(record: NewRecord, id: string, body: Uint8Array): NewRecord;
  /** Takes it away again; undefined for a record that has none. */
  take(record: StoredRecord): { readonly id: string; readonly record: StoredRecord } | undefined;
}

/** What {@link createRegistryFraming} works with. */
export interface RegistryFramingOptions {
  readonly registry: SchemaRegistry;
  readonly frame: Frame;
  /** Whether a schema that the registry does not have is registered when it is needed. */
  readonly registers: boolean;
}

/** Bytes before the Avro of a single-object encoding. */
const singleObject = { marker: 0xc3, head: 10 };
/** Schemas of a registry that are remembered. */
const remembered = 1000;
/** How long an id is remembered that the registry does not have, in milliseconds: it may be registered yet. */
const absentMs = 10_000;

interface Found {
  readonly reader: ForeignReader | string;
  readonly until: number;
}

/** Events with the id of their schema in a registry. */
export function createRegistryFraming(options: RegistryFramingOptions): Framing {
  return new RegistryFraming(options);
}

class RegistryFraming implements Framing {
  readonly #options: RegistryFramingOptions;
  readonly #own = new Map<string, PublishedSchema>();
  /** Ids of our schemas by fingerprint. */
  readonly #ids = new Map<string, string>();
  readonly #readers = new Map<string, Found>();

  constructor(options: RegistryFramingOptions) {
    this.#options = options;
    for (const schema of publishedSchemas())
      if (schema.isNewest) this.#own.set(schema.fingerprint.toString('latin1'), schema);
  }

  wrap(record: NewRecord): NewRecord {
    const { value } = record;
    if (value === null || value[0] !== singleObject.marker) return record;
    const fingerprint = Buffer.from(value.subarray(2, singleObject.head)).toString('latin1');
    const schema = this.#own.get(fingerprint);
    if (schema === undefined) return record; // of an older version: readers know it by its fingerprint
    const id = this.#ids.get(fingerprint);
    if (id !== undefined) return this.#options.frame.put(record, id, value.subarray(singleObject.head));
    throw new Missing(async () => {
      this.#ids.set(fingerprint, await this.#idOf(schema));
    });
  }

  unwrap(record: StoredRecord): StoredRecord | Promise<StoredRecord> {
    const taken = this.#options.frame.take(record);
    if (taken === undefined) return record;
    const known = this.#readers.get(taken.id);
    if (known !== undefined && known.until > Date.now()) return read(known.reader, taken.record, record);
    return this.#ask(taken.id).then((reader) => read(reader, taken.record, record));
  }

  async #ask(id: string): Promise<Found['reader']> {
    const schema = await this.#options.registry.schemaOf(id);
    const reader = schema === undefined ? `the registry has no schema ${id}` : readerOf(schema);
    const until = schema === undefined ? Date.now() + absentMs : Number.POSITIVE_INFINITY;
    const [oldest] = this.#readers.keys();
    if (this.#readers.size >= remembered && oldest !== undefined) this.#readers.delete(oldest);
    this.#readers.set(id, { reader, until });
    return reader;
  }

  /** Its compatibility is looked at before a schema is registered, whatever the registry itself would do. */
  async #idOf(schema: PublishedSchema): Promise<string> {
    const { registry, registers } = this.#options;
    const { state, id, reasons } = await registry.check(schema);
    if (id !== undefined) return id;
    const subject = registry.subjectOf(schema);
    if (state === 'incompatible')
      throw new StreamError('SCHEMA_INCOMPATIBLE', `${subject}: ${reasons.join('; ')}.`, {
        advice: 'See `schemas check`.',
      });
    if (!registers)
      throw new StreamError('REGISTRY_REFUSED', `The registry does not have ${subject} yet.`, {
        advice: 'Run `schemas register`, or set events.registry.register.',
      });
    return registry.register(schema);
  }
}

/** A schema that nothing here can read makes every event of it a dead letter, with the reason. */
function readerOf(schema: unknown): Found['reader'] {
  try {
    return readerOfForeign(schema);
  } catch (thrown) {
    if (thrown instanceof StreamError) return thrown.message;
    throw thrown;
  }
}

function read(reader: Found['reader'], taken: StoredRecord, found: StoredRecord): StoredRecord {
  if (typeof reader === 'string') return { ...found, corrupt: reader };
  if (taken.value === null) return taken;
  try {
    return { ...taken, value: reader(taken.value) };
  } catch (thrown) {
    if (thrown instanceof StreamError) return { ...found, corrupt: thrown.message };
    throw thrown;
  }
}
