import { InvalidArgumentError } from 'commander';
import type { DeadLetter, DeadLetterStage } from '../schemas/types.ts';
import { StreamError } from '../pipeline/errors.ts';

/** Stages that dead letters name. */
const stages = ['PRODUCE', 'DECODE', 'TRANSFORM', 'SINK'] as const satisfies readonly DeadLetterStage[];

/** Which dead letters a command is about: all that fit every option. */
export interface LetterFilter {
  readonly code?: string;
  readonly producer?: string;
  readonly stage?: DeadLetterStage;
}

/** Reads the name of a stage. */
export function parseStage(text: string): DeadLetterStage {
  const stage = stages.find((name) => name === text.toUpperCase());
  if (stage !== undefined) return stage;
  throw new InvalidArgumentError(`It is one of ${stages.join(', ').toLowerCase()}.`);
}

/** The letters that fit. */
export function filterLetters(
  letters: readonly DeadLetter[],
  { code, producer, stage }: LetterFilter,
): readonly DeadLetter[] {
  return letters.filter(
    (letter) =>
      (code === undefined || letter.code === code) &&
      (producer === undefined || letter.producer === producer) &&
      (stage === undefined || letter.stage === stage),
  );
}

/**
 * The letters of some ids, or where none are named, all that fit; every letter only with `all`. Throws USAGE for an id that
 * there is not, and when nothing says which letters are meant.
 */
export function selectLetters(
  letters: readonly DeadLetter[],
  ids: readonly string[],
  options: LetterFilter & { readonly all?: boolean },
): readonly DeadLetter[] {
  const { code, producer, stage, all = false } = options;
  const filtered = code !== undefined || producer !== undefined || stage !== undefined;
  if ([ids.length > 0, filtered, all].filter(Boolean).length !== 1) {
    throw new StreamError(
      'USAGE',
      'Say which dead letters: their ids, or --code, --producer and --stage, or --all.',
      {
        advice: '`dead-letters list` takes the same options and shows what they choose.',
      },
    );
  }
  if (ids.length === 0) return filterLetters(letters, options);
  return ids.map((id) => findLetter(letters, id));
}

/** The letter of an id. Throws USAGE where there is none. */
export function findLetter(letters: readonly DeadLetter[], id: string): DeadLetter {
  const found = letters.find((letter) => letter.id === id);
  if (found !== undefined) return found;
  throw new StreamError('USAGE', `There is no dead letter ${id}.`, {
    advice: '`dead-letters list` prints the ids.',
  });
}
