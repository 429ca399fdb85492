import { isCancel, TextPrompt } from '@clack/core';
import { log, S_BAR, select, symbol } from '@clack/prompts';
import { StreamError } from '../../pipeline/errors.ts';
import { type Answers, type Asking, type Question, questionsOf } from './questions.ts';

/** Asks everything at the terminal, one question after the other. Rejects with USAGE when it is left (Ctrl-C, Esc). */
export async function askAll(asking: Asking, given: Answers): Promise<Answers> {
  const answers: Record<string, string> = { ...given };
  for (let open = firstOpen(answers, asking); open !== undefined; open = firstOpen(answers, asking)) {
    const answer = open.choices === undefined ? await askText(open) : await askChoice(open, open.choices);
    answers[open.id] = answer;
  }
  return answers;
}

function firstOpen(answers: Answers, asking: Asking): Question | undefined {
  for (const question of questionsOf(answers, asking))
    if (answers[question.id] === undefined) return question;
  return undefined;
}

async function askChoice(question: Question, choices: NonNullable<Question['choices']>): Promise<string> {
  const [only] = choices;
  if (choices.length === 1 && only !== undefined) {
    log.info(`${question.message} ${only.label}.`);
    return only.value;
  }
  return taken(
    await select({ message: question.message, options: choices.map((choice) => ({ ...choice })) }),
  );
}

/** A text, with what it comes to shown below while it is typed. */
async function askText(question: Question): Promise<string> {
  const { message, initial, check, preview } = question;
  const prompt = new TextPrompt({
    ...(initial === undefined ? {} : { initialValue: initial }),
    validate: (answer = '') =>
      answer === '' && initial !== '' ? 'An answer is needed; Ctrl-C ends.' : check?.(answer),
    render() {
      const shown = this.state === 'submit' ? (this.value ?? '') : this.userInputWithCursor;
      const below = [
        ...(this.state === 'error' ? [this.error] : []),
        ...(preview === undefined ? [] : preview(this.userInput).split('\n')),
      ];
      return [
        S_BAR,
        `${symbol(this.state)}  ${message}`,
        ...[shown, ...below].map((line) => `${S_BAR}  ${line}`),
      ].join('\n');
    },
  });
  return taken(await prompt.prompt());
}

function taken(answer: string | symbol | undefined): string {
  if (typeof answer === 'string' || answer === undefined) return answer ?? '';
  if (isCancel(answer)) throw new StreamError('USAGE', 'Left before the last question: nothing was written.');
  throw new TypeError('The prompt answered with no text.');
}
