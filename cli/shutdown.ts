import process from 'node:process';
import { exitCodes, note } from './output.ts';

/** npm passes a Ctrl-C on to its child, which the terminal has told already: two signals within so many milliseconds are one. */
const sameKeyMs = 300;

/**
 * Calls `drain` on the first Ctrl-C or SIGTERM; a second Ctrl-C ends the process at once with 130. Returns the function
 * that takes the handlers off.
 */
export function onShutdown(drain: (signal: NodeJS.Signals) => void): () => void {
  let askedAt: number | undefined;
  const handle = (signal: NodeJS.Signals): void => {
    if (askedAt !== undefined) {
      if (signal === 'SIGINT' && performance.now() - askedAt > sameKeyMs) process.exit(exitCodes.interrupted);
      return;
    }
    askedAt = performance.now();
    note(`\n${signal}: finishing what is in flight. Ctrl-C again ends at once.`);
    drain(signal);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return () => {
    process.off('SIGINT', handle);
    process.off('SIGTERM', handle);
  };
}
