import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { contentHash, spokenBody } from '../../pipeline/content-hash.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import { StreamError, messageOf } from '../../pipeline/errors.ts';
import type { Json, StateStore, StateWrite } from '../../pipeline/state.ts';
import type { EntityBody, EntityChange, EntityRef } from '../../schemas/types.ts';
import { without } from './merge.ts';
import { newName } from './new-name.ts';
import { type PlacedChange, placeOf } from './placed-change.ts';
import { bodySchema, givenSchema, refSchema } from './said-schema.ts';
import type { TypeModel } from '../../pipeline/type-model.ts';

const speakerSchema = z.object({
  producer: z.string(),
  objectId: z.string(),
  position: z.object({ incarnation: z.string(), sequence: z.number() }),
  /** Offset of the change that was applied or confirmed last. */
  offset: z.number().exactOptional(),
  /** Its number among what the transforms have derived. */
  sequence: z.string().exactOptional(),
  /** See contentHash; positions and times are not in it. */
  hash: z.string(),
  placeholder: z.boolean(),
  /** How many entities the change had. */
  entities: z.number(),
  /** References that the catalogue loses when their target is deleted, or that shrink and grow. */
  references: z.array(z.object({ source: refSchema, attribute: z.string(), targets: z.array(refSchema) })),
  /** Children by the root's attribute that lists them. */
  owned: z.array(z.object({ attribute: z.string(), children: z.array(refSchema) })),
  /** What was said itself, see {@link saidBy}: needed when another producer speaks of the same root. */
  said: z.string(),
});

const appliedSchema = z.object({
  /** True when the last thing applied was the deletion; then `speakers` holds only who deleted it. */
  deleted: z.boolean(),
  /** The number of the last deletion: nothing counts that was derived before it. */
  deletedAt: z.string().exactOptional(),
  /** The qualifiedName that it went on with, where the last deletion says so. */
  becomes: z.string().exactOptional(),
  /** Who says what of the root, one for each producer. */
  speakers: z.array(speakerSchema),
  /** What writes were about to say that have not come to their end: the catalogue may have some of it. */
  begun: z.array(speakerSchema).exactOptional(),
  /** What its entities were given beside their attributes. */
  given: z.array(givenSchema).exactOptional(),
  /** What a write that has not come to its end was about to give them. */
  claimed: z.array(givenSchema).exactOptional(),
});

/** What one producer has said of a root, as far as the catalogue has confirmed it. */
export type AppliedSpeaker = z.output<typeof speakerSchema>;
/** What was applied of one root. */
export type Applied = z.output<typeof appliedSchema>;

const prefix = 'applied/';
const catalogues = 'catalogues/';
const deletedHash = '';
const lostHash = 'lost';

/** The record of a root, or undefined when it was never applied or the record is of a form that is not read any more (then all is applied again). */
export async function readApplied(state: StateStore, root: EntityRef): Promise<Applied | undefined> {
  return parse(await state.get(stateKey(root)));
}

/** The write that keeps a record. Only for what the catalogue has confirmed. */
export function appliedWrite(root: EntityRef, applied: Applied): StateWrite {
  return { key: stateKey(root), value: applied };
}

/** Every record that is kept. */
export async function* scanApplied(state: StateStore): AsyncIterable<Applied> {
  for await (const { record } of scanAppliedRoots(state)) yield record;
}

/** Every record that is kept, with its root. */
export async function* scanAppliedRoots(
  state: StateStore,
): AsyncIterable<{ readonly root: EntityRef; readonly record: Applied }> {
  for await (const { key, value } of state.scan(prefix)) {
    const record = parse(value);
    const [typeName = '', ...name] = key.slice(prefix.length).split('/');
    if (record !== undefined) yield { root: { typeName, qualifiedName: name.join('/') }, record };
  }
}

/** Every record of every catalogue, see {@link stateOf}, with its root. */
export async function* readEveryApplied(state: StateStore): ReturnType<typeof scanAppliedRoots> {
  yield* scanAppliedRoots(state);
  const parts = new Set<string>();
  for await (const { key } of state.scan(catalogues)) parts.add(key.split('/')[1] ?? '');
  for (const part of parts) yield* scanAppliedRoots(stateOf(state, decodeURIComponent(part)));
}

/** Whether anything was ever applied, as far as the state knows. */
export async function hasApplied(state: StateStore): Promise<boolean> {
  for await (const _ of state.scan(prefix)) return true;
  return false;
}

/** The record after it was found that the catalogue does not hold what it says: whatever is said next is news, and is written whole. */
export function unconfirmed(record: Applied): Applied {
  return { ...record, speakers: record.speakers.map((one) => ({ ...one, hash: lostHash })) };
}

