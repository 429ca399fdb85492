import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { type Answers, type Asking, type Question, questionsOf } from './questions.ts';

const answersSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()]).transform((value) => String(value)),
);

/** Reads a file of answers: YAML (or JSON), by the id of the question. Throws USAGE with the field. */
export async function readAnswers(file: string): Promise<Answers> {
  const value = await readFile(file, 'utf8').then(
    (text): unknown => parse(text, { maxAliasCount: 10 }),
    (thrown: unknown) => {
      throw new StreamError('USAGE', `Cannot read the answers: ${messageOf(thrown)}.`, { cause: thrown });
    },
  );
  const answers = answersSchema.safeParse(value ?? {});
  if (answers.success) return answers.data;
  const [issue] = answers.error.issues;
  throw new StreamError(
    'USAGE',
    `${file}: ${issue?.path.join('.') ?? ''}: expected a text. It is ID: ANSWER, a line each.`,
  );
}

/** The answers with what is taken where none is given. Throws USAGE for one that is missing, wrong, or of no question. */
export function completed(given: Answers, asking: Asking, file: string): Answers {
  const answers: Record<string, string> = { ...given };
  const asked = new Set<string>();
  for (let open = true; open; ) {
    open = false;
    for (const question of questionsOf(answers, asking)) {
      asked.add(question.id);
      open = answers[question.id] === undefined;
      answers[question.id] = answerTo(question, answers[question.id], file);
      if (open) break; // what comes after may depend on it
    }
  }
  const foreign = Object.keys(given).find((id) => !asked.has(id));
  if (foreign === undefined) return answers;
  throw new StreamError(
    'USAGE',
    `${file}: ${foreign}: is not asked here. Asked are: ${[...asked].join(', ')}.`,
  );
}

function answerTo(
  { id, message, choices, initial, check }: Question,
  given: string | undefined,
  file: string,
): string {
  const wrong = (what: string): StreamError => new StreamError('USAGE', `${file}: ${id}: ${what}`);
  const values = choices?.map(({ value }) => value);
  const answer = given ?? (values?.length === 1 ? values[0] : initial);
  if (answer === undefined)
    throw wrong(`is missing. ${message}${values === undefined ? '' : ` One of: ${values.join(', ')}.`}`);
  if (values?.includes(answer) === false) throw wrong(`"${answer}" is none of ${values.join(', ')}.`);
  const problem = check?.(answer);
  if (problem !== undefined) throw wrong(problem);
  return answer;
}
