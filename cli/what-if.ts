import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { laneItem } from '../pipeline/delivery/lane-item.ts';
import { StreamError } from '../pipeline/errors.ts';
import { TypeModel } from '../pipeline/type-model.ts';
import type { DeclaredTypes } from '../pipeline/typedef-plan.ts';
import { groups, topics } from '../pipeline/topics.ts';
import { type EntityProblem, entityProblems } from '../pipeline/what-if.ts';
import type { EntityChange } from '../schemas/types.ts';
import { openLog, type LogOptions } from './open-log.ts';
import { note, print } from './output.ts';

/** A problem, with the change that it is in. */
export interface ChangeProblem extends EntityProblem {
  readonly producer: string;
}

/** Changes that stand on the topic and that the sink has not settled yet. Throws EVENT_UNDECODABLE for one that cannot be read. */
export async function* changesOnTopic(options: LogOptions): AsyncIterable<EntityChange> {
  const transport = await openLog(options);
  try {
    for (const { partition, committed, earliest } of await transport.describe(topics.entities)) {
      const from = committed[groups.sink] ?? earliest;
      for await (const record of transport.read(topics.entities, partition, from))
        if (record.value !== null) yield laneItem(record, record.value).change;
    }
  } finally {
    await transport.close();
  }
}

/** Changes of a file, as the sink `file` writes them: one as JSON a line. Throws SOURCE_INVALID with the line. */
export async function* changesOfFile(file: string): AsyncIterable<EntityChange> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file, 'utf8') })) {
    number += 1;
    if (line.trim() === '') continue;
    const change = parsed(line);
    if (change === undefined)
      throw new StreamError(
        'SOURCE_INVALID',
        `${file}:${number} is no entity change as the sink \`file\` writes it.`,
      );
    yield change;
  }
}

function parsed(line: string): EntityChange | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'entities' in value && Array.isArray(value.entities)
      ? (value as EntityChange)
      : undefined;
  } catch {
    return undefined; // the caller names the line
  }
}

/** Holds every entity of some changes against the declared types. */
export async function checkEntities(
  changes: AsyncIterable<EntityChange>,
  declared: DeclaredTypes,
): Promise<readonly ChangeProblem[]> {
  const types = new TypeModel(declared);
  const problems: ChangeProblem[] = [];
  for await (const { producer, entities } of changes)
    for (const body of entities)
      problems.push(...entityProblems(body, types).map((problem) => ({ ...problem, producer })));
  return problems;
}

/** Prints problems, one a line. */
export function printProblems(
  problems: readonly ChangeProblem[],
  { json }: { readonly json?: boolean },
): void {
  for (const problem of problems) {
    const { kind, qualifiedName, detail, producer } = problem;
    print(
      json === true
        ? JSON.stringify(problem)
        : `${kind.padEnd(20)} ${qualifiedName} (${producer}): ${detail}`,
    );
  }
  note(problems.length === 0 ? 'No entity would be refused.' : `${problems.length} problems.`);
}
