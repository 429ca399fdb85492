import * as fc from 'fast-check';
import { of } from 'rxjs';
import { expect } from 'vitest';
import { objectKey, refKey } from '../../pipeline/derive/keys.ts';
import { warningText } from '../../pipeline/process.ts';
import type { Derivation, DerivedEntity, KnownAsset } from '../../pipeline/transform.ts';
import type { EntityChange, RawEvent } from '../../schemas/types.ts';
import { type Deriving, smallNaming } from './deriving.ts';
import { jobEvent, removalEvent, smallWorld, tableEvent } from './small-world.ts';

/** What each producer last said of each root; a deletion clears all of it. */
export type Catalogue = Map<string, Map<string, string>>;

/** What becomes of a catalogue by changes, in their order. */
export function take(catalogue: Catalogue, changes: readonly EntityChange[]): void {
  for (const change of changes) {
    const key = refKey(change);
    if (change.operation === 'DELETE') {
      catalogue.delete(key);
      continue;
    }
    const { entities, complete, placeholder } = change;
    const said = catalogue.get(key) ?? new Map<string, string>();
    if (placeholder && [...said.values()].some(isReal))
      throw new Error(`A placeholder stands in for ${key}, which is there.`);
    catalogue.set(key, said.set(change.producer, JSON.stringify({ entities, complete, placeholder })));
  }
}

function isReal(said: string): boolean {
  return said.endsWith('"placeholder":false}');
}

type ObjectEvent = Exclude<RawEvent, { readonly type: 'scan-started' | 'scan-completed' }>;

function keyOf(event: ObjectEvent): string {
  return objectKey(event.value, event.type === 'removal' ? event.value.removedType : event.type);
}

function derive(event: RawEvent, known: ReadonlyMap<string, KnownAsset>): readonly Derivation[] {
  const derivations: Derivation[] = [];
  for (const transform of smallWorld({ asset: (ref) => known.get(refKey(ref)) })) {
    of(event)
      .pipe(transform)
      .subscribe((derivation) => derivations.push(derivation));
  }
  return derivations;
}

/** What must be in the end. */
export interface Expected {
  readonly catalogue: Catalogue;
  readonly warnings: ReadonlyMap<string, readonly string[]>;
}

/** The newest event of each object that counts: a bad one costs a dead letter and changes nothing. */
function newestOf(events: readonly ObjectEvent[]): ReadonlyMap<string, ObjectEvent> {
  const newest = new Map<string, ObjectEvent>();
  for (const event of events) {
    if (event.type === 'job' && event.value.name === 'bad') continue;
    const before = newest.get(keyOf(event));
    if (before !== undefined && before.value.position.sequence > event.value.position.sequence) continue;
    newest.set(keyOf(event), event);
  }
  return newest;
}

/** What must be in the end, computed from the newest event of every object at once. */
export function expectedOf(events: readonly ObjectEvent[]): Expected {
  const living = [...newestOf(events)]
    .filter(([, { type }]) => type !== 'removal')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const known = new Map<string, KnownAsset>();
  for (const [, event] of living) {
    for (const asset of derive(event, new Map()).flatMap((derivation) => derivation.known))
      if (!known.has(refKey(asset))) known.set(refKey(asset), asset);
  }
  const statements = new Map<string, { producer: string; derived: DerivedEntity }[]>();
  const warnings = new Map<string, readonly string[]>();
  for (const [key, event] of living) {
    const derivations = derive(event, known);
    warnings.set(
      key,
      [...new Set(derivations.flatMap((derivation) => derivation.warnings.map(warningText)))].sort(),
    );
    for (const derived of derivations.flatMap((derivation) => derivation.changes)) {
      const list = statements.get(refKey(derived.entities[0])) ?? [];
      list.push({ producer: event.value.producer, derived });
      statements.set(refKey(derived.entities[0]), list);
    }
  }
  const catalogue: Catalogue = new Map();
  for (const [root, list] of statements) {
    const real = list.filter(({ derived }) => !derived.placeholder);
    const said = new Map<string, string>();
    for (const { producer, derived } of real.length > 0 ? real : list) {
      const { entities, complete, placeholder } = derived;
      if (!said.has(producer)) said.set(producer, JSON.stringify({ entities, complete, placeholder }));
    }
    catalogue.set(root, said);
  }
  return { catalogue, warnings };
}

/** A producer that is silent now, while others speak of a root, has said in the end that it knows nothing of it. */
export function expectSame(deriver: Deriving, catalogue: Catalogue, expected: Expected): true {
  expect([...catalogue.keys()].sort()).toEqual([...expected.catalogue.keys()].sort());
  for (const [root, said] of expected.catalogue) {
    const found = [...said.keys()].map((producer) => [producer, catalogue.get(root)?.get(producer)]);
    expect(new Map(found as [string, string][])).toEqual(said);
    for (const [producer, left] of catalogue.get(root) ?? []) {
      if (said.has(producer) || !isReal(left)) continue; // a placeholder is forgotten where anybody speaks for real
      const [typeName, qualifiedName] = root.split('\n');
      const nothing = { typeName, qualifiedName, attributes: {}, references: [] };
      expect(JSON.parse(left)).toMatchObject({ entities: [nothing] });
    }
    // What was said for real went before a placeholder stood in again.
    const real = [...(catalogue.get(root)?.values() ?? [])].some(isReal);
    expect(real).toBe([...said.values()].some(isReal));
  }
  const warnings = deriver
    .objects()
    .filter(({ event }) => event !== null)
    .map((object) => [objectKey(object, object.objectType), object.warnings] as const);
  expect(new Map(warnings)).toEqual(expected.warnings);
  return true;
}

/** The small world, for a deriver. */
export const world = { transforms: smallWorld, naming: smallNaming };
const tables = ['t1', 't2', 't3'];
const someOf = fc.subarray(tables);
const tableHistory = (producer: string, table: string): fc.Arbitrary<ObjectEvent[]> =>
  fc
    .array(fc.option(fc.subarray(['a', 'b', 'c'])), { maxLength: 4 })
    .map((steps) =>
      steps.map(
        (columns, sequence) =>
          (columns === null
            ? removalEvent(producer, 'database-object', table, sequence)
            : tableEvent({ producer, table, sequence, columns })) as ObjectEvent,
      ),
    );
const jobHistory = (producer: string, job: string): fc.Arbitrary<ObjectEvent[]> =>
  fc
    .array(fc.option(fc.record({ name: fc.constantFrom('load', 'copy', 'bad'), inputs: someOf })), {
      maxLength: 4,
    })
    .map((steps) =>
      steps.map(
        (step, sequence) =>
          (step === null
            ? removalEvent(producer, 'job', job, sequence)
            : jobEvent({ producer, job, sequence, ...step })) as ObjectEvent,
      ),
    );
const histories = fc
  .tuple(
    tableHistory('db1', 't1'),
    tableHistory('db2', 't1'),
    tableHistory('db1', 't2'),
    jobHistory('etl1', 'j1'),
    jobHistory('etl1', 'j2'),
    jobHistory('etl2', 'j1'),
  )
  .map((all) => all.flat());
/** Every event once at least, in any order, some of them again. */
export const arrivals = histories.chain((events) =>
  fc
    .tuple(
      fc.shuffledSubarray(events, { minLength: events.length }),
      events.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...events), { maxLength: 6 }),
      fc.nat(),
    )
    .map(([order, again, at]) => {
      const cut = at % (order.length + 1);
      return { events, order: [...order.slice(0, cut), ...again, ...order.slice(cut), ...again] };
    }),
);
