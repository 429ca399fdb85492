import process from 'node:process';
import { StreamError } from '../pipeline/errors.ts';

/** Exit codes of every command. */
export const exitCodes = { done: 0, failed: 1, usage: 2, partly: 3, interrupted: 130 } as const;

/** A text for a stream: on a terminal without what steers that, which names and messages of a source could bring along. */
function safeFor({ isTTY }: NodeJS.WriteStream, text: string): string {
  return isTTY ? text.replaceAll(/(?![\n\t])\p{Cc}/gu, '\uFFFD') : text;
}

/** Writes a line for a program or a person to read on. */
export function print(text: string): void {
  process.stdout.write(`${safeFor(process.stdout, text)}\n`);
}

/** Takes the lines that no program reads. */
type Notes = (text: string) => void;

const plainNotes: Notes = (text) => void process.stderr.write(`${safeFor(process.stderr, text)}\n`);
let notes: Notes = plainNotes;

/** Where {@link note} writes to from now on; undefined: standard error, as it is. */
export function sendNotes(to: Notes | undefined): void {
  notes = to ?? plainNotes;
}

/** Writes a line about what is going on, which no program reads. */
export function note(text: string): void {
  notes(text);
}

/** A failure as people see it: what, its code, and the chain of causes below it. */
export function describeFailure(thrown: unknown): string {
  if (!(thrown instanceof StreamError))
    return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return `${thrown.message}\n  (${thrown.code}, see docs/errors.md)`;
}

/** The exit code that a failure ends a command with. */
export function exitCodeOf(thrown: unknown): number {
  if (!(thrown instanceof StreamError)) return exitCodes.failed;
  return thrown.code.startsWith('CONFIG_') || thrown.code === 'PLUGIN_INVALID' || thrown.code === 'USAGE'
    ? exitCodes.usage
    : exitCodes.failed;
}
