import { type ErrorCode, messageOf, StreamError } from '../../pipeline/errors.ts';

interface ClientError extends Error {
  readonly type?: string;
  readonly code?: unknown;
  readonly retriable?: boolean;
}

/** The error below those that only say how often something was tried. */
function innermost(thrown: unknown): unknown {
  let found = thrown;
  while (found instanceof Error && wrappers.has(found.name) && found.cause instanceof Error)
    found = found.cause;
  return found;
}

const wrappers: ReadonlySet<string> = new Set(['KafkaJSNumberOfRetriesExceeded']);

/** The protocol's name of a failure (`NOT_COORDINATOR_FOR_GROUP`), or kafkajs's (`KafkaJSConnectionError`). */
export function typeOf(thrown: unknown): string {
  const found = innermost(thrown);
  if (!(found instanceof Error)) return '';
  const { type, name, code } = found as ClientError;
  if (typeof code === 'string' && untrusted.test(code)) return 'UNTRUSTED_CERTIFICATE';
  return type ?? name;
}

/** Node's codes of certificates that are not to be trusted. */
const untrusted = /CERT|UNABLE_TO_VERIFY|ISSUER/;

/** Whether the connection may be at fault: it did not come about, was closed, or nothing was answered in time. */
export function isConnectionFault(thrown: unknown): boolean {
  return connectionFaults.has(typeOf(thrown));
}

const connectionFaults: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSGroupCoordinatorNotFound',
  'NETWORK_EXCEPTION',
]);

/** What passes although kafkajs does not say so of each. */
const passing: ReadonlySet<string> = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REQUEST_TIMED_OUT',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'CONCURRENT_TRANSACTIONS',
  'UNSTABLE_OFFSET_COMMIT',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
]);

/** Whether the same request may succeed a moment later. */
export function isPassing(thrown: unknown): boolean {
  return isConnectionFault(thrown) || passing.has(typeOf(thrown));
}

/** Whether another process has taken over: from now on nothing of this producer counts. */
export function isFenced(thrown: unknown): boolean {
  return fences.has(typeOf(thrown));
}

const fences: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'TRANSACTION_COORDINATOR_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
]);

const refusals: ReadonlySet<string> = new Set([
  'UNTRUSTED_CERTIFICATE',
  'KafkaJSSASLAuthenticationError',
  'SASL_AUTHENTICATION_FAILED',
  'ILLEGAL_SASL_STATE',
  'UNSUPPORTED_SASL_MECHANISM',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
]);

const tooLarge: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** A failure of the client as one of ours; a {@link StreamError} stays itself. `what` says what was to be done. */
export function faultOf(thrown: unknown, what: string): StreamError {
  if (thrown instanceof StreamError) return thrown;
  const type = typeOf(thrown);
  const message = `${what}: ${messageOf(innermost(thrown))}`.replace(/\.$/, '');
  return new StreamError(codeOf(thrown, type), `${message}.`, { cause: thrown });
}

function codeOf(thrown: unknown, type: string): ErrorCode {
  if (isPassing(thrown)) return 'TRANSPORT_UNAVAILABLE';
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return 'TOPIC_UNKNOWN';
  if (tooLarge.has(type)) return 'EVENT_TOO_LARGE';
  return refusals.has(type) ? 'TRANSPORT_REFUSED' : 'TRANSPORT_FAILED';
}
