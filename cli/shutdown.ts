import process from 'node:process';
import { exitCodes, note } from './output.ts';

/**
 * Calls `drain` on the first Ctrl-C or SIGTERM; a second Ctrl-C ends the process at once with 130. Returns the function
 * that takes the handlers off.
 */
export function onShutdown(drain: (signal: NodeJS.Signals) => void): () => void {
  let asked = false;
  const handle = (signal: NodeJS.Signals): void => {
    if (asked && signal === 'SIGINT') process.exit(exitCodes.interrupted);
    if (asked) return;
    asked = true;
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
