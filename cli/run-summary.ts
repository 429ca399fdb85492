import type { Telemetry, TelemetryEvents } from '../pipeline/telemetry.ts';

/** What a run did for one producer; the row of the table and of `--json`. */
export interface ProducerSummary {
  readonly name: string;
  /** Object events published, removals included. */
  readonly rawEvents: number;
  /** Entities by what became of them in the catalogue. */
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Processes, the references to their inputs and outputs, and the pairs in their column mappings. */
  readonly processes: number;
  readonly lineageEdges: number;
  readonly columnEdges: number;
  /** Distinct warnings of the objects as they are now. */
  readonly warnings: number;
  readonly deadLetters: number;
}

/** A warning of one object. */
export interface ObjectWarning {
  readonly producer: string;
  readonly text: string;
}

interface Derived {
  readonly producer: string;
  readonly processes: number;
  readonly lineageEdges: number;
  readonly columnEdges: number;
  readonly warnings: readonly string[];
}

interface Counts {
  rawEvents: number;
  created: number;
  updated: number;
  unchanged: number;
  deadLetters: number;
}

/** Figures of a run by producer, kept up to date by telemetry. */
export class RunSummary {
  readonly #counts = new Map<string, Counts>();
  readonly #objects = new Map<string, Derived>();
  #failures = 0;

  /** `producers` are the names in the order of the configuration. Listens at once. */
  constructor(producers: readonly string[], telemetry: Telemetry) {
    for (const name of producers) this.#of(name);
    const count = ({ producer, published, removed }: TelemetryEvents['scanCompleted']): void => {
      this.#of(producer).rawEvents += published + removed;
    };
    telemetry.on('scanCompleted', count);
    telemetry.on('changeCompleted', count);
    telemetry.on('scanFailed', ({ retryInMs }) => {
      if (retryInMs === undefined) this.#failures += 1;
    });
    telemetry.on('derived', (derived) => this.#objects.set(derived.object, derived));
    telemetry.on('applied', ({ producer, counts }) => {
      const row = this.#of(producer);
      row.created += counts.created;
      row.updated += counts.updated + counts.deleted;
      row.unchanged += counts.unchanged;
    });
    telemetry.on('deadLettered', ({ producer }) => {
      this.#of(producer ?? '(unknown)').deadLetters += 1;
    });
  }

  /** Producers whose source could not be read. */
  get failures(): number {
    return this.#failures;
  }

  /** One row for each producer. */
  rows(): readonly ProducerSummary[] {
    return [...this.#counts].map(([name, counts]) => {
      const objects = [...this.#objects.values()].filter((object) => object.producer === name);
      const sum = (pick: (object: Derived) => number): number =>
        objects.reduce((total, object) => total + pick(object), 0);
      return {
        name,
        ...counts,
        processes: sum((object) => object.processes),
        lineageEdges: sum((object) => object.lineageEdges),
        columnEdges: sum((object) => object.columnEdges),
        warnings: sum((object) => object.warnings.length),
      };
    });
  }

  /** Every warning, sorted by producer and text. */
  warnings(): readonly ObjectWarning[] {
    return [...this.#objects.values()]
      .flatMap(({ producer, warnings }) => warnings.map((text) => ({ producer, text })))
      .sort((a, b) => (a.producer + a.text < b.producer + b.text ? -1 : 1));
  }

  #of(name: string): Counts {
    const counts = this.#counts.get(name) ?? {
      rawEvents: 0,
      created: 0,
      updated: 0,
      unchanged: 0,
      deadLetters: 0,
    };
    this.#counts.set(name, counts);
    return counts;
  }
}
