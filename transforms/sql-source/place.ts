import { containerReferences, type PathContext, refOfPath } from '../../pipeline/database-names.ts';
import type { KnownAsset, TransformContext } from '../../pipeline/transform.ts';
import type { DatabaseLevel, EntityRef, NamePart, Reference } from '../../schemas/types.ts';
import type { Dialect } from '../sql/dialects.ts';
import type { Name } from '../sql/ir.ts';
import { type Defaults, isLocation } from '../sql/names.ts';
import type { CatalogedRoutine, SqlPlace } from '../sql/place.ts';
import { otherName } from './other-names.ts';
import { levelsOf, pathWithin } from './paths.ts';

/** A table or view as a name of a script means it. */
export interface FoundTable {
  readonly path: readonly NamePart[];
  readonly ref: EntityRef;
  /** Undefined when no event has described it. */
  readonly known: KnownAsset | undefined;
}

/** The schema that a database looks into after the current one. */
const commonSchemas: Readonly<Partial<Record<Dialect['name'], string>>> = {
  tsql: 'dbo',
  postgres: 'public',
  redshift: 'public',
  greenplum: 'public',
};

/**
 * The place of a text in a database: completes its names by the place's own path, and looks up what they mean. Every look-up goes through
 * the context, so that it is recorded.
 */
export class DatabasePlace implements SqlPlace {
  readonly #context: TransformContext;
  readonly #at: PathContext;
  readonly #dialect: Dialect;
  readonly #path: readonly NamePart[];
  readonly #levels: readonly DatabaseLevel[];
  readonly #schemas: readonly (string | undefined)[];
  readonly #tables = new Map<string, FoundTable | undefined>();
  readonly #routines = new Map<string, KnownAsset | 'ambiguous' | undefined>();

  /**
   * `path`: the levels that the text stands in, outermost first, without the text's own. `searchPath`: schemas that a name without one is
   * looked for in; by default the current one and the one that the dialect's databases share.
   */
  constructor(
    context: TransformContext,
    at: PathContext,
    where: {
      readonly dialect: Dialect;
      readonly path: readonly NamePart[];
      readonly searchPath?: readonly string[] | undefined;
    },
  ) {
    this.#context = context;
    this.#at = at;
    this.#dialect = where.dialect;
    this.#path = where.path;
    const common = commonSchemas[where.dialect.name];
    this.#schemas = where.searchPath ?? (common === undefined ? [undefined] : [undefined, common]);
    this.#levels = levelsOf(at, where.path);
  }

  /** What completes names that say nothing of it. */
  get defaults(): CatalogedRoutine['defaults'] {
    return this.defaultsOf(this.#path);
  }

  defaultsOf(path: readonly NamePart[]): CatalogedRoutine['defaults'] {
    const name = (level: DatabaseLevel) => path.find((part) => part.level === level)?.name;
    return { database: name('database'), schema: name('schema') };
  }

  complete(name: Name, current: Defaults): Name {
    const table = name.at(-1) ?? '';
    const inner = this.#levels.at(-1);
    if (inner === undefined || inner === 'server') return name;
    const [schema, database, ...further] = name.slice(0, -1).reverse();
    const full = (given: string | undefined): Name => {
      if (inner !== 'schema') return [this.#orOwn(given, inner, current), table];
      const above = this.#levels.at(-2);
      const parts = [this.#orOwn(given, 'schema', current), table];
      if (above === undefined || above === 'server') return parts;
      return [...further.reverse(), this.#orOwn(database, above, current), ...parts];
    };
    if (schema !== undefined && schema !== '') return full(schema);
    const candidates = inner === 'schema' ? this.#schemas : [undefined];
    const known =
      candidates.length === 1 ? candidates[0] : candidates.find((one) => this.#isKnown(full(one)));
    return full(known ?? (inner === 'schema' ? candidates[0] : undefined));
  }

  #orOwn(given: string | undefined, level: DatabaseLevel, { database, schema }: Defaults): string {
    if (given !== undefined && given !== '') return given;
    const current = level === 'database' ? database : level === 'schema' ? schema : undefined;
    return current ?? this.#path.find((part) => part.level === level)?.name ?? '';
  }

  #isKnown(name: Name): boolean {
    return this.table(name)?.known !== undefined || this.calledRoutine(name) !== undefined;
  }

  columns(name: Name): readonly string[] | undefined {
    const columns = this.table(name)?.known?.columns ?? [];
    return columns.length === 0 ? undefined : columns;
  }

  routine(name: Name): CatalogedRoutine | undefined {
    const routine = this.routineAsset(name)?.routine;
    if (routine === undefined || routine.dialect !== this.#dialect.name) return undefined;
    return { text: routine.text, defaults: this.defaultsOf(routine.place) };
  }

  /** The routine that a full name means, as it is known; undefined for a name that several bear. */
  routineAsset(name: Name): KnownAsset | undefined {
    const found = this.calledRoutine(name);
    return found === 'ambiguous' ? undefined : found;
  }

  /** The routine of a full name; `ambiguous` where several bear it. */
  calledRoutine(name: Name): KnownAsset | 'ambiguous' | undefined {
    const key = JSON.stringify(name);
    if (!this.#routines.has(key)) this.#routines.set(key, this.#findRoutine(name));
    return this.#routines.get(key);
  }

  #findRoutine(name: Name): KnownAsset | 'ambiguous' | undefined {
    const path = this.pathOf(name, 'routine');
    const ref = path === undefined ? undefined : otherName(this.#at, path, this.#dialect);
    const asset = ref === undefined ? undefined : this.#context.known.asset(ref);
    return asset?.ambiguous === true ? 'ambiguous' : asset;
  }

  /** The table or view that a full name means: one that is known, else a table of that name. Undefined if the name has not the levels that its type needs. */
  table(name: Name): FoundTable | undefined {
    const key = JSON.stringify(name);
    if (!this.#tables.has(key)) this.#tables.set(key, this.#findTable(name));
    return this.#tables.get(key);
  }

  #findTable(name: Name): FoundTable | undefined {
    if (isLocation(name)) return undefined;
    const found = (['table', 'view'] as const).flatMap((level): readonly FoundTable[] => {
      const path = this.pathOf(name, level);
      const ref = path === undefined ? undefined : refOfPath(this.#at, path);
      return path === undefined || ref === undefined ? [] : [{ path, ref, known: this.#lookUp(ref, path) }];
    });
    const best = found.find((one) => one.known !== undefined) ?? found[0];
    return best === undefined ? undefined : { ...best, ref: best.known?.standsFor ?? best.ref };
  }

  #lookUp(ref: EntityRef, path: readonly NamePart[]): KnownAsset | undefined {
    const exact = this.#context.known.asset(ref);
    if (exact !== undefined || this.#dialect.folding !== 'preserve') return exact;
    const other = otherName(this.#at, path, this.#dialect);
    const asset = other === undefined ? undefined : this.#context.known.asset(other);
    return asset?.ambiguous === true ? undefined : asset;
  }

  /** The reference of a table to its container, where that is known: some catalogues keep no table without. */
  containerOf(path: readonly NamePart[]): readonly Reference[] {
    const references = containerReferences(this.#at, path, this.#at.database.levels.table?.container);
    const isKnown = (ref: EntityRef): boolean => this.#context.known.asset(ref) !== undefined;
    return references.filter((reference) => reference.targets.every(isKnown));
  }

  /** The path of a full name; its parts are the innermost levels, the rest is the place's own. */
  pathOf(name: Name, level: 'table' | 'view' | 'routine'): readonly NamePart[] | undefined {
    return pathWithin(this.#levels, this.#path, name, level);
  }
}
