import type { EntityBody, EntityRef } from '../../schemas/types.ts';
import type { ColumnEdge } from '../../pipeline/column-mapping.ts';
import { foldCase } from '../../pipeline/naming.ts';
import { processEntity } from '../../pipeline/process.ts';
import type { JobPlace } from '../job-process.ts';
import { type ColumnRef, labelOf, type Relation } from './relations.ts';
import type { TracedJob, TracedStep } from './trace.ts';

interface End {
  readonly ref: EntityRef;
  readonly column: string;
}

/**
 * The steps of a job as activities, with the rows between them as datasets. Following the edges of the activities leads from the same
 * columns to the same columns as the job's own mapping. `used` are the steps that others depend on: only these hand on rows.
 */
export function stepEntities(
  place: JobPlace,
  traced: TracedJob,
  used: ReadonlySet<string>,
): readonly EntityBody[] {
  const wiring = new Wiring(place, traced);
  for (const step of traced.steps) wiring.connect(step, used.has(step.node.id));
  return traced.steps.flatMap((step) => {
    const owner = { many: false, targets: [place.job] };
    const inputs = [
      ...step.inputs.map((input) => input.resolved.ref),
      ...step.upstream.map((id) => place.rows(id)),
      ...wiring.extraInputs(step),
    ];
    const isUsed = used.has(step.node.id);
    const outputs = [
      ...(isUsed ? [place.rows(step.node.id)] : []),
      ...(step.output === undefined ? [] : [step.output.resolved.ref]),
    ];
    const activity = processEntity({
      ...place.activity(step.node.id),
      name: step.node.id,
      inputs,
      outputs,
      edges: wiring.edgesOf(step),
      warnings: [],
      attributes: { kind: step.node.kind },
      references: [{ attribute: place.types.activity.attribute, ...owner }],
    });
    const rows: EntityBody = {
      ...place.rows(step.node.id),
      attributes: { name: step.node.id },
      references: [{ attribute: place.types.intermediate.attribute, ...owner }],
    };
    return isUsed ? [activity, rows] : [activity];
  });
}

/** The column edges of each activity. What a step only passes on is wired where a later step asks for it. */
class Wiring {
  readonly #place: JobPlace;
  readonly #fold: (name: string) => string;
  readonly #steps: ReadonlyMap<string, TracedStep>;
  readonly #edges = new Map<string, ColumnEdge[]>();
  readonly #extra = new Map<string, EntityRef[]>();
  readonly #passed = new Set<string>();

  constructor(place: JobPlace, traced: TracedJob) {
    this.#place = place;
    this.#fold = (name) => foldCase(name, place.settings.caseRule);
    this.#steps = new Map(traced.steps.map((step) => [step.node.id, step]));
  }

  edgesOf(step: TracedStep): readonly ColumnEdge[] {
    return this.#edges.get(step.node.id) ?? [];
  }

  /** Datasets whose columns a step names although an earlier step reads them. */
  extraInputs(step: TracedStep): readonly EntityRef[] {
    return this.#extra.get(step.node.id) ?? [];
  }

  connect(step: TracedStep, isUsed: boolean): void {
    const projects = step.node.columns.length > 0;
    for (const { target, written, sources } of step.mappings) {
      const targets: End[] = [];
      if (projects && isUsed) targets.push({ ref: this.#place.rows(step.node.id), column: target });
      if (step.output !== undefined && written !== undefined) {
        targets.push({ ref: step.output.resolved.ref, column: written });
      }
      for (const source of sources) {
        for (const feed of this.#feeds(step, source)) for (const end of targets) this.#add(step, feed, end);
      }
    }
  }

  /** Where a step takes a column from: a dataset that it reads, or the rows of the steps before it. */
  #feeds(step: TracedStep, { relation, column }: ColumnRef): readonly End[] {
    if (relation.kind === 'query') {
      const origins = relation.columns.get(this.#fold(column))?.origins ?? [];
      return [...origins].map((origin) => ({ ref: origin.dataset.resolved.ref, column: origin.column }));
    }
    const own = relation.kind === 'dataset' && step.inputs.includes(relation.dataset);
    const before = step.upstream.filter((id) => this.#steps.get(id)?.exposes.has(relation));
    if (relation.kind === 'dataset' && (own || before.length === 0)) {
      const { ref } = relation.dataset.resolved;
      if (!own) this.#extra.set(step.node.id, [...this.extraInputs(step), ref]);
      return [{ ref, column }];
    }
    return before.map((id) => {
      this.#pass(id, { relation, column });
      return { ref: this.#place.rows(id), column: rowsColumn(id, relation, column) };
    });
  }

  /** Wires a column through the steps that only pass it on, back to where it was given out or read. */
  #pass(id: string, asked: ColumnRef): void {
    const waiting = [id];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { relation, column } = asked;
      const step = this.#steps.get(next);
      const key = JSON.stringify([next, rowsColumn(next, relation, column)]);
      if (step === undefined || isGivenBy(next, relation) || this.#passed.has(key)) continue;
      this.#passed.add(key);
      const end = { ref: this.#place.rows(next), column: rowsColumn(next, relation, column) };
      if (relation.kind === 'dataset' && step.inputs.includes(relation.dataset)) {
        this.#add(step, { ref: relation.dataset.resolved.ref, column }, end);
        continue;
      }
      for (const before of step.upstream.filter((other) => this.#steps.get(other)?.exposes.has(relation))) {
        const rows = { ref: this.#place.rows(before), column: rowsColumn(before, relation, column) };
        this.#add(step, rows, end);
        waiting.push(before);
      }
    }
  }

  #add(step: TracedStep, source: End, target: End): void {
    const edges = this.#edges.get(step.node.id);
    const edge = {
      source: source.ref.qualifiedName,
      sourceColumn: source.column,
      target: target.ref.qualifiedName,
      targetColumn: target.column,
    };
    if (edges === undefined) this.#edges.set(step.node.id, [edge]);
    else edges.push(edge);
  }
}

function isGivenBy(id: string, relation: Relation): boolean {
  return relation.kind === 'step' && relation.id === id;
}

/** The name of a column in the rows of a step: as the step gives it out, or with its table where it is passed on. */
function rowsColumn(id: string, relation: Relation, column: string): string {
  return isGivenBy(id, relation) ? column : `${labelOf(relation)}.${column}`;
}
