import { z } from 'zod';
import { databaseLevels, type Formerly, type NamePart } from '../schemas/types.ts';
import { parseStored } from './parse-stored.ts';
import type { FoundObject, RenamedColumn } from './producer.ts';
import { keyOf, type Scan } from './producer-scan.ts';
import { splitInventoryKey } from './raw-record.ts';
import type { StateStore, StateWrite } from './state.ts';

const pathSchema = z.array(z.object({ level: z.enum(databaseLevels), name: z.string() }));
const namesSchema = z.object({
  path: pathSchema,
  /** Names of the columns by ordinal, where these do not change. */
  columns: z.record(z.string(), z.string()),
  formerly: z.array(
    z.object({
      objectId: z.string(),
      sequence: z.number(),
      path: pathSchema,
      columns: z.array(z.object({ from: z.string(), to: z.string() })),
    }),
  ),
});
type Names = z.output<typeof namesSchema>;

/** Former names that an object takes along; a catalogue that has missed more renames than that makes it anew. */
const mostFormer = 5;

/**
 * What objects of a producer are called, and were before, in the state store: so that an object which turns up under another name by the
 * source's own mark ({@link FoundObject.ref}) is known to be the same. Only objects of databases have such marks.
 */
export class FormerNames {
  readonly #state: StateStore;
  readonly #prefix: string;

  constructor(state: StateStore, producer: string) {
    this.#state = state;
    this.#prefix = `names/${encodeURIComponent(producer)}/`;
  }

  /** What an object that may be published was called before, and the write that keeps what it is called now; undefined where it has no mark. */
  async of(
    found: FoundObject,
    scan: Scan,
  ): Promise<{ readonly formerly: readonly Formerly[]; readonly write: StateWrite } | undefined> {
    if (found.type !== 'database-object' || found.ref === undefined || !scan.isNews(found)) return undefined;
    const key = keyOf(found);
    const columns = columnNames(found);
    const formerly = (await this.#formerly(found, columns, scan)).filter(
      // A name that is in use again is that of something else now: two swapped theirs, or one took the other's place.
      ({ objectId }) => objectId === found.objectId || !scan.isInUse(keyOf({ type: found.type, objectId })),
    );
    const kept = formerly.filter(({ objectId }) => objectId !== found.objectId);
    const parsed = namesSchema.safeParse({ path: found.value.path, columns, formerly: kept });
    if (!parsed.success) return undefined; // it does not fit its schema, and is rejected
    return { formerly, write: { key: this.#prefix + key, value: parsed.data } };
  }

  async #formerly(
    found: FoundObject & { readonly type: 'database-object' },
    columns: Readonly<Record<string, string>>,
    scan: Scan,
  ): Promise<readonly Formerly[]> {
    const key = keyOf(found);
    const told = scan.toldOf(key);
    const under = told?.under ?? this.#keyBefore(found, scan);
    const former = under === undefined ? undefined : scan.inventory.get(under);
    if (under === undefined || former === undefined) return [];
    const names = await this.#names(under);
    if (names === undefined) return [];
    const renamed = told?.columns ?? renamedColumns(names, columns);
    return formerNames(names, renamed, { key, under, sequence: former.sequence });
  }

  /** The key that an object was known under by its mark; undefined where it had no other name, and its columns cannot have had. */
  #keyBefore(found: FoundObject, scan: Scan): string | undefined {
    const { ref = '', columnsKeepOrdinal } = found;
    const key = keyOf(found);
    const known = scan.inventory.get(key);
    if (known?.ref !== ref || known.incarnation !== scan.incarnation) return scan.knownUnder(ref);
    return known.renamed === true || columnsKeepOrdinal === true ? key : undefined;
  }

  /** The path of an object by its key in the inventory; empty where it is not known. */
  async path(key: string | undefined): Promise<readonly NamePart[]> {
    return key === undefined ? [] : ((await this.#names(key))?.path ?? []);
  }

  /** The write that forgets an object. */
  forget(key: string): StateWrite {
    return { key: this.#prefix + key, value: undefined };
  }

  async #names(key: string): Promise<Names | undefined> {
    const at = this.#prefix + key;
    const value = await this.#state.get(at);
    return value === undefined ? undefined : parseStored(namesSchema, at, value);
  }
}

function columnNames(found: FoundObject): Readonly<Record<string, string>> {
  if (found.type !== 'database-object' || found.columnsKeepOrdinal !== true) return {};
  return Object.fromEntries((found.value.columns ?? []).map(({ ordinal, name }) => [ordinal, name]));
}

/** Columns that have another name now under the number that they keep. */
function renamedColumns(names: Names, columns: Readonly<Record<string, string>>): Formerly['columns'] {
  return Object.entries(names.columns).flatMap(([ordinal, from]) => {
    const to = columns[ordinal];
    return to === undefined || to === from ? [] : [{ from, to }];
  });
}

/** The former names of what is called `key` now and was called `under` before, which may be the same. */
function formerNames(
  names: Names,
  renamed: Formerly['columns'],
  { key, under, sequence }: { readonly key: string; readonly under: string; readonly sequence: number },
): readonly Formerly[] {
  const [, objectId] = splitInventoryKey(under);
  const last = { objectId, sequence, path: names.path, columns: renamed };
  const earlier = names.formerly.map((one) => ({ ...one, columns: joinedRenames(one.columns, renamed) }));
  return [...(key === under && renamed.length === 0 ? [] : [last]), ...earlier].slice(0, mostFormer);
}

/** Names of columns over two renames, one after the other. */
export function joinedRenames(
  first: readonly RenamedColumn[],
  second: readonly RenamedColumn[],
): RenamedColumn[] {
  const after = new Map(second.map(({ from, to }) => [from, to]));
  const both = first.map(({ from, to }) => ({ from, to: after.get(to) ?? to }));
  const through = new Set(first.map(({ to }) => to));
  return [...both, ...second.filter(({ from }) => !through.has(from)).map(({ from, to }) => ({ from, to }))];
}
