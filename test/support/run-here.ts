import process from 'node:process';
import { vi } from 'vitest';
import { runProgram } from '../../cli/program.ts';
import type { CommandResult } from './cli.ts';

/** Runs `purview-streams` within this process: what takes seconds in a process of its own takes a moment. One at a time. */
export async function runHere(args: readonly string[]): Promise<CommandResult> {
  const printed = { stdout: '', stderr: '' };
  const taken = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      printed[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      return true;
    }),
  );
  try {
    const code = await runProgram(args);
    return { code, ...printed };
  } finally {
    for (const one of taken) one.mockRestore();
  }
}
