import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./child.ts', import.meta.url));

/** What a child works on. */
export interface ChildOptions {
  readonly folder: string;
  readonly sessionMs: number;
  readonly name: string;
}

/** A process of its own that produces to or consumes from a log; see child.ts. */
export class Child {
  readonly lines: string[] = [];
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;

  constructor(role: 'produce' | 'consume', { folder, sessionMs, name }: ChildOptions) {
    this.process = spawn(process.execPath, ['--import', 'tsx', script, role, folder, `${sessionMs}`, name], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.ended = once(this.process, 'exit');
    if (this.process.stdout !== null) {
      createInterface({ input: this.process.stdout }).on('line', (line) => this.lines.push(line));
    }
    this.process.stdin?.on('error', () => undefined); // it may have been killed
  }

  /** Partitions that it holds. */
  get partitions(): readonly number[] {
    const held = new Set<number>();
    for (const line of this.lines) {
      const [word, partition] = line.split(' ');
      if (word === 'assigned') held.add(Number(partition));
      if (word === 'released' || word === 'fenced') held.delete(Number(partition));
    }
    return [...held].sort((a, b) => a - b);
  }

  /** Writes a line to its standard input. */
  tell(line: 'leave' | 'freeze'): void {
    this.process.stdin?.write(`${line}\n`);
  }

  /** Ends it with SIGKILL where it still runs. */
  async kill(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGKILL');
      await this.ended;
    }
  }
}