/** Whether the catalogue holds what a record says. */
export function isConfirmed(record: Applied): boolean {
  return record.begun === undefined && record.speakers.every(({ hash }) => hash !== lostHash);
}

/** Forgets what was applied of every root of some types. */
export async function forgetApplied(state: StateStore, typeNames: ReadonlySet<string>): Promise<void> {
  for (const typeName of typeNames) {
    const writes: StateWrite[] = [];
    for await (const { key } of state.scan(`${prefix}${typeName}/`)) writes.push({ key, value: undefined });
    if (writes.length > 0) await state.write(writes);
  }
}

/** A part of a state store for what is applied to one catalogue, so that another catalogue does not count as holding it. */
export function stateOf(state: StateStore, catalogue: string): StateStore {
  const part = `${catalogues}${encodeURIComponent(catalogue)}/`;
  return {
    get: (key) => state.get(part + key),
    write: (writes) => state.write(writes.map(({ key, value }) => ({ key: part + key, value }))),
    scan: async function* scan(start) {
      for await (const { key, value } of state.scan(part + start))
        yield { key: key.slice(part.length), value };
    },
    close: () => state.close(),
  };
}

/** The record after a deletion. */
export function deletedBy(deletion: PlacedChange): Applied {
  const becomes = newName(deletion.change)?.to;
  const nothing = { hash: deletedHash, placeholder: false, entities: 0, references: [], owned: [], said: '' };
  return {
    deleted: true,
    ...lastDeletion(deletion.sequence),
    ...(becomes === undefined ? {} : { becomes }),
    speakers: [{ ...placeOf(deletion), ...nothing }],
  };
}

/** The record of a root that went with another one. */
export function goneWith({ deletedAt }: Applied): Applied {
  return { deleted: true, ...lastDeletion(deletedAt), speakers: [] };
}

/** The number of the last deletion, where it had one, as records keep it. */
export function lastDeletion(deletedAt: string | undefined): Pick<Applied, 'deletedAt'> {
  return deletedAt === undefined ? {} : { deletedAt };
}

/** The record after a change of one producer was applied on top of a record. */
export function applied(before: Applied | undefined, delivery: PlacedChange, types: TypeModel): Applied {
  const { change } = delivery;
  const { producer, placeholder } = change;
  const others = otherSpeakers(before, change);
  const own: AppliedSpeaker = {
    ...placeOf(delivery),
    hash: contentHash(change),
    placeholder,
    entities: change.entities.length,
    references: referencesOf(change),
    owned: ownedBy(change, types, speakerOf(before, producer)),
    said: packed(change.entities.map(spokenBody)),
  };
  const given = before?.given === undefined ? {} : { given: before.given };
  const speakers = [...others, own].sort((a, b) => (a.producer < b.producer ? -1 : 1));
  return { deleted: false, ...lastDeletion(before?.deletedAt), speakers, ...given };
}

/** The record of a root after entities of it got other names; `names` has these by {@link refKey} of the old ones. */
export function renamedRecord(record: Applied, names: ReadonlyMap<string, EntityRef>): Applied {
  const now = (ref: EntityRef): EntityRef => names.get(refKey(ref)) ?? ref;
  const speaker = (one: AppliedSpeaker): AppliedSpeaker => ({
    ...one,
    references: one.references.map(({ source, attribute, targets }) => ({
      source: now(source),
      attribute,
      targets: nowOf(targets),
    })),
    owned: one.owned.map(({ attribute, children }) => ({ attribute, children: nowOf(children) })),
    said: packed(saidBy(one).map(body)),
  });
  const nowOf = (refs: readonly EntityRef[]): EntityRef[] => refs.map(now);
  const body = (one: EntityBody): EntityBody => ({
    ...one,
    ...now({ typeName: one.typeName, qualifiedName: one.qualifiedName }),
    references: one.references.map((reference) => ({ ...reference, targets: nowOf(reference.targets) })),
  });
  const entitiesOf = (given: Applied['given']): NonNullable<Applied['given']> =>
    (given ?? []).map((one) => ({ ...one, entity: now(one.entity) }));
  return {
    deleted: record.deleted,
    speakers: record.speakers.map(speaker),
    ...(record.begun === undefined ? {} : { begun: record.begun.map(speaker) }),
    ...(record.given === undefined ? {} : { given: entitiesOf(record.given) }),
    ...(record.claimed === undefined ? {} : { claimed: entitiesOf(record.claimed) }),
  };
}

/** Who said what the catalogue has of a root; nobody of one that is deleted. */
export function speakersOf(record: Applied | undefined): readonly AppliedSpeaker[] {
  return record === undefined || record.deleted ? [] : record.speakers;
}

