import { messageOf } from '../../pipeline/errors.ts';
import { nextTime } from '../../pipeline/schedule/timetable.ts';
import type { Proposal } from './propose.ts';
import { type Access, accessLabels, ownKind, type Route, routes, type Subject } from './routes.ts';
import { defaultPattern, levelNames, type PlanText, preview, readPlan } from './type-plan.ts';

/** What was answered, by the id of the question. */
export type Answers = Readonly<Record<string, string>>;

/** One thing to be asked. */
export interface Question {
  readonly id: string;
  readonly message: string;
  /** What can be chosen; absent where text is typed. */
  readonly choices?: readonly { readonly value: string; readonly label: string; readonly hint?: string }[];
  /** What is taken where nothing is typed; absent where something must be. */
  readonly initial?: string;
  /** What is wrong with an answer; undefined for one that will do. */
  readonly check?: (answer: string) => string | undefined;
  /** Shows what an answer comes to, while it is typed. */
  readonly preview?: (answer: string) => string;
}

/** What the questions depend on beside the answers. */
export interface Asking {
  /** Kinds of producers that there are. */
  readonly kinds: readonly string[];
  /** What a sample of the source's data suggests. */
  readonly proposal?: Proposal | undefined;
}

const producerName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/u;
const typePrefix = /^[A-Za-z][A-Za-z0-9_]*$/u;
const subjects: readonly { value: Subject; label: string; hint: string }[] = [
  { value: 'data-source', label: 'A data source', hint: 'tables, files: what data there is' },
  { value: 'etl-tool', label: 'An ETL tool', hint: 'jobs, code: what makes which data of what' },
];

/** Every question that the answers so far lead to, in order; the decision tree (docs/planning.md has the reasons). */
export function* questionsOf(answers: Answers, asking: Asking): Generator<Question> {
  yield { id: 'subject', message: 'What is to be seen in the catalogue?', choices: subjects };
  if (asking.proposal === undefined) yield accessQuestion(routesFor(answers, asking));
  const fit = routesLeft(answers, asking);
  if (fit.length > 1) yield kindQuestion(fit);
  const route = routeOf(answers, asking);
  if (route === undefined) return;
  yield {
    id: 'name',
    message: 'What is this source to be called? The name is part of the position of everything that it says.',
    initial: route.kind === ownKind ? 'my-source' : route.kind,
    check: (answer) =>
      producerName.test(answer)
        ? undefined
        : 'Letters, digits, dot, dash and underscore; a letter or digit first.',
  };
  for (const { name, message, initial } of route.fields)
    yield { id: name, message, ...(initial === undefined ? {} : { initial }) };
  if (route.kind === ownKind) yield* planQuestions(answers, asking.proposal);
  yield* followQuestions(answers, route);
  yield* sinkQuestions(answers);
}

/** The route that the answers lead to; undefined while that is open. */
export function routeOf(answers: Answers, asking: Asking): Route | undefined {
  const fit = routesLeft(answers, asking);
  return fit.length > 1 ? fit.find(({ kind }) => kind === answers['kind']) : fit[0];
}

/** The ways there are for what is to be seen. */
function routesFor(answers: Answers, { kinds }: Asking): readonly Route[] {
  return routes.filter(
    ({ kind, subjects: some }) =>
      some.some((one) => one === answers['subject']) && (kind === ownKind || kinds.includes(kind)),
  );
}

/** Those that are left once it is known what tells of it; a sample needs code. */
function routesLeft(answers: Answers, asking: Asking): readonly Route[] {
  const wanted = asking.proposal === undefined ? answers['access'] : 'code';
  return routesFor(answers, asking).filter(({ access }) => access === wanted);
}

/** The type plan that the answers describe. Throws USAGE or NAME_PATTERN. */
export function planText(answers: Answers): PlanText {
  const { prefix = '', levels = '', attributes = '', pattern = '' } = answers;
  return { prefix, levels, attributes, pattern };
}

function accessQuestion(fit: readonly Route[]): Question {
  const ways = [...new Set(fit.map(({ access }) => access))];
  const choices = (Object.keys(accessLabels) as Access[])
    .filter((access) => ways.includes(access))
    .map((value) => ({ value, ...accessLabels[value] }));
  return { id: 'access', message: 'What tells of it? The first that there is, is the best.', choices };
}

