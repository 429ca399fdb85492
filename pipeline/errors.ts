/**
 * The one catalogue of errors. Every failure that leaves a module is a {@link StreamError} with a code from
 * {@link errorCatalogue}: stable (people and dead letters refer to it), with a fixed answer to "may the same work be
 * tried again?". `docs/errors.md` lists the same codes; a test compares both ways.
 *
 * This file imports nothing and may be imported everywhere.
 */

/** What is fixed about a code: whether trying the same work again can help, and what it means to a person. */
export interface ErrorDefinition {
  readonly retryable: boolean;
  readonly summary: string;
}

const permanent = (summary: string): ErrorDefinition => ({ retryable: false, summary });
const transient = (summary: string): ErrorDefinition => ({ retryable: true, summary });

/** Every code, sorted by area. Add a code here and a row in `docs/errors.md`. */
export const errorCatalogue = {
  // configuration and command line
  CONFIG_NOT_FOUND: permanent('The configuration file does not exist or cannot be read.'),
  CONFIG_SYNTAX: permanent('The configuration file is not valid YAML.'),
  CONFIG_INVALID: permanent('A value in the configuration is missing, unknown or of the wrong kind.'),
  CONFIG_REFERENCE: permanent('A ${env:…}, ${file:…} or ${keyvault:…} reference cannot be resolved.'),
  SECRET_REFUSED: permanent('A key vault refuses the identity of this process, or there is none.'),
  SECRET_UNAVAILABLE: transient('A key vault cannot be reached or answered with a passing fault.'),
  CONFIG_OUTDATED: transient('An event is of a producer that was configured after this process had started.'),
  PLUGIN_INVALID: permanent('A plugin cannot be loaded, or does not export what a plugin does.'),
  USAGE: permanent('A command was called with wrong arguments.'),
  PORT_IN_USE: permanent('A server cannot listen because its port is taken.'),
  // events
  EVENT_UNDECODABLE: permanent('The bytes of an event do not match any known Avro schema.'),
  EVENT_INVALID: permanent('An event decodes, but breaks a rule that its schema cannot express.'),
  CLAIMS_UNAVAILABLE: transient('The store of large events cannot be reached, read or written.'),
  REGISTRY_UNAVAILABLE: transient('The schema registry cannot be reached or answered with a passing fault.'),
  REGISTRY_REFUSED: permanent('The schema registry refused the login, denied a right, or refused a request.'),
  SCHEMA_INCOMPATIBLE: permanent('A schema is not compatible with those that the registry has.'),
  // naming and types
  NAME_PATTERN: permanent('A qualifiedName pattern is ambiguous or malformed.'),
  NAME_INVALID: permanent('A qualifiedName cannot be built or parsed with the pattern of its type.'),
  TYPE_UNKNOWN: permanent('A type name is not declared by any producer in this configuration.'),
  TYPE_CONFLICT: permanent('The catalogue holds the type in a form that ours cannot be merged with.'),
  // sources
  SOURCE_NOT_FOUND: permanent('A file, folder or resource that a producer reads does not exist.'),
  SOURCE_INVALID: permanent('What a source answered or contains is not in the documented form.'),
  SOURCE_REFUSED: permanent('A source refused the login or denied the right to read.'),
  SOURCE_UNAVAILABLE: transient('A source cannot be reached or answered with a passing fault.'),
  PRODUCER_BUSY: transient('Another process reads the source of a producer.'),
  SOURCE_LIMIT: permanent('A source is larger than the caps of its parser allow.'),
  SCRIPT_INVALID: permanent('A script of a routine cannot be understood.'),
  // transforms
  TRANSFORM_FAILED: permanent('A transform threw on one event.'),
  // transport and state
  TRANSPORT_CLOSED: permanent('The transport was used after it had been closed.'),
  TOPIC_UNKNOWN: permanent('A topic was named that has not been created.'),
  GROUP_ACTIVE: permanent('A consumer group has members, so its offsets cannot be set or forgotten.'),
  OFFSET_INVALID: permanent('An offset lies beyond the end of its partition.'),
  TRANSPORT_FULL: transient('The log of the embedded transport is full: its size limit or the disk.'),
  TRANSPORT_UNAVAILABLE: transient('The brokers cannot be reached or answered with a passing fault.'),
  TRANSPORT_REFUSED: permanent('The brokers refused the login or denied a right.'),
  TRANSPORT_FAILED: permanent('The brokers refused a request for good.'),
  LEASE_LOST: permanent('Another process has taken over what this one was doing.'),
  EVENT_TOO_LARGE: permanent('A record is larger than the topic takes.'),
  TRANSPORT_DAMAGED: permanent('The files of the embedded transport are damaged, cut short or not its own.'),
  STORE_UNAVAILABLE: transient(
    'The store of what producers keep cannot be reached or answered with a passing fault.',
  ),
  STORE_REFUSED: permanent(
    'The store of what producers keep refused the login, denied a right, or does not have what the configuration names.',
  ),
  STATE_UNAVAILABLE: permanent('The state store cannot be opened, or holds what cannot be read.'),
  // catalogue
  CATALOG_UNAVAILABLE: transient('The catalogue cannot be reached or answered with a passing fault.'),
  CATALOG_THROTTLED: transient('The catalogue asked for a slower pace (429).'),
  CATALOG_REFUSED: permanent('The catalogue refused the credentials (401).'),
  CATALOG_FORBIDDEN: transient('The identity lacks a right in the catalogue (403).'),
  CATALOG_BAD_ENTITY: permanent('The catalogue refused one entity for good.'),
  CATALOG_MISSING_REFERENT: transient('An entity names another one that the catalogue does not have.'),
  CATALOG_MISSING_TYPE: transient('An entity has a type that the catalogue does not have.'),
  CATALOG_FAULT: transient('The catalogue answered 500, as it also does to some requests that are wrong.'),
  CATALOG_CONFLICT: transient('The catalogue reports a conflict with a concurrent change.'),
  CATALOG_STOPPED: permanent('An error of a class at which the sink is configured to stop.'),
  CATALOG_REJECTING: transient('The catalogue refuses too much to be the fault of single entities.'),
  CATALOG_ENDED: permanent('The local catalogue of this process ended by itself.'),
  CATALOG_NOT_FOUND: permanent('The catalogue has no entity of that name.'),
  CATALOG_UNEXPECTED: transient('The catalogue answered 2xx without the expected body.'),
} as const satisfies Record<string, ErrorDefinition>;

