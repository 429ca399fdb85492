import { deriving, type DerivedEntity, type KnownView, type Transform } from '../../pipeline/transform.ts';
import { placeholderOf } from '../../pipeline/datasets.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { DatabaseObject, EntityRef, Job, RawEvent, Warning } from '../../schemas/types.ts';

/**
 * A small world to hold the derivation against: tables that several producers may describe, and jobs that read tables,
 * share the root of their tool, and need placeholders for what nobody describes.
 */

const nothing = { description: null, warnings: [], additional: [] } as const;

/** A table of that name as a producer describes it. */
export function tableEvent(options: {
  readonly producer: string;
  readonly table: string;
  readonly sequence: number;
  readonly columns: readonly string[];
}): RawEvent {
  const column = (name: string, index: number): NonNullable<DatabaseObject['columns']>[number] => ({
    ...nothing,
    name,
    ordinal: index + 1,
    dataType: 'text',
    nullable: null,
    length: null,
    scale: null,
    defaultExpression: null,
    primaryKey: false,
    unique: false,
    references: null,
  });
  return {
    type: 'database-object',
    value: {
      ...nothing,
      producer: options.producer,
      objectId: options.table,
      position: { incarnation: 'i', sequence: options.sequence },
      system: 'small',
      path: [{ level: 'table', name: options.table }],
      owner: null,
      columns: options.columns.map(column),
      definition: null,
      dependencies: [],
      parts: [],
    },
  };
}

/** A job that reads tables. A job named `bad` cannot be derived. */
export function jobEvent(options: {
  readonly producer: string;
  readonly job: string;
  readonly sequence: number;
  readonly name: string;
  readonly inputs: readonly string[];
}): RawEvent {
  return {
    type: 'job',
    value: {
      ...nothing,
      producer: options.producer,
      objectId: options.job,
      position: { incarnation: 'i', sequence: options.sequence },
      tool: 'tool',
      name: options.name,
      lastRun: null,
      inputs: options.inputs.map((name) => ({ type: 't', name, path: null, additional: [] })),
      outputs: [],
    },
  };
}

/** A removal of an object. */
export function removalEvent(
  producer: string,
  removedType: string,
  objectId: string,
  sequence: number,
): RawEvent {
  return {
    type: 'removal',
    value: { producer, objectId, removedType, position: { incarnation: 'i', sequence } },
  };
}

function tableRef(name: string): EntityRef {
  return { typeName: 'table', qualifiedName: `table://${name}` };
}

function root(ref: EntityRef, attributes: DerivedEntity['entities'][0]['attributes']): DerivedEntity {
  return { entities: [{ ...ref, attributes, references: [] }], complete: [], placeholder: false };
}

const describeTables: Transform = deriving((event) => {
  if (event.type !== 'database-object') return undefined;
  const ref = tableRef(event.value.objectId);
  const columns = (event.value.columns ?? []).map(({ name }) => name);
  const { sequence } = event.value.position;
  return { event, changes: [root(ref, { columns, sequence })], known: [{ ...ref, columns }], warnings: [] };
});

function mapJobs(known: KnownView): Transform {
  return deriving((event) => {
    if (event.type !== 'job') return undefined;
    const job: Job = event.value;
    if (job.name === 'bad') throw new StreamError('EVENT_INVALID', 'This job is bad.');
    const warnings: Warning[] = [];
    const changes: DerivedEntity[] = [];
    const reads: string[] = [];
    for (const { name } of job.inputs) {
      const ref = tableRef(name);
      const asset = known.asset(ref);
      reads.push(`${name}(${asset?.columns.join() ?? '?'})`);
      if (asset !== undefined) continue;
      warnings.push({ code: 'unknown-table', location: job.objectId, message: name });
      changes.push(placeholderOf(ref, name));
    }
    const own = {
      typeName: 'job',
      qualifiedName: `job://${job.producer}/${job.objectId}`,
    };
    const tool = { typeName: 'tool', qualifiedName: `tool://${job.tool}` };
    return {
      event,
      changes: [root(tool, { name: job.tool }), root(own, { name: job.name, reads }), ...changes],
      known: [],
      warnings,
    };
  });
}

/** The transforms of the small world. */
export function smallWorld(known: KnownView): readonly Transform[] {
  return [describeTables, mapJobs(known)];
}
