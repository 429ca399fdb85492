import { StreamError } from '../../pipeline/errors.ts';
import type { JsonValue } from '../../platform/json.ts';
import { parseTime } from '../../platform/log-files/parse-time.ts';
import { redactText, withoutSignature } from '../../platform/redact.ts';
import type { LineFields } from './parse-line.ts';
import type { NamedDataset, RunLine } from './runs.ts';

/** What the fields of lines mean. */
export interface FieldRules {
  readonly fields: {
    readonly job: string;
    readonly run: string;
    readonly time: string;
    readonly status: string;
    readonly inputs: string;
    readonly outputs: string;
  };
  readonly separator: string;
  readonly succeeded: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
}

/** Ids of jobs and runs are no texts. */
const longestId = 1_000;

/** What a line says of a run. Throws SOURCE_INVALID with place, field and value. */
export function readFields(fields: LineFields, rules: FieldRules, place: string): RunLine {
  const text = (what: keyof FieldRules['fields']): string | undefined => {
    const name = rules.fields[what];
    const value = fields(name);
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'object') throw wrong(place, name, 'is no text', typeof value);
    const found = String(value).trim();
    if (found.length > longestId) throw wrong(place, name, `has more than ${longestId} characters`, found);
    return found === '' ? undefined : redactText(found);
  };
  const timeText = text('time');
  const time = timeText === undefined ? undefined : parseTime(timeText);
  if (timeText !== undefined && time === undefined)
    throw wrong(place, rules.fields.time, 'is no time', timeText);
  const status = text('status')?.toLowerCase() ?? '';
  return {
    job: text('job'),
    run: text('run'),
    time,
    outcome: rules.succeeded.has(status) ? 'succeeded' : rules.failed.has(status) ? 'failed' : undefined,
    inputs: datasets(fields(rules.fields.inputs), rules, { place, name: rules.fields.inputs }),
    outputs: datasets(fields(rules.fields.outputs), rules, { place, name: rules.fields.outputs }),
  };
}

function datasets(
  value: JsonValue | undefined,
  rules: FieldRules,
  at: { readonly place: string; readonly name: string },
): readonly NamedDataset[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string')
    return value
      .split(rules.separator)
      .flatMap((part) => (part.trim() === '' ? [] : [datasetOf(part.trim())]));
  if (Array.isArray(value)) return value.flatMap((one: JsonValue) => datasets(one, rules, at));
  if (!(value instanceof Map)) throw wrong(at.place, at.name, 'is no dataset', typeof value);
  const member = (key: string): string | undefined => {
    const found: JsonValue | undefined = value.get(key);
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const name = member('name') ?? member('path');
  if (name === undefined) throw wrong(at.place, at.name, 'has no name', 'object');
  const dataset = datasetOf(name);
  const path = member('path');
  return [
    {
      ...dataset,
      type: member('type') ?? dataset.type,
      path: path === undefined ? dataset.path : shown(path),
    },
  ];
}

/** What looks like an address or a path is a file, everything else a table. */
function datasetOf(written: string): NamedDataset {
  const name = shown(written);
  const isFile = /^(?:[a-z][a-z0-9+.-]*:\/\/|[/\\]|[a-z]:[\\/])/i.test(name);
  return { type: isFile ? 'file' : 'table', name, path: isFile ? name : null };
}

function shown(name: string): string {
  return redactText(withoutSignature(name));
}

function wrong(place: string, field: string, what: string, value: string): StreamError {
  const found = redactText(value).slice(0, 40);
  return new StreamError('SOURCE_INVALID', `${place}, field ${field}, ${what}: ${JSON.stringify(found)}.`);
}
