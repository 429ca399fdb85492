import process from 'node:process';
import { expect, it, onTestFinished, vi } from 'vitest';
import { note, print } from '../../cli/output.ts';
import { asTerminal } from '../support/terminal.ts';

it.each([
  ['stdout', print],
  ['stderr', note],
] as const)('what is written to %s steers no terminal, and is as it is for a program', (name, write) => {
  const written: unknown[] = [];
  const spy = vi.spyOn(process[name], 'write').mockImplementation((chunk) => written.push(chunk) > 0);
  onTestFinished(() => spy.mockRestore());
  for (const isTTY of [true, false]) {
    const restore = asTerminal(process[name], isTTY);
    write('a\u001B[2Kb\u009Bc\r\td\ne');
    restore();
  }
  expect(written).toEqual(['a\uFFFD[2Kb\uFFFDc\uFFFD\td\ne\n', 'a\u001B[2Kb\u009Bc\r\td\ne\n']);
});
