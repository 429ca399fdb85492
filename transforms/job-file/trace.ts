import type { JobFile, JobNode, TypedName, Warning } from '../../schemas/types.ts';
import type { ColumnEdge } from '../../pipeline/column-mapping.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { JobGraph } from './graph.ts';
import type { TracedQuery } from './query.ts';
import {
  type ColumnRef,
  columnsOf,
  findColumn,
  type JobDataset,
  labelOf,
  type Origin,
  type Relation,
  type Scope,
  type StepColumn,
} from './relations.ts';

/** One target column of a step with the columns that it is made from. */
interface TracedMapping {
  /** Spelled alike wherever the step gives it. */
  readonly target: string;
  /** The target as the dataset written spells it; undefined when the step writes none, or one that lacks it. */
  readonly written: string | undefined;
  readonly sources: readonly ColumnRef[];
}

/** A step with its column mappings resolved. */
export interface TracedStep {
  readonly node: JobNode;
  readonly upstream: readonly string[];
  readonly inputs: readonly JobDataset[];
  readonly output: JobDataset | undefined;
  readonly mappings: readonly TracedMapping[];
  /** What later steps see of it. */
  readonly exposes: ReadonlySet<Relation>;
}

/** A job with its column lineage. */
export interface TracedJob {
  readonly steps: readonly TracedStep[];
  /** From the catalogue's columns to the sinks' columns. */
  readonly edges: readonly ColumnEdge[];
  readonly warnings: readonly Warning[];
}

/** What the tracing of a job works with. */
export interface TraceOptions {
  readonly job: JobFile;
  readonly graph: JobGraph;
  /** The dataset that a step names; the same object for the same name. */
  readonly dataset: (name: TypedName, node: JobNode) => JobDataset;
  /** The result of a step's query; undefined for a step that has none. */
  readonly query: (node: JobNode) => TracedQuery | undefined;
  /** The tool's case rule. */
  readonly fold: (name: string) => string;
}

/** Relations that steps see and origins that columns have, together: bounds memory against built-up graphs. */
const maxLinks = 2_000_000;

/** Follows every column from the datasets read to the datasets written. Throws SOURCE_LIMIT for a job that is out of all measure. */
export function traceJob(options: TraceOptions): TracedJob {
  const tracer = new JobTracer(options);
  const steps = options.graph.ordered.map((node) => tracer.step(node));
  return { steps, edges: tracer.edges, warnings: tracer.warnings };
}

class JobTracer {
  readonly warnings: Warning[] = [];
  readonly edges: ColumnEdge[] = [];
  readonly #options: TraceOptions;
  readonly #exposed = new Map<string, ReadonlySet<Relation>>();
  /** Datasets that a step and those before it read. */
  readonly #reads = new Map<string, ReadonlySet<JobDataset>>();
  readonly #relations = new Map<JobDataset, Relation>();
  readonly #origins = new Map<JobDataset, Map<string, Origin>>();
  readonly #allInputs: ReadonlySet<JobDataset>;
  #links = 0;

