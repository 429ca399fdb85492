import { z } from 'zod';
import { StreamError } from '../pipeline/errors.ts';
import type { FoundObject } from '../pipeline/producer.ts';
import { completeEvent } from '../schemas/complete.ts';
import type { JsonMapping } from './json-mapping.ts';
import { readRawObject } from './raw-object.ts';

/** Events that a mapping may give. */
const mappedTypes = ['job', 'job-file', 'entity'] as const;

const objectSchema = z.looseObject({
  type: z.enum(mappedTypes).default('job'),
  objectId: z.union([z.string().min(1), z.number()]).transform(String),
  sequence: z.union([z.number(), z.string()]).optional(),
  removed: z.boolean().default(false),
});

/** What a mapping gives for an item. */
export interface MappedObjects {
  readonly found: readonly FoundObject[];
  /** Refs of objects that the source says are gone: those with `"removed": true`. */
  readonly removed: readonly string[];
}

/** How items are mapped. */
export interface ObjectMapping {
  readonly map: JsonMapping;
  /** Name of the tool, where the mapping gives none. */
  readonly tool: string;
}

/** One item, as a source gave it. */
export interface MappedItem {
  readonly value: unknown;
  /** Names the item in errors. */
  readonly where: string;
  readonly bindings?: Readonly<Record<string, unknown>>;
  /** The file that it stands in: that of a job whose mapping names none. @default the job's own id */
  readonly file?: string;
}

/**
 * The objects that a mapping gives for an item: none, one or several. What a mapping may leave out is filled in: tool, name, the file of a job, empty lists.
 * Throws SOURCE_INVALID, SOURCE_LIMIT or EVENT_INVALID, naming the item.
 */
export async function mappedObjects({ map, tool }: ObjectMapping, item: MappedItem): Promise<MappedObjects> {
  const { value, where, bindings = {}, file } = item;
  const given = await map.evaluate(value, where, { ...bindings, tool });
  const list: readonly unknown[] =
    given === undefined || given === null ? [] : Array.isArray(given) ? given : [given];
  const found: FoundObject[] = [];
  const removed: string[] = [];
  for (const [index, one] of list.entries()) {
    const object = objectOf(one, {
      where: list.length === 1 ? where : `${where}, object ${index + 1}`,
      tool,
      file,
    });
    if (typeof object === 'string') removed.push(object);
    else found.push(object);
  }
  return { found, removed };
}

/** An object, or the ref of one that is gone. */
function objectOf(
  given: unknown,
  { where, tool, file }: { readonly where: string; readonly tool: string; readonly file: string | undefined },
): FoundObject | string {
  const parsed = objectSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new StreamError(
      'EVENT_INVALID',
      `${where}: map gives no event: ${field || 'the result'}: ${issue?.message}.`,
      {
        advice: `It must give objects with type (${mappedTypes.join(', ')}) and objectId.`,
      },
    );
  }
  const { type, objectId, sequence, removed, ...fields } = parsed.data;
  const ref = `${type}/${objectId}`;
  if (removed) return ref;
  const common = { tool, name: objectId };
  const defaults = {
    job: common,
    'job-file': { ...common, jobId: objectId, file: file ?? objectId },
    entity: {},
  }[type];
  try {
    const completed = completeEvent(type, { ...defaults, ...fields });
    const object = readRawObject(
      { type, objectId, sequence: sequenceOf(sequence), fields: completed },
      where,
    );
    return { ...object, ref };
  } catch (thrown) {
    if (thrown instanceof StreamError && !thrown.message.startsWith(where))
      throw new StreamError(thrown.code, `${where}: ${thrown.message}`, { cause: thrown });
    throw thrown;
  }
}

/** A whole number, or a time as milliseconds; 0 for anything else, which the runner orders by itself. */
function sequenceOf(given: string | number | undefined): number {
  const value = typeof given === 'string' ? Date.parse(given) : (given ?? 0);
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}
