import { StreamError } from '../errors.ts';
import type { StageName, Telemetry } from '../telemetry.ts';
import { backoffMs, pause } from './backoff.ts';

/** How a stage waits for its transport. */
export interface Patience {
  readonly stage: StageName;
  readonly telemetry: Telemetry;
  /** First pause in milliseconds; doubles up to 30 times itself. */
  readonly retryDelayMs: number;
  /** Fires when it is to wait no longer. */
  readonly ending: AbortSignal;
  /** What is not waited for, though it may pass. @default nothing */
  readonly gaveUp?: (error: StreamError) => boolean;
}

/**
 * Does work of a stage, and does it again for as long as the transport has a passing fault, such as a full disk. Resolves with
 * undefined when `ending` fires meanwhile. Rejects with any other fault.
 */
export async function patiently<T>(
  { stage, telemetry, retryDelayMs, ending, gaveUp }: Patience,
  work: () => Promise<T>,
): Promise<T | undefined> {
  for (let round = 0; ; round += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof StreamError) || !thrown.retryable || gaveUp?.(thrown) === true) throw thrown;
      const waitMs = thrown.retryAfterMs ?? backoffMs(retryDelayMs, round);
      const { code, message } = thrown;
      telemetry.emit('stageWaiting', { stage, code, message, waitMs });
      await pause(waitMs, ending);
      if (ending.aborted) return undefined;
    }
  }
}