/** The same, and who may have said it by a write that has not come to its end. */
export function mayHold(record: Applied | undefined): readonly AppliedSpeaker[] {
  return [...speakersOf(record), ...(record?.begun ?? [])];
}

/** What one producer said last of a root that is not deleted. */
export function speakerOf(record: Applied | undefined, producer: string): AppliedSpeaker | undefined {
  return speakersOf(record).find((speaker) => speaker.producer === producer);
}

/** Characters from which on it pays to compress: starting the compressor costs more than it spares below. */
const worthCompressing = 1000;

/** Less memory to make ready for each than by default, which takes longer than to compress a few kilobytes; not a byte more comes of these. */
const quick = { level: 1, windowBits: 13, memLevel: 6, chunkSize: 4096 };

/** JSON, which begins with a bracket; or, where that is long, its compressed form in base64, which does not. */
function packed(entities: readonly unknown[]): string {
  const text = JSON.stringify(entities);
  return text.length < worthCompressing ? text : deflateRawSync(text, quick).toString('base64');
}

/** The entities that a producer described, as its change had them. Throws STATE_UNAVAILABLE when the record is damaged. */
export function saidBy(speaker: AppliedSpeaker): readonly EntityBody[] {
  const known = unpacked.get(speaker);
  if (known !== undefined) return known;
  const entities = readSaid(speaker);
  unpacked.set(speaker, entities);
  return entities;
}

/** Read once: a decision looks at it several times, and records are immutable. */
const unpacked = new WeakMap<AppliedSpeaker, readonly EntityBody[]>();

function readSaid(speaker: AppliedSpeaker): readonly EntityBody[] {
  try {
    const { said } = speaker;
    const text = said.startsWith('[') ? said : inflateRawSync(Buffer.from(said, 'base64')).toString('utf8');
    return z.array(bodySchema).parse(JSON.parse(text));
  } catch (thrown) {
    throw new StreamError(
      'STATE_UNAVAILABLE',
      `What ${speaker.producer} said of ${speaker.objectId} cannot be read back from the state: ${messageOf(thrown)}.`,
      { cause: thrown, advice: 'Move the state folder away: everything is then applied again.' },
    );
  }
}

/** The other producers that speak of a root beside a change: placeholders only as long as nobody speaks for real. */
function otherSpeakers(before: Applied | undefined, change: EntityChange): readonly AppliedSpeaker[] {
  return speakersOf(before).filter(
    (speaker) => speaker.producer !== change.producer && speaker.placeholder === change.placeholder,
  );
}

/**
 * Children that one producer had applied under a list which is complete now and lacks them, unless another producer has them.
 *
 * @param isNew whether the catalogue did not have the root: then nothing has come of writes without an end
 */
export function droppedChildren(
  before: Applied | undefined,
  after: Applied,
  isNew = false,
): readonly EntityRef[] {
  const childrenOf = (speakers: readonly AppliedSpeaker[]): EntityRef[] =>
    speakers.flatMap((speaker) => speaker.owned.flatMap(({ children }) => children));
  const had = isNew ? speakersOf(before) : mayHold(before);
  return without(childrenOf(had), childrenOf(after.speakers));
}

function ownedBy(
  change: EntityChange,
  types: TypeModel,
  before: AppliedSpeaker | undefined,
): AppliedSpeaker['owned'] {
  const kept = (before?.owned ?? []).filter(({ attribute }) => !change.complete.includes(attribute));
  const complete = change.complete.map((attribute) => {
    const relation = types.relation(change.typeName, attribute);
    if (relation === undefined) {
      throw new StreamError(
        'TYPE_UNKNOWN',
        `The change of ${change.qualifiedName} calls ${attribute} complete, but no relationship gives ${change.typeName} that attribute.`,
      );
    }
    const children = change.entities
      .slice(1)
      .filter((entity) => types.isA(entity.typeName, relation.other.typeName))
      .map(({ typeName, qualifiedName }) => ({ typeName, qualifiedName }));
    return { attribute, children };
  });
  return [...kept, ...complete];
}

function referencesOf(change: EntityChange): AppliedSpeaker['references'] {
  const inside = new Set(change.entities.map(refKey));
  return change.entities.flatMap((entity) =>
    entity.references
      .filter(({ many, targets }) => many || targets.some((target) => !inside.has(refKey(target))))
      .map(({ attribute, targets }) => ({
        source: { typeName: entity.typeName, qualifiedName: entity.qualifiedName },
        attribute,
        targets: targets.map(({ typeName, qualifiedName }) => ({ typeName, qualifiedName })),
      })),
  );
}

function stateKey(root: EntityRef): string {
  return `${prefix}${root.typeName}/${root.qualifiedName}`;
}

function parse(value: Json | undefined): Applied | undefined {
  if (value === undefined) return undefined;
  const parsed = appliedSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
