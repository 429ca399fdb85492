import type { z } from 'zod';
import type { PrecedenceRules } from './precedence.ts';
import type { Sink } from './sink.ts';
import type { StateStore } from './state.ts';
import type { Telemetry } from './telemetry.ts';
import type { SourceTypes } from './types.ts';

/** Time, as far as a sink may use it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects with the reason of `signal` when that fires first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** What a sink may use of the process that runs it. */
export interface SinkHost {
  /** Absolute folder that relative paths of the configuration start from: where the configuration file lies. */
  readonly baseFolder: string;
  /** Where the sink keeps what it has applied. The host closes it. */
  readonly state: StateStore;
  /** Names of the configured producers, in the order of the configuration. */
  readonly producers: ReadonlySet<string>;
  /** Whose word counts where several speak of one asset. @default the order of `producers` */
  readonly precedence?: PrecedenceRules;
  /** Types of every configured producer. */
  readonly types: readonly SourceTypes[];
  readonly clock: Clock;
  /** A number from 0 up to 1, for jitter. */
  readonly random: () => number;
  /** Whether everything is written that comes, also what was applied already. @default false */
  readonly force?: boolean;
  /**
   * The options as they were given, with what files and vaults hold now, for a sink whose credentials were refused; undefined where they
   * refer to none. Rejects with a StreamError. @default they never change
   */
  readonly optionsAgain?: () => Promise<unknown>;
  /** Where the sink tells at what pace its requests go, and what a removal leaves behind, which is not looked for without it. @default nobody listens */
  readonly telemetry?: Pick<Telemetry, 'emit'>;
  /** How many processes run this sink now, this one included; at least 1. @default 1 */
  readonly members?: () => Promise<number>;
}

/** A kind of sink, as the registry `sinks/index.ts` lists it. */
export interface SinkComponent {
  /** One sentence for `--help` and docs/configuration.md. */
  readonly summary: string;
  /** Its options beside `kind`; every field has `.describe()`. */
  readonly options: z.ZodObject;
  /** Parses the options and makes the sink; connects to nothing yet. Throws a ZodError for wrong options. */
  create(options: unknown, host: SinkHost): Sink;
}

/** Ties the options' schema to the function that takes them, so that the registry needs no type arguments. */
export function sinkComponent<S extends z.ZodObject>(spec: {
  readonly summary: string;
  readonly options: S;
  readonly create: (options: z.output<S>, host: SinkHost) => Sink;
}): SinkComponent {
  return {
    summary: spec.summary,
    options: spec.options,
    create: (options, host) => spec.create(spec.options.parse(options), host),
  };
}
