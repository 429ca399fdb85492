import { type ErrorCode, messageOf, StreamError } from '../../pipeline/errors.ts';

interface ServiceError extends Error {
  /** Name of the condition, as the SDK has it, or of a failure of the network. */
  readonly code?: string;
  readonly retryable?: boolean;
  readonly statusCode?: number;
  readonly errors?: readonly unknown[];
}

/** The last of the errors that several attempts of the SDK have ended with. */
function lastOf(thrown: unknown): unknown {
  const { errors } = thrown instanceof Error ? (thrown as ServiceError) : {};
  return errors === undefined || errors.length === 0 ? thrown : lastOf(errors.at(-1));
}

/** What went wrong, by the SDK's name of it. */
export function nameOf(thrown: unknown): string {
  const found = lastOf(thrown);
  if (!(found instanceof Error)) return '';
  return (found as ServiceError).code ?? found.name;
}

const refusals: ReadonlySet<string> = new Set([
  'UnauthorizedError',
  'AuthenticationError',
  'CredentialUnavailableError',
]);
const passing: ReadonlySet<string> = new Set([
  'OperationTimeoutError',
  'ServiceUnavailableError',
  'ReceiverDisconnectedError',
  'ConnectionForcedError',
  'DetachForcedError',
  'QuotaExceededError',
]);
const connectionFaults: ReadonlySet<string> = new Set(['OperationTimeoutError', 'ConnectionForcedError']);
const linkFaults: ReadonlySet<string> = new Set([
  'ReceiverDisconnectedError',
  'DetachForcedError',
  'ServerBusyError',
]);
/** What the SDK says in plain errors when a connection does not come about or ends. */
const connectionWords =
  /unable to open|timed? ?out|timeout|connection|disconnected|ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|socket|sender.*(closed|not.*open)/i;
const throttled = 429;
const timedOut = 408;

/** Whether the same request may succeed a moment later. */
export function isPassing(thrown: unknown): boolean {
  if (thrown instanceof StreamError) return thrown.retryable;
  const found = lastOf(thrown);
  const name = nameOf(thrown);
  if (refusals.has(name) || !(found instanceof Error)) return false;
  const { retryable, statusCode, code } = found as ServiceError;
  if (statusCode !== undefined)
    return statusCode >= 500 || statusCode === throttled || statusCode === timedOut;
  if (retryable === true || passing.has(name)) return true;
  return (retryable === undefined || code === undefined) && connectionWords.test(`${name} ${found.message}`);
}

/** A connection does not answer: TRANSPORT_UNAVAILABLE, as is much that a new connection would not mend. */
export class SilentConnection extends StreamError {
  constructor(message: string) {
    super('TRANSPORT_UNAVAILABLE', message);
  }
}

/** Whether the connection may be at fault, rather than one link or request, or a rule of our own. */
export function isConnectionFault(thrown: unknown): boolean {
  if (thrown instanceof StreamError) return thrown instanceof SilentConnection;
  const name = nameOf(thrown);
  return (
    connectionFaults.has(name) ||
    (!linkFaults.has(name) && connectionWords.test(`${name} ${messageOf(lastOf(thrown))}`))
  );
}

/** A failure of the SDK as one of ours; a {@link StreamError} stays itself. `what` says what was to be done. */
export function faultOf(thrown: unknown, what: string): StreamError {
  if (thrown instanceof StreamError) return thrown;
  const message = `${what}: ${messageOf(lastOf(thrown)).split('\n')[0] ?? ''}`.replace(/\.$/, '');
  return new StreamError(codeOf(thrown), `${message}.`, { cause: thrown });
}

function codeOf(thrown: unknown): ErrorCode {
  const name = nameOf(thrown);
  const found = lastOf(thrown);
  const { statusCode } = found instanceof Error ? (found as ServiceError) : {};
  if (name === 'MessagingEntityNotFoundError') return 'TOPIC_UNKNOWN';
  if (name === 'MessageTooLargeError') return 'EVENT_TOO_LARGE';
  if (refusals.has(name) || statusCode === 401 || statusCode === 403) return 'TRANSPORT_REFUSED';
  return isPassing(thrown) ? 'TRANSPORT_UNAVAILABLE' : 'TRANSPORT_FAILED';
}
