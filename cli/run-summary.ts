import type { Telemetry, TelemetryEvents } from '../pipeline/telemetry.ts';
import type { DerivedTotals } from './derived-totals.ts';

/** What a run did for one producer; the row of the table and of `--json`. */
export interface ProducerSummary {
  readonly name: string;
  /** Object events published, removals included. */
  readonly rawEvents: number;
  /** Entities by what became of them in the catalogue. */
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
  /** Processes, the references to their inputs and outputs, and the pairs in their column mappings. */
  readonly processes: number;
  readonly lineageEdges: number;
  readonly columnEdges: number;
  /** Distinct warnings of the objects as they are now. */
  readonly warnings: number;
  readonly deadLetters: number;
}

/** What a process did for one producer that only appends; the row of the table and of `--json`. */
export interface AppendedSummary {
  readonly name: string;
  /** Object events appended, removals included. */
  readonly rawEvents: number;
  readonly removed: number;
  /** Objects that could not be read, in all scans. */
  readonly rejected: number;
}

/** A warning of one object. */
export interface ObjectWarning {
  readonly producer: string;
  readonly text: string;
}

interface Counts {
  rawEvents: number;
  removed: number;
  rejected: number;
  created: number;
  updated: number;
  deleted: number;
  unchanged: number;
  deadLetters: number;
}

const nothing: DerivedTotals = { processes: 0, lineageEdges: 0, columnEdges: 0, warnings: [] };

/** Figures of a run by producer, kept up to date by telemetry. */
export class RunSummary {
  readonly #counts = new Map<string, Counts>();
  #failures = 0;

  /** `producers` are the names in the order of the configuration. Listens at once. */
  constructor(producers: readonly string[], telemetry: Telemetry) {
    for (const name of producers) this.#of(name);
    const count = ({ producer, published, removed, rejected }: TelemetryEvents['scanCompleted']): void => {
      const row = this.#of(producer);
      row.rawEvents += published + removed;
      row.removed += removed;
      row.rejected += rejected;
    };
    telemetry.on('scanCompleted', count);
    telemetry.on('changeCompleted', count);
    telemetry.on('scanFailed', ({ retryInMs }) => {
      if (retryInMs === undefined) this.#failures += 1;
    });
    telemetry.on('applied', ({ producer, counts }) => {
      const row = this.#of(producer);
      row.created += counts.created;
      row.updated += counts.updated;
      row.deleted += counts.deleted;
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

  /** Dead letters of this run. */
  get deadLetters(): number {
    return [...this.#counts.values()].reduce((sum, counts) => sum + counts.deadLetters, 0);
  }

  /** One row for each producer; `derived` is what the state holds of them. */
  rows(derived: ReadonlyMap<string, DerivedTotals>): readonly ProducerSummary[] {
    return [...this.#counts].map(([name, { removed: _removed, rejected: _rejected, ...counts }]) => {
      const { processes, lineageEdges, columnEdges, warnings } = derived.get(name) ?? nothing;
      return { name, ...counts, processes, lineageEdges, columnEdges, warnings: warnings.length };
    });
  }

  /** One row for each producer, of what this process itself did. */
  appended(): readonly AppendedSummary[] {
    return [...this.#counts].map(([name, { rawEvents, removed, rejected }]) => ({
      name,
      rawEvents,
      removed,
      rejected,
    }));
  }

  /** Every warning, sorted by producer and text. */
  warnings(derived: ReadonlyMap<string, DerivedTotals>): readonly ObjectWarning[] {
    return [...this.#counts.keys()]
      .flatMap((producer) => (derived.get(producer) ?? nothing).warnings.map((text) => ({ producer, text })))
      .sort((a, b) => (a.producer + a.text < b.producer + b.text ? -1 : 1));
  }

  #of(name: string): Counts {
    const counts = this.#counts.get(name) ?? {
      rawEvents: 0,
      removed: 0,
      rejected: 0,
      created: 0,
      updated: 0,
      deleted: 0,
      unchanged: 0,
      deadLetters: 0,
    };
    this.#counts.set(name, counts);
    return counts;
  }
}
