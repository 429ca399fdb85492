import { messageOf, StreamError } from '../pipeline/errors.ts';
import type { FoundObject } from '../pipeline/producer.ts';
import { decodeEvent, encodeEvent } from '../schemas/codec.ts';
import { databaseLevels, type EventTypes, type NamePart, type ObjectEventType } from '../schemas/types.ts';
import { withValues } from './entity-values.ts';

/** An object as a source or a mapping says it: fields of its event, unchecked. */
export interface RawObject {
  readonly type: ObjectEventType;
  readonly objectId: string;
  /** The source's own order of changes. @default 0 */
  readonly sequence?: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Makes a found object of unchecked fields. Encoding and decoding checks every one, and fills in the defaults of the schema. Throws EVENT_INVALID with
 * `place` in front.
 */
export function readRawObject(
  { type, objectId, sequence = 0, fields }: RawObject,
  place: string,
): FoundObject {
  const added = { producer: '', objectId, position: { incarnation: '', sequence } };
  try {
    const said = type === 'entity' ? withValues(fields) : fields;
    const value = { ...said, ...added } as unknown as EventTypes[ObjectEventType];
    const decoded = decodeEvent(encodeEvent<ObjectEventType>(type, value))
      .value as EventTypes[ObjectEventType];
    if ('path' in decoded) checkLevels(type, decoded.path);
    const { producer: _producer, objectId: _objectId, position: _position, ...object } = decoded;
    return { type, objectId, sequence, value: object } as FoundObject;
  } catch (thrown) {
    throw new StreamError('EVENT_INVALID', `${place}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

const levels: ReadonlySet<string> = new Set(databaseLevels);

/** An object whose level is misspelled would have no entity, and be lost without a word. */
function checkLevels(type: ObjectEventType, path: readonly NamePart[]): void {
  const unknown = path.find(({ level }) => !levels.has(level));
  const advice = `Levels are ${databaseLevels.join(', ')}.`;
  if (unknown !== undefined)
    throw new Error(`${JSON.stringify(unknown.level)} in path is no level. ${advice}`);
  const last = path.at(-1)?.level;
  if (type === 'routine' && last !== 'routine')
    throw new Error(
      `The path of a routine ends with the level routine, also for a procedure or function; here with ${last ?? 'nothing'}.`,
    );
}
