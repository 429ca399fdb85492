import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const answerShape = z.union([
  z.object({ records: z.record(z.string(), z.string()) }),
  z.object({ refused: z.string() }),
  z.object({ fault: z.string() }),
]);

/** What reading a log came to; `died` with the signal that ended the process. */
export type ReadAnswer = z.infer<typeof answerShape> | { readonly died: string };

/** Reads logs in a process of its own, which is started anew when one of them has ended it. */
export class LogReader {
  #child: ChildProcess | undefined;

  async read(folder: string): Promise<ReadAnswer> {
    const child = (this.#child ??= begin());
    const { stdin, stdout } = child;
    if (stdin === null || stdout === null) throw new Error('The reader has no pipes.');
    const lines = createInterface({ input: stdout });
    const over = new AbortController();
    const { signal } = over;
    stdin.write(`${folder}\n`);
    const answered = once(lines, 'line', { signal }).then(([line]) =>
      answerShape.parse(JSON.parse(String(line))),
    );
    const died = once(child, 'exit', { signal }).then(([code, by]) => ({ died: String(by ?? code) }));
    answered.catch((thrown: unknown) => thrown); // given up, where the process died
    died.catch((thrown: unknown) => thrown);
    const answer = await Promise.race([answered, died]);
    over.abort();
    lines.close();
    if ('died' in answer) this.#child = undefined;
    return answer;
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.stdin?.end();
    await once(child, 'exit');
  }
}

function begin(): ChildProcess {
  const script = fileURLToPath(new URL('./read-log.ts', import.meta.url));
  const loader = fileURLToPath(import.meta.resolve('tsx'));
  const child = spawn(process.execPath, ['--import', loader, script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => undefined); // it has died: its exit is what counts
  return child;
}
