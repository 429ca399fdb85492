import type { DerivedTotals } from './derived-totals.ts';
import type { ProducerSummary, RunSummary } from './run-summary.ts';
import { table } from './table.ts';

/** What a run ends with. */
export interface SummaryParts {
  readonly summary: RunSummary;
  /** What the state holds of each producer. */
  readonly derived: ReadonlyMap<string, DerivedTotals>;
  readonly seconds: number;
  /** Changes that wait for assets or types that the catalogue does not have. */
  readonly parked: number;
  /** Calls that wrote to the local catalogue; undefined when the catalogue is not ours. */
  readonly writeCalls: number | undefined;
  /** Where to look, each with what is there. */
  readonly addresses: readonly { readonly label: string; readonly url: string }[];
  readonly json: boolean;
}

const columns = [
  ['rawEvents', 'raw events'],
  ['created', 'created'],
  ['updated', 'updated'],
  ['deleted', 'deleted'],
  ['unchanged', 'unchanged'],
  ['processes', 'processes'],
  ['lineageEdges', 'lineage edges'],
  ['columnEdges', 'column edges'],
  ['warnings', 'warnings'],
  ['deadLetters', 'dead letters'],
] as const satisfies readonly (readonly [keyof ProducerSummary, string])[];

/** Warnings that the table shows in full at the most. */
const shownWarnings = 20;

/** The summary of a run: a table and the warnings for a person, or one JSON object. */
export function summaryText(parts: SummaryParts): string {
  const producers = parts.summary.rows(parts.derived);
  const seconds = Math.round(parts.seconds * 100) / 100;
  if (parts.json) {
    const { parked, writeCalls = null } = parts;
    return JSON.stringify({ producers, parked, writeCalls, seconds });
  }
  const rows = producers.map((row) => [row.name, ...columns.map(([key]) => row[key])]);
  const warnings = parts.summary.warnings(parts.derived);
  const more = warnings.length - shownWarnings;
  return [
    table(['producer', ...columns.map(([, title]) => title)], rows),
    ...(warnings.length > 0 ? ['', 'Warnings (they stand on the processes too):'] : []),
    ...warnings.slice(0, shownWarnings).map(({ producer, text }) => `  ${producer}: ${text}`),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    '',
    ...(parts.parked > 0 ? [parkedText(parts.parked)] : []),
    `Settled in ${seconds} s${parts.writeCalls === undefined ? '' : `, ${parts.writeCalls} calls wrote to the catalogue`}.`,
    ...parts.addresses.map(({ label, url }) => `${label}: ${url}`),
  ].join('\n');
}

/** The summary of a process that only appends: what it did itself, for a person or as one JSON object. */
export function appendedText({
  summary,
  seconds: elapsed,
  json,
}: Pick<SummaryParts, 'summary' | 'seconds' | 'json'>): string {
  const producers = summary.appended();
  const seconds = Math.round(elapsed * 100) / 100;
  if (json) return JSON.stringify({ producers, seconds });
  const rows = producers.map(({ name, rawEvents, removed, rejected }) => [
    name,
    rawEvents,
    removed,
    rejected,
  ]);
  return [
    table(['producer', 'raw events', 'removed', 'rejected'], rows),
    '',
    `Appended in ${seconds} s; \`transform\` and \`sink\` take it on.`,
  ].join('\n');
}

/** What a person is told of parked changes. */
function parkedText(count: number): string {
  const what = count === 1 ? '1 change waits' : `${count} changes wait`;
  return `${what} for assets or types that the catalogue does not have: \`parked list\` names them.`;
}
