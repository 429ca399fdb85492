import type { EntityChange, EntityRef } from '../../schemas/types.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { StreamError } from '../../pipeline/errors.ts';
import type { Wanted } from '../../pipeline/sink.ts';
import type { Unit } from './unit.ts';

/**
 * What a change waits for, after the catalogue said that something is missing: what the message names, of all that the change
 * refers to; all of it, where the message names none. Undefined for an error that does not say that something is missing.
 */
export function wantedBy(change: EntityChange, error: StreamError): Wanted | undefined {
  if (error.code === 'CATALOG_MISSING_TYPE') return { refs: [], types: typesOf(change, error.message) };
  if (error.code !== 'CATALOG_MISSING_REFERENT') return undefined;
  const all = outsideRefs(change);
  const named = all.filter(({ qualifiedName }) => error.message.includes(`qualifiedName:${qualifiedName}}`));
  return { refs: named.length > 0 ? named : all, types: [] };
}

/** What a change refers to and does not bring itself, each once. */
function outsideRefs(change: EntityChange): readonly EntityRef[] {
  const inside = new Set(change.entities.map(refKey));
  const refs = new Map<string, EntityRef>();
  for (const { references } of change.entities) {
    for (const target of references.flatMap(({ targets }) => targets)) {
      const key = refKey(target);
      if (!inside.has(key)) refs.set(key, target);
    }
  }
  return [...refs.values()];
}

function typesOf(change: EntityChange, message: string): readonly string[] {
  const annotations = change.entities.flatMap(({ annotations: said }) => (said ? [said] : []));
  const all = new Set([
    ...[...change.entities, ...outsideRefs(change)].map(({ typeName }) => typeName),
    ...annotations.flatMap(({ classifications }) => (classifications ?? []).map(({ typeName }) => typeName)),
    ...annotations.flatMap(({ businessAttributes }) => Object.keys(businessAttributes ?? {})),
  ]);
  const words = new Set(message.split(/[^\w]+/u));
  const named = [...all].filter((type) => words.has(type));
  return named.length > 0 ? named : [...all];
}

/** Whether a unit refers to the entity that an error calls missing, so that it cannot be written either. */
export function refersToMissing(unit: Unit, error: StreamError): boolean {
  return unit.every(({ items, writes }) => {
    const targets = writes.flatMap(({ body, omit }) =>
      body.references.flatMap((reference) => (omit.has(reference.attribute) ? [] : reference.targets)),
    );
    const isNamed = targets.some((target) =>
      error.message.includes(`{qualifiedName:${target.qualifiedName}}`),
    );
    // What two producers say of one root is looked at apart: only one of them may refer to it.
    return isNamed && items.length === 1;
  });
}
