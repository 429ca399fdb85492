import type { DeadLetter } from '../../schemas/types.ts';

const offsetHeader = 'redriven_offset';
const attemptsHeader = 'redriven_attempts';

/** Where a record stood, and how often it was tried, before it was put back from the dead letters. */
export interface Redriven {
  /** The offset that it had at first: what came to its topic after that is newer. */
  readonly offset: number;
  readonly attempts: number;
}

/** Headers of a record that goes back to its topic: its own, and that it was a dead letter. */
export function redrivenHeaders(letter: DeadLetter, offset: number): Record<string, string> {
  const first = redrivenFrom(letter.headers)?.offset ?? offset;
  return { ...letter.headers, [offsetHeader]: String(first), [attemptsHeader]: String(letter.attempts) };
}

/** What {@link redrivenHeaders} says; undefined for a record that was never a dead letter. */
export function redrivenFrom(headers: Readonly<Record<string, string>>): Redriven | undefined {
  const offset = Number(headers[offsetHeader] ?? Number.NaN);
  const attempts = Number(headers[attemptsHeader] ?? Number.NaN);
  return Number.isSafeInteger(offset) && Number.isSafeInteger(attempts) ? { offset, attempts } : undefined;
}
