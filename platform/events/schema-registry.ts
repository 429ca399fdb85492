import type { PublishedSchema } from '../../schemas/codec.ts';

/** What a registry says of a schema that is to be registered. */
export interface SchemaVerdict {
  /** registered: it is there. compatible: it may be. incompatible: it may not. */
  readonly state: 'registered' | 'compatible' | 'incompatible';
  /** Its id, where it is registered. */
  readonly id?: string;
  /** What is not compatible. */
  readonly reasons: readonly string[];
}

/** A registry of schemas. Every method rejects with REGISTRY_UNAVAILABLE and REGISTRY_REFUSED. */
export interface SchemaRegistry {
  /** How the registry calls the schemas of one event. */
  subjectOf(schema: PublishedSchema): string;
  /** Whether a schema is there, or may be. Changes nothing. */
  check(schema: PublishedSchema): Promise<SchemaVerdict>;
  /** Registers a schema, which may be there already; resolves with its id. Rejects with SCHEMA_INCOMPATIBLE where the registry refuses it for that. */
  register(schema: PublishedSchema): Promise<string>;
  /** The schema of an id, as JSON; undefined where there is none. */
  schemaOf(id: string): Promise<unknown>;
}