/** A stable name of a failure. */
export type ErrorCode = keyof typeof errorCatalogue;

/** Options of {@link StreamError}. */
export interface StreamErrorOptions {
  /** What was thrown below; kept, so that the chain can be printed. */
  readonly cause?: unknown;
  /** How long to wait before the same work is tried again, in milliseconds (from Retry-After). */
  readonly retryAfterMs?: number;
  /** What to do next, for a person: one sentence. Appended to the message. */
  readonly advice?: string;
}

/** A failure with a stable code, an answer to "can it be retried?", and its cause. Messages never hold secrets. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: StreamErrorOptions = {}) {
    super(
      options.advice === undefined ? message : `${message} ${options.advice}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.retryable = errorCatalogue[code].retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Whether an event was refused since it is larger than its topic takes: it alone is at fault, not what is appended with it. */
export function isTooLarge(thrown: unknown): thrown is StreamError {
  return thrown instanceof StreamError && thrown.code === 'EVENT_TOO_LARGE';
}

/** The text of anything that was thrown, without its stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Turns anything that was thrown into a {@link StreamError}; one that already is stays itself. */
export function toStreamError(thrown: unknown, code: ErrorCode, context: string): StreamError {
  if (thrown instanceof StreamError) return thrown;
  return new StreamError(code, `${context}: ${messageOf(thrown)}`, { cause: thrown });
}
