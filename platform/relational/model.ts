/** What is read of a relational database, before it becomes events: the same for every such source. */
import type { MiddleLevel } from '../../pipeline/relational-types.ts';
import type { Additional } from '../../schemas/types.ts';
import type { QueryResult } from './row-reader.ts';

/** Names of the levels below the server that something lies in, outermost first. */
export type Place = readonly string[];

/**
 * The results of the queries. Every row may tell the levels that it lies in by fields of their names (`database`, `container`, `schema`). Beside them:
 * - the levels' own: `name`, `description`, `owner`
 * - tables: `name`, `kind` (a view is one whose kind holds the word view), `description`, `owner`, `definition`, `parts` (as JSON list or lines)
 * - columns: `table`, `name`, `ordinal`, `type`, `description`, `nullable`, `length`, `scale`, `default`, `primary`, `unique`
 * - keys: `table`, `key`, `kind` (primary, unique, foreign), `column`, and of a foreign key `refTable`, `refColumn`, and `ref` with each level
 * - views: `name`, `definition`
 * - routines: `name`, `arguments`, `kind` (a procedure is one whose kind holds the word), `language`, `text`, `description`
 */
export interface RelationalResults {
  readonly levels?: Partial<Readonly<Record<MiddleLevel, QueryResult>>>;
  readonly tables: QueryResult;
  readonly columns: QueryResult;
  readonly keys?: QueryResult | undefined;
  readonly views?: QueryResult | undefined;
  readonly routines?: QueryResult | undefined;
}

/** Which database it is. */
export interface RelationalSource {
  /** What its events say of the system, such as `mariadb`. */
  readonly system: string;
  readonly server: string;
  readonly version: string | null;
  readonly levels: readonly MiddleLevel[];
  /** Names of levels that the rows do not tell. */
  readonly defaults: Partial<Readonly<Record<MiddleLevel, string>>>;
  /** Whether something of that name is read. */
  readonly isRead: (level: MiddleLevel | 'table' | 'routine', name: string) => boolean;
  /** Whether names that differ by letter case only are one: refs are then the same in any spelling. @default false */
  readonly foldsCase?: boolean;
  /** Language of routines whose row does not tell. @default sql */
  readonly language?: string;
}

/** A table or view. */
export interface TableFacts {
  readonly place: Place;
  readonly name: string;
  readonly isView: boolean;
  readonly kind: string | null;
  readonly description: string | null;
  readonly owner: string | null;
  readonly definition: string | null;
  readonly parts: readonly string[];
  readonly additional: readonly Additional[];
}

/** A key: the columns of a primary or unique key together, or a column of a foreign key with what it points at. */
export interface KeyFacts {
  readonly primary: ReadonlySet<string>;
  readonly unique: ReadonlySet<string>;
  readonly foreign: ReadonlyMap<
    string,
    { readonly place: Place; readonly table: string; readonly column: string }
  >;
}
