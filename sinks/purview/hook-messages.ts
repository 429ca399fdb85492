/**
 * Notifications of Apache Atlas's hooks, as the JSON of its topic (notification/AbstractNotification and intg/model/notification in its
 * source). A pure translation.
 */
import { gzipSync } from 'node:zlib';
import type { AtlasEntity, Json } from '../../pipeline/atlas/wire.ts';
import type { EntityRef } from '../../schemas/types.ts';
import { objectId } from './client.ts';

/** What a hook tells Atlas. */
export type HookNotification =
  | {
      readonly type: 'ENTITY_CREATE_V2' | 'ENTITY_FULL_UPDATE_V2';
      readonly user: string;
      readonly entities: {
        readonly entities: readonly AtlasEntity[];
        readonly referredEntities: Readonly<Record<string, never>>;
      };
    }
  | {
      readonly type: 'ENTITY_PARTIAL_UPDATE_V2';
      readonly user: string;
      readonly entityId: ReturnType<typeof objectId>;
      readonly entity: {
        readonly entity: AtlasEntity;
        readonly referredEntities: Readonly<Record<string, never>>;
      };
    }
  | {
      readonly type: 'ENTITY_DELETE_V2';
      readonly user: string;
      readonly entities: readonly ReturnType<typeof objectId>[];
    };

/** Atlas's limit of one message, `atlas.notification.message.max.length.bytes`, less what it keeps for the envelope. */
const maxBytes = 1_000_000 - 512;
const version = { version: '1.0.0', versionParts: [1] };

/** Tells Atlas to create entities, or to update them: what is there is matched by its unique name. */
export function writeNotification(
  user: string,
  entities: readonly AtlasEntity[],
  isNew: boolean,
): HookNotification {
  const type = isNew ? 'ENTITY_CREATE_V2' : 'ENTITY_FULL_UPDATE_V2';
  return { type, user, entities: { entities, referredEntities: {} } };
}

/** Tells Atlas that an entity is called otherwise now: it keeps its guid. */
export function renameNotification(user: string, from: EntityRef, to: EntityRef): HookNotification {
  const { typeName, qualifiedName } = to;
  return {
    type: 'ENTITY_PARTIAL_UPDATE_V2',
    user,
    entityId: objectId(from),
    entity: { entity: { typeName, attributes: { qualifiedName } }, referredEntities: {} },
  };
}

/** Tells Atlas to delete entities. It goes by type and unique name only. */
export function deleteNotification(user: string, refs: readonly EntityRef[]): HookNotification {
  return { type: 'ENTITY_DELETE_V2', user, entities: refs.map(objectId) };
}

/** Where and when a notification comes about. */
export interface MessageOrigin {
  /** Unique for each notification; it ties the parts of one together. */
  readonly id: string;
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * The messages of one notification, in their order: one; where that is over 1,000,000 bytes, the same compressed; where that still is, in
 * parts. All must come to one partition, one after the other.
 */
export function hookMessages(
  notification: HookNotification,
  { id, user, now }: MessageOrigin,
): readonly string[] {
  const whole = JSON.stringify({
    version,
    msgCompressionKind: 'NONE',
    msgSplitIdx: 1,
    msgSplitCount: 1,
    msgSourceIP: '127.0.0.1',
    msgCreatedBy: user,
    msgCreationTime: now,
    message: notification,
  });
  if (Buffer.byteLength(whole) <= maxBytes) return [whole];
  const packed = gzipSync(whole).toString('base64');
  const part = (message: string, index: number, count: number): Readonly<Record<string, Json>> => ({
    version,
    msgId: id,
    msgCompressionKind: 'GZIP',
    msgSplitIdx: index,
    msgSplitCount: count,
    message,
  });
  if (packed.length <= maxBytes) return [JSON.stringify(part(packed, 1, 1))];
  const count = Math.ceil(packed.length / maxBytes);
  return Array.from({ length: count }, (_, index) =>
    JSON.stringify(part(packed.slice(index * maxBytes, (index + 1) * maxBytes), index, count)),
  );
}
