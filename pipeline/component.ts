import { z } from 'zod';
import { StreamError } from './errors.ts';
import type { Producer } from './producer.ts';
import { sqlDialects } from './sql-dialects.ts';
import type { DatasetRule, SourceSettings } from './transform.ts';

/** What a producer may use of the process that runs it. */
export interface ProducerHost {
  /** Absolute folder that relative paths of the configuration start from: where the configuration file lies. */
  readonly baseFolder: string;
}

/** What an installer may do: `drop-slot` gives back only what the source keeps for a reader. */
export type InstallAction = 'install' | 'uninstall' | 'drop-slot';

/** What can be set up in a source so that it tells of its changes, and removed again. */
export interface SourceInstaller {
  readonly actions: readonly InstallAction[];
  /** Where it would be set up, and as whom, for the question before it. */
  readonly where: string;
  /** What would be run, as a person reads it and the source's own client takes it. Connects to nothing. */
  script(action: InstallAction): string;
  /** Runs it; again does no harm. Rejects with a StreamError that says which right is missing. */
  run(action: InstallAction, signal: AbortSignal): Promise<void>;
}

/** A configured producer: what transforms need to know of it, and how to open it. */
export interface ProducerSetup {
  readonly settings: SourceSettings;
  /** Connects. Called once, on `run` and `produce`; rejects with a StreamError that says what to do. */
  open(): Promise<Producer>;
  /** Present where `produce --install` has something to do. */
  readonly installer?: SourceInstaller;
}

/** A kind of producer, as the registry `producers/index.ts` lists it. */
export interface ProducerComponent {
  /** One sentence for `--help` and docs/configuration.md. */
  readonly summary: string;
  /** Its options beside `kind`; every field has `.describe()`. */
  readonly options: z.ZodObject;
  /** Parses the options and declares types. Throws a ZodError for wrong options; connects to nothing. */
  configure(name: string, options: unknown, host: ProducerHost): ProducerSetup;
}

/** Ties the options' schema to the function that takes them, so that the registry needs no type arguments. */
export function producerComponent<S extends z.ZodObject>(spec: {
  readonly summary: string;
  readonly options: S;
  readonly configure: (name: string, options: z.output<S>, host: ProducerHost) => ProducerSetup;
}): ProducerComponent {
  return {
    summary: spec.summary,
    options: spec.options,
    configure: (name, options, host) => spec.configure(name, spec.options.parse(options), host),
  };
}

/** Option `case`: what the source does with letter case. */
export const caseOption = z
  .enum(['preserve', 'lower', 'upper'])
  .default('preserve')
  .describe('What the source does with the letter case of names; applied to every qualifiedName.');

/** Option `dialect`: which SQL a source speaks, where its events do not tell. */
export const dialectOption = z
  .enum(sqlDialects)
  .optional()
  .describe(
    "SQL dialect of views, and of routines whose language is just sql. Without it, the event's own system or language tells.",
  );

/** Option `steps` of ETL tools. */
export const stepsOption = z
  .enum(['collapse', 'keep'])
  .default('collapse')
  .describe(
    'collapse: one process a job. keep: also one activity a step, with the rows between steps as datasets.',
  );

/** Option `tool` of what is mapped to jobs. */
export const toolOption = z
  .string()
  .min(1)
  .optional()
  .describe(
    "The tool's name in the catalogue, for jobs that the mapping gives none. Without it, the producer's name.",
  );

/** Option `interval`: how often a source without change events is looked at again. */
export const intervalOption = z
  .number()
  .positive()
  .max(86_400)
  .default(5)
  .describe('Seconds between two looks at the source while changes are followed.');

/** Option `datasets` of ETL tools: the tool's own type → entity type and name pattern. */
export const datasetsOption = z
  .record(
    z.string(),
    z.strictObject({
      type: z
        .union([z.string(), z.array(z.string()).min(1)])
        .describe('Entity type in the catalogue; of several, the first that is known of that name.'),
      name: z.string().optional().describe('How to read the tool\'s name, such as "{schema}.{table}".'),
      path: z.string().optional().describe('How to read the tool\'s path, such as "{url+}".'),
      parameters: z
        .record(z.string(), z.string())
        .default({})
        .describe("Parameters of the type's name pattern that are the same for every dataset."),
      case: caseOption,
    }),
  )
  .default({})
  .describe("By the tool's own word for a kind of dataset: which entity of the catalogue it means.");

/** Option `datasets` of what speaks of tables: with a rule `table`. */
export const tableDatasetsOption = datasetsOption.refine((rules) => Object.hasOwn(rules, 'table'), {
  message: 'a rule named table is missing: it says which types of the catalogue the tables have',
});

/** The rule that {@link tableDatasetsOption} asks for. */
export function tableRule({ table }: Readonly<Record<string, DatasetRule>>): DatasetRule {
  if (table === undefined) throw new StreamError('CONFIG_INVALID', 'datasets.table is missing.');
  return table;
}

/** Turns the option `datasets` into rules. */
export function datasetRules(option: z.output<typeof datasetsOption>): Readonly<Record<string, DatasetRule>> {
  const rules: Record<string, DatasetRule> = Object.create(null);
  for (const [type, rule] of Object.entries(option)) {
    const [first, ...rest] = typeof rule.type === 'string' ? [rule.type] : rule.type;
    if (first === undefined) continue;
    rules[type] = {
      types: [first, ...rest],
      ...(rule.name === undefined ? {} : { name: rule.name }),
      ...(rule.path === undefined ? {} : { path: rule.path }),
      parameters: rule.parameters,
      caseRule: rule.case,
    };
  }
  return rules;
}
