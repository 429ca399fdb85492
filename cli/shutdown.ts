import process from 'node:process';
import { exitCodes, note } from './output.ts';

/** npm passes a signal on to its child, which the terminal or the caller has told already: the same one within so many milliseconds is one. */
const sameKeyMs = 300;

/** Calls `drain` on the first Ctrl-C or SIGTERM; a second one ends the process at once with 130. Returns the function that takes the handlers off. */
export function onShutdown(drain: (signal: NodeJS.Signals) => void): () => void {
  let asked: { readonly at: number; readonly by: NodeJS.Signals } | undefined;
  const handle = (signal: NodeJS.Signals): void => {
    if (asked !== undefined) {
      const same = asked.by === signal && performance.now() - asked.at <= sameKeyMs;
      if (!same) process.exit(exitCodes.interrupted);
      return;
    }
    asked = { at: performance.now(), by: signal };
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
