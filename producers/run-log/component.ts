import path from 'node:path';
import { z } from 'zod';
import {
  caseOption,
  datasetRules,
  datasetsOption,
  intervalOption,
  producerComponent,
} from '../../pipeline/component.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { keepDaysOption } from '../../pipeline/history-options.ts';
import { jobTypes } from '../../pipeline/job-types.ts';
import { LinearRegExp } from '../../platform/linear-regexp.ts';
import { logPlace } from '../../platform/log-files/log-files.ts';
import { RunLog } from './producer.ts';

const fieldName = (name: string, what: string) => z.string().min(1).default(name).describe(what);
const words = (list: readonly string[], what: string) =>
  z
    .array(z.string().min(1))
    .default([...list])
    .transform((all) => new Set(all.map((word) => word.toLowerCase())))
    .describe(what);

const options = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'The log file, or a folder with `glob`. Of a file, the rotated ones beside it (NAME.1, NAME-2026…) are read too, so that nothing is lost when it rotates.',
    ),
  glob: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Which files of the folder are read: * within a name, ** for any folders. One that ends in .gz, or in *, reads packed files too.',
    ),
  format: z
    .enum(['pattern', 'key-value', 'json-lines'])
    .describe(
      'pattern: lines that one of `patterns` matches. key-value: key=value and key="a value". json-lines: an object a line.',
    ),
  patterns: z
    .array(z.string().min(1))
    .max(100)
    .default([])
    .describe(
      'Regular expressions of RE2 with named groups: (?P<job>…), (?P<run>…), (?P<time>…), (?P<status>…), (?P<inputs>…), (?P<outputs>…). The first that matches a line counts; others lines are left out.',
    ),
  fields: z
    .strictObject({
      job: fieldName('job', 'Field with the id of the job, as the tool calls it.'),
      run: fieldName('run', 'Field with the id of the run, which ties its lines together.'),
      time: fieldName(
        'time',
        'Field with the time: ISO 8601, as databases write it, or seconds or milliseconds since 1970.',
      ),
      status: fieldName('status', 'Field with how the run goes.'),
      inputs: fieldName(
        'inputs',
        'Field with what was read: a name, names with `separator` between, or in JSON a list.',
      ),
      outputs: fieldName('outputs', 'Field with what was written, likewise.'),
    })
    .prefault({})
    .describe(
      'Names of the fields; in JSON with dots for fields of objects. Only the job must be told, once a run.',
    ),
  separator: z
    .string()
    .min(1)
    .default(',')
    .describe('What separates several inputs or outputs of one field.'),
  succeeded: words(
    ['succeeded', 'success', 'successful', 'ok', 'completed', 'complete', 'finished', 'done', '0'],
    'Words of the status of a run that ended well. Letter case does not matter.',
  ),
  failed: words(
    ['failed', 'failure', 'error', 'aborted', 'cancelled', 'canceled', 'killed', 'timeout'],
    'Words of the status of a run that did not.',
  ),
  run: z
    .enum(['lines', 'line'])
    .default('lines')
    .describe(
      'lines: a run is told by several lines and ends with its status. line: each line is a whole run.',
    ),
  tool: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The tool's name in the catalogue; the same as that of the producer which describes its jobs. Without it, the producer's name.",
    ),
  datasets: datasetsOption,
  case: caseOption,
  keepDays: keepDaysOption(
    'A job that did not run for so many days is forgotten, and removed where nobody else describes it.',
  ),
  interval: intervalOption,
});

/** The producer `run-log`: runs of jobs, by the logs of an ETL tool. */
export const runLog = producerComponent({
  summary:
    'Runs of jobs, by the log files of an ETL tool: regular expressions, key=value or JSON lines ([run-log.md](run-log.md)).',
  options,
  configure: (name, given, host) => {
    const patterns = given.patterns.map(
      (pattern, index) => new LinearRegExp(pattern, { where: `patterns[${index}]` }),
    );
    if ((given.format === 'pattern') !== patterns.length > 0)
      throw new StreamError(
        'CONFIG_INVALID',
        'patterns are for the format pattern, which needs one at least.',
      );
    const known = new Set<string>(Object.values(given.fields));
    for (const [index, pattern] of patterns.entries())
      if (!pattern.names.some((group) => known.has(group)))
        throw new StreamError('CONFIG_INVALID', `patterns[${index}] has no group that is named as a field.`, {
          advice: `Fields are ${[...known].join(', ')}; a group is written (?P<job>…).`,
        });
    const file = path.resolve(host.baseFolder, given.path);
    return {
      settings: {
        types: jobTypes,
        caseRule: given.case,
        steps: 'collapse',
        datasets: datasetRules(given.datasets),
      },
      open: async () =>
        new RunLog({
          ...(await logPlace(file, given.glob)),
          packed:
            /(?:\.gz|\*)$/i.test(given.glob ?? file) && (given.glob !== undefined || file.endsWith('.gz')),
          parse: { format: given.format, patterns },
          fields: given.fields,
          separator: given.separator,
          succeeded: given.succeeded,
          failed: given.failed,
          oneLine: given.run === 'line',
          tool: given.tool ?? name,
          keepMs: given.keepDays * 86_400_000,
          intervalMs: given.interval * 1_000,
          now: Date.now,
        }),
    };
  },
});
