import type { Json } from '../../pipeline/state.ts';
import type { Proposal } from './propose.ts';
import { type Answers, planText } from './questions.ts';
import { ownKind, type Route } from './routes.ts';
import { readPlan } from './type-plan.ts';
import { type NewFile, pluginFiles, sampleOf } from './write-plugin.ts';

/** What was found in a sample, and the sample itself. */
export interface Sample {
  readonly data: Json;
  readonly proposal: Proposal;
}

/** The files that the answers come to: the configuration, and for a source of one's own its plugin, test and sample data. */
export function filesOf(route: Route, answers: Answers, sample: Sample | undefined): readonly NewFile[] {
  const config = { name: 'purview-streams.yaml', text: configText(route, answers) };
  if (route.kind !== ownKind) return [config];
  const plan = readPlan(planText(answers), sample?.proposal.places, sample?.proposal.fields);
  return [config, ...pluginFiles(answers['name'] ?? '', plan, sample?.data ?? sampleOf(plan))];
}

function configText(route: Route, answers: Answers): string {
  const { name = '', interval, cron, sink = 'local', url = '' } = answers;
  const isOwn = route.kind === ownKind;
  const lines = [
    '# Every field is in docs/configuration.md. `purview-streams check` tells whether it is right.',
    ...(isOwn ? [`plugins: [./${name}.mjs]`] : []),
    ...sinkLines(sink, url),
    'producers:',
    `  ${yaml(name)}:`,
    `    kind: ${yaml(isOwn ? name : route.kind)}`,
    ...(isOwn ? [`    source: ${yaml(`${name}.sample.json`)}   # or an address that answers with JSON`] : []),
    ...route.fields.map(({ name: field, isSecret }) => {
      const answer = answers[field] ?? '';
      return `    ${field}: ${isSecret === true ? `\${env:${answer}}` : yaml(answer)}`;
    }),
    ...(interval === undefined ? [] : [`    interval: ${interval}   # seconds`]),
    ...(cron === undefined ? [] : [`    schedule: ${JSON.stringify(cron)}   # UTC; docs/scheduling.md`]),
    ...(route.more === undefined ? [] : [route.more]),
  ];
  return `${lines.join('\n')}\n`;
}

function sinkLines(sink: string, url: string): readonly string[] {
  if (sink === 'local')
    return ['catalog: { port: 21000 }   # the local catalogue and its page', 'sink: { kind: local }'];
  const login = sink === 'atlas' ? ['  user: admin', '  password: ${env:ATLAS_PASSWORD}'] : [];
  return ['sink:', `  kind: ${sink}`, `  url: ${yaml(url)}`, ...login];
}

/** A text as a YAML scalar: plain where that cannot mean anything else. */
function yaml(text: string): string {
  return /^[A-Za-z./][\w./@-]*$/u.test(text) && !/^(?:true|false|null|yes|no|on|off)$/iu.test(text)
    ? text
    : JSON.stringify(text);
}