  constructor(options: TraceOptions) {
    this.#options = options;
    this.#allInputs = new Set(
      options.graph.ordered.flatMap((node) => node.inputs.map((input) => options.dataset(input, node))),
    );
  }

  step(node: JobNode): TracedStep {
    const { graph, dataset } = this.#options;
    const upstream = graph.upstream.get(node.id) ?? [];
    const named = [...new Set(node.inputs.map((input) => dataset(input, node)))];
    const query = this.#options.query(node);
    if (query !== undefined) this.warnings.push(...query.warnings);
    const inputs = query === undefined ? named : [...named, ...query.datasets];
    const visible = this.#union<Relation>([
      named.map((input) => this.#relation(input)),
      query === undefined ? [] : [{ kind: 'query', columns: query.columns }],
      ...upstream.map((id) => this.#exposed.get(id) ?? []),
    ]);
    const reads = this.#union([inputs, ...upstream.map((id) => this.#reads.get(id) ?? [])]);
    const output = node.output === null ? undefined : dataset(node.output, node);
    const scope: Scope = {
      visible: [...visible],
      hidden: [...(graph.dangling.has(node.id) ? this.#allInputs : reads)]
        .map((input) => this.#relation(input))
        .filter((relation) => !visible.has(relation)),
      fold: this.#options.fold,
    };
    const mappings =
      node.columns.length > 0 ? this.#written(node, scope, output) : this.#passed(node, scope, output);
    const exposes = node.columns.length > 0 ? new Set([this.#given(node, mappings)]) : visible;
    this.#exposed.set(node.id, exposes);
    this.#reads.set(node.id, reads);
    if (output !== undefined) for (const mapping of mappings) this.#connect(mapping, output);
    return { node, upstream, inputs, output, mappings, exposes };
  }

  /** The mappings that the step writes out. */
  #written(node: JobNode, scope: Scope, output: JobDataset | undefined): readonly TracedMapping[] {
    const spelled = new Map<string, string>();
    return node.columns.map(({ sources, target: asWritten, line }) => {
      const key = this.#options.fold(asWritten);
      const target = spelled.get(key) ?? asWritten;
      spelled.set(key, target);
      const found = sources.flatMap((source) => {
        const answer = findColumn(source, scope);
        if (answer.kind === 'found') return answer.ref;
        this.#warn(
          answer.code,
          line,
          `${answer.why} The column ${target} of the step ${node.id} lacks this source.`,
        );
        return [];
      });
      const written = output?.columns.find(target);
      if (output !== undefined && written === undefined) {
        this.#warn('unknown-column', line, `${output.name} has no column ${target} to write to.`);
      }
      return { target, written, sources: found };
    });
  }

  /** A step that writes without mappings: every column goes to the one of its name, unless several have that name. */
  #passed(node: JobNode, scope: Scope, output: JobDataset | undefined): readonly TracedMapping[] {
    if (output === undefined) return [];
    const byName = new Map<string, ColumnRef[]>();
    for (const relation of scope.visible) {
      for (const column of columnsOf(relation)) {
        const key = scope.fold(column);
        const refs = byName.get(key);
        if (refs === undefined) byName.set(key, [{ relation, column }]);
        else refs.push({ relation, column });
      }
    }
    const unmatched: string[] = [];
    const mappings = [...byName.values()].flatMap((refs): readonly TracedMapping[] => {
      const [ref] = refs;
      if (ref === undefined) return [];
      if (refs.length > 1) {
        const labels = refs
          .map(({ relation }) => labelOf(relation))
          .sort()
          .join(', ');
        this.#warn('ambiguous-source', node.line, `The column ${ref.column} can come from ${labels}.`);
        return [];
      }
      const written = output.columns.find(ref.column);
      if (written === undefined) unmatched.push(ref.column);
      return written === undefined ? [] : [{ target: ref.column, written, sources: [ref] }];
    });
    if (unmatched.length > 0) {
      const columns = unmatched.sort().slice(0, 20).join(', ');
      this.#warn(
        'unmatched-columns',
        node.line,
        `${output.name} has no column for ${unmatched.length}: ${columns}.`,
      );
    }
    return mappings;
  }

  /** What a step with mappings gives out. */
  #given(node: JobNode, mappings: readonly TracedMapping[]): Relation {
    const columns = new Map<string, StepColumn>();
    for (const { target, sources } of mappings) {
      const key = this.#options.fold(target);
      const before = columns.get(key);
      const origins = this.#union([
        before?.origins ?? [],
        ...sources.map((source) => this.#originsOf(source)),
      ]);
      columns.set(key, { name: target, origins });
    }
    return { kind: 'step', id: node.id, columns };
  }

  /** Adds the edges from the catalogue's columns to a column that is written. */
  #connect({ written, sources }: TracedMapping, output: JobDataset): void {
    if (written === undefined) return;
    for (const { dataset, column } of this.#union(sources.map((source) => this.#originsOf(source)))) {
      this.edges.push({
        source: dataset.resolved.ref.qualifiedName,
        sourceColumn: column,
        target: output.resolved.ref.qualifiedName,
        targetColumn: written,
      });
    }
  }

  #originsOf({ relation, column }: ColumnRef): Iterable<Origin> {
    if (relation.kind !== 'dataset') return relation.columns.get(this.#options.fold(column))?.origins ?? [];
    const columns = this.#origins.get(relation.dataset) ?? new Map<string, Origin>();
    this.#origins.set(relation.dataset, columns);
    const origin = columns.get(column) ?? { dataset: relation.dataset, column };
    columns.set(column, origin);
    return [origin];
  }

  #relation(dataset: JobDataset): Relation {
    const relation = this.#relations.get(dataset) ?? { kind: 'dataset', dataset };
    this.#relations.set(dataset, relation);
    return relation;
  }

  #union<T>(lists: readonly Iterable<T>[]): ReadonlySet<T> {
    const union = new Set<T>();
    for (const list of lists) for (const item of list) union.add(item);
    this.#links += union.size;
    if (this.#links > maxLinks) {
      throw new StreamError(
        'SOURCE_LIMIT',
        `${this.#options.job.file} has more than ${maxLinks} links between columns.`,
      );
    }
    return union;
  }

  #warn(code: string, line: number, message: string): void {
    this.warnings.push({ code, location: `${this.#options.job.file}:${line}`, message });
  }
}