function kindQuestion(fit: readonly Route[]): Question {
  return {
    id: 'kind',
    message: 'Which of these is it?',
    choices: fit.map(({ kind, label }) => ({ value: kind, label, hint: kind })),
  };
}

function* planQuestions(answers: Answers, proposal: Proposal | undefined): Generator<Question> {
  yield {
    id: 'prefix',
    message: 'With what are the names of its types to begin?',
    initial: (answers['name'] ?? 'my').replaceAll(/[^A-Za-z0-9_]+/gu, '_'),
    check: (answer) =>
      typePrefix.test(answer) ? undefined : 'A letter first, then letters, digits and underscores.',
  };
  yield {
    id: 'levels',
    message: 'Which levels has its hierarchy, the outermost first?',
    initial: proposal?.levels ?? 'server, database, schema, table, column',
    check: (answer) => failure(() => levelNames(answer)),
  };
  const { prefix, levels } = planText(answers);
  if (failure(() => levelNames(levels)) !== undefined) return;
  const sample = { prefix: prefix || 'my', levels, pattern: defaultPattern('x', levelNames(levels)) };
  yield {
    id: 'attributes',
    message:
      'What else is known, as level.attribute:type? (string, boolean, int, long, double, date, array<string>)',
    initial: proposal?.attributes ?? '',
    check: (answer) => failure(() => readPlan({ ...sample, attributes: answer })),
  };
  yield {
    id: 'pattern',
    message: 'How are the innermost named? Two sources that mean the same table must come to the same name.',
    initial: defaultPattern(prefix || 'my', levelNames(levels)),
    check: (answer) => failure(() => readPlan({ ...sample, attributes: '', pattern: answer })),
    preview: (answer) => preview({ ...sample, attributes: '', pattern: answer }),
  };
}

/** How the source is kept up with: its changes, looks at intervals where it tells of none, or a schedule. */
function* followQuestions(answers: Answers, route: Route): Generator<Question> {
  const following = route.tellsChanges
    ? { value: 'changes', label: 'Follow its changes', hint: 'what changes is seen within seconds' }
    : { value: 'interval', label: 'Look at it at intervals', hint: 'it does not tell of its changes itself' };
  const schedule = {
    value: 'schedule',
    label: 'Read it at times',
    hint: 'where it may only be read at night',
  };
  yield { id: 'follow', message: 'How is it to be kept up with?', choices: [following, schedule] };
  if (answers['follow'] === 'interval')
    yield {
      id: 'interval',
      message: 'Every how many seconds is it looked at?',
      initial: '60',
      check: (answer) => (Number(answer) > 0 ? undefined : 'A number of seconds above 0.'),
    };
  if (answers['follow'] === 'schedule')
    yield {
      id: 'cron',
      message: 'When? Minute, hour, day of month, month, day of week; UTC.',
      initial: '15 3 * * *',
      check: (answer) => failure(() => nextTime({ cron: answer, timezone: 'UTC' }, 0)),
      preview: (answer) =>
        failure(() => nextTime({ cron: answer, timezone: 'UTC' }, Date.now())) ?? `next: ${nextText(answer)}`,
    };
}

function nextText(cron: string): string {
  const next = nextTime({ cron, timezone: 'UTC' }, Date.now());
  return next === undefined ? 'never' : new Date(next).toISOString();
}

/** What is wrong, where something throws. */
function failure(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function* sinkQuestions(answers: Answers): Generator<Question> {
  yield {
    id: 'sink',
    message: 'Where are the entities to go?',
    choices: [
      { value: 'local', label: 'The local catalogue', hint: 'to look at them first; needs nothing' },
      { value: 'purview', label: 'Microsoft Purview' },
      { value: 'atlas', label: 'Apache Atlas' },
    ],
  };
  if (answers['sink'] !== 'purview' && answers['sink'] !== 'atlas') return;
  yield {
    id: 'url',
    message: 'What is its address?',
    initial: answers['sink'] === 'purview' ? 'https://ACCOUNT.purview.azure.com' : 'http://localhost:21000',
    check: (answer) => (URL.canParse(answer) ? undefined : 'An address such as https://host.'),
  };
}
