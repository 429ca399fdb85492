import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';

/** A child process that serves something for the example. */
export interface Service {
  /** What it printed when it was ready: one JSON object; values as text. Rejects when it ends before. */
  readonly ready: Promise<Readonly<Record<string, string>>>;
  /** Asks it to end, and resolves when it has. */
  stop(): Promise<void>;
}

/**
 * Starts a TypeScript file as a child process in a process group of its own, so that Ctrl-C reaches the pipeline first. Its standard
 * input is a pipe: when this process dies, it closes, and the service ends too.
 */
export function startService(file: string, args: readonly string[] = []): Service {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(child, 'exit');
  const firstLine = once(createInterface({ input: child.stdout }), 'line');
  const ready = Promise.race([
    firstLine.then(([line]) => readAddress(String(line))),
    ended.then(([code]) => {
      throw new Error(`${file} ended with code ${String(code)} before it was ready.`);
    }),
  ]);
  ready.catch(() => undefined); // whoever awaits it hears of it; nobody may be waiting yet
  return {
    ready,
    stop: async () => {
      child.stdin.end();
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function readAddress(line: string): Readonly<Record<string, string>> {
  const parsed: unknown = JSON.parse(line);
  if (parsed === null || typeof parsed !== 'object') throw new Error(`A service printed no object: ${line}`);
  return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [key, String(value)]));
}
