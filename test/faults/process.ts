import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { type CommandResult, type RunningCommand, start } from '../support/cli.ts';

/** Samples of `/metrics` by name and labels, without the prefix: `events_in_flight{stage="sink"}`. */
export type Samples = Readonly<Record<string, number>>;

/** A process of the command line, started by a scenario. */
export class CliProcess {
  readonly name: string;
  readonly #running: RunningCommand;

  constructor(
    name: string,
    main: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) {
    this.name = name;
    this.#running = start(process.execPath, [main, ...args], { env });
  }

  get pid(): number {
    return this.#running.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#running.child.exitCode === null && this.#running.child.signalCode === null;
  }

  /** Everything that it has printed. */
  get output(): string {
    const { stdout, stderr } = this.#running.output();
    return `${stdout}${stderr}`;
  }

  get ended(): Promise<CommandResult> {
    return this.#running.ended;
  }

  /** Waits until it has printed a text; throws when it ends before. */
  async says(text: string, withinMs = 120_000): Promise<void> {
    await until(`${this.name} says "${text}"`, withinMs, async () => {
      if (this.output.includes(text)) return true;
      if (!this.isRunning) throw new Error(`${this.name} ended before it said "${text}":\n${this.output}`);
      return false;
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#running.child.kill(signal);
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (this.isRunning) this.signal('SIGKILL');
    await this.ended;
  }

  /** SIGTERM, and what it ends with. */
  async drain(withinMs = 120_000): Promise<CommandResult> {
    this.signal('SIGTERM');
    const result = await Promise.race([this.ended, delay(withinMs, undefined, { ref: false })]);
    if (result !== undefined) return result;
    throw new Error(`${this.name} did not end within ${withinMs} ms of SIGTERM:\n${this.output}`);
  }

  /** What it says of itself; undefined when it does not answer (it is stopped, starts, or has ended). */
  async samples(): Promise<Samples | undefined> {
    const url = /Metrics: (\S+)/u.exec(this.output)?.[1];
    if (url === undefined) return undefined;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
      return parseSamples(await response.text());
    } catch {
      return undefined; // not an answer is an answer here
    }
  }
}

function parseSamples(text: string): Samples {
  const lines = text.split('\n').filter((line) => line.startsWith('purview_streams_'));
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice('purview_streams_'.length, space), Number(line.slice(space + 1))];
    }),
  );
}

/** Waits for a condition; throws with its name when it does not come. */
export async function until(
  what: string,
  withinMs: number,
  condition: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited ${withinMs} ms in vain until ${what}.`);
    await delay(25);
  }
}
