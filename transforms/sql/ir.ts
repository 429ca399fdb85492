/**
 * The intermediate form of statements: only what lineage needs. Expressions are bags of column references, sub-queries
 * and calls; each reference carries how it takes part in the value.
 */

/** A dotted name, each part folded as the dialect stores it and without quotes; an omitted part (`db..t`) is ''. */
export type Name = readonly string[];

/**
 * How a column takes part in a value, in OpenLineage's words: direct (identity, transformed, aggregated) or
 * indirect inside the expression (conditional, window).
 */
export type DirectKind = 'identity' | 'transformed' | 'aggregated' | 'conditional' | 'window';

/** A column, variable or field in an expression. */
export interface ColumnRef {
  readonly parts: Name;
  readonly kind: DirectKind;
  /** `@name`: a variable of the session, never a column. */
  readonly variable: boolean;
  readonly line: number;
  /** The sources of one side of a join, one of which has the column. */
  readonly among?: readonly string[];
  /** NATURAL JOIN: the sources of the other side. Meant are all columns that both sides have; the reference itself names none. */
  readonly against?: readonly string[];
}

/** A query inside an expression. */
export interface SubQuery {
  readonly query: Query;
  readonly kind: DirectKind;
  /** EXISTS: tells whether there are rows, hands out no value. */
  readonly exists: boolean;
}

/** The bag of an expression. */
export interface Expression {
  readonly refs: readonly ColumnRef[];
  readonly subqueries: readonly SubQuery[];
  /** Functions called by a qualified name. */
  readonly calls: readonly Name[];
}

/** One item of a select list. */
export interface SelectItem {
  /** The name of the result column: alias, column, or the text of the expression; '*' for a star. */
  readonly name: string;
  readonly expression: Expression;
  /** For `*` and `t.*`: the qualifier, the columns left out (EXCEPT, EXCLUDE) in folded names, those with another value (REPLACE), new names (RENAME), and the pattern that names have (ILIKE). */
  readonly star?: {
    readonly qualifier: Name;
    readonly except: readonly string[];
    readonly replaced?: readonly SelectItem[];
    readonly renamed?: readonly (readonly [string, string])[];
    readonly like?: string;
  };
  /** `SELECT @v = …`: the variable that is set. */
  readonly assigns?: string;
  /** The text that it is set to. */
  readonly text?: readonly TextPart[];
  readonly line: number;
}

/** PIVOT or UNPIVOT applied to a source. */
export interface Pivot {
  readonly type: 'pivot' | 'unpivot';
  /** pivot: the aggregated columns and the column that names the new ones; unpivot: the columns turned into rows. */
  readonly consumed: Expression;
  /** pivot: the columns turned into names, that carry no value. */
  readonly selectors: Expression;
  /** The columns that come into being, with what their values are made of. */
  readonly produced: readonly { readonly name: string; readonly values: Expression }[];
  /** unpivot: the columns that hold the names of the old ones. */
  readonly labels: readonly string[];
}

/** One source of a FROM clause. */
export interface Source {
  readonly type: 'table' | 'query' | 'function' | 'values' | 'path';
  readonly name: Name;
  readonly alias: string | undefined;
  readonly columns: readonly string[];
  readonly query?: Query | undefined;
  readonly args?: Expression | undefined;
  /** The strings among the arguments of a function: files, or SQL for another server. */
  readonly literals?: readonly string[] | undefined;
  readonly pivots: readonly Pivot[];
  readonly line: number;
}

/** One SELECT. */
export interface Select {
  readonly type: 'select';
  readonly items: readonly SelectItem[];
  readonly into: readonly Name[];
  /** SELECT INTO a table that the session keeps (`INTO TEMP`). */
  readonly intoTemporary: boolean;
  readonly from: readonly Source[];
  readonly filters: Expression;
  readonly joins: Expression;
  readonly groups: Expression;
  readonly sorts: Expression;
  readonly line: number;
}

/** Rows of literals. */
export interface Values {
  readonly type: 'values';
  /** The expressions of each position, over all rows. */
  readonly columns: readonly Expression[];
}

/** A query in parentheses. */
export interface Nested {
  readonly type: 'nested';
  readonly query: Query;
}

/** A common table expression. */
export interface CommonTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly query: Query;
  /** A data-changing statement inside WITH (PostgreSQL). */
  readonly statement?: Statement;
}

/** A query: branches joined by set operators; `feeds` tells of each branch whether its rows come out. */
export interface Query {
  readonly with: readonly CommonTable[];
  readonly branches: readonly (Select | Values | Nested)[];
  readonly feeds: readonly boolean[];
  /** UNION BY NAME: columns find their partners by name, not by position. */
  readonly byName?: boolean;
}

/** `SET column = expression`; several columns when a tuple is set. */
export interface Assignment {
  readonly qualifier: Name;
  readonly columns: readonly string[];
  readonly expression: Expression;
  /** `+=` and the like: the column's own value has a part in the new one. */
  readonly compound?: true;
  /** The column's place in the table, where it is not named (MERGE … INSERT VALUES). */
  readonly position?: number;
}

/** OUTPUT … INTO, or RETURNING. */
export interface Output {
  readonly items: readonly SelectItem[];
  readonly into: Name | undefined;
  readonly columns: readonly string[];
  /** RETURNING … INTO variables. */
  readonly variables?: readonly string[];
}

interface Common {
  readonly line: number;
  readonly with: readonly CommonTable[];
}

/** INSERT in all its forms. */
export interface Insert extends Common {
  readonly type: 'insert';
  readonly target: Name;
  /** Another name of the target, for ON CONFLICT and RETURNING. */
  readonly alias?: string | undefined;
  /** MySQL: the name of the row that was to go in, for ON DUPLICATE KEY. */
  readonly newRow?: string | undefined;
  readonly columns: readonly string[];
  readonly query: Query | undefined;
  readonly call: Call | undefined;
  readonly output: readonly Output[];
  /** Columns find their target by name, not by position. */
  readonly byName: boolean;
  /** ON CONFLICT, ON DUPLICATE KEY. */
  readonly assignments: readonly Assignment[];
}

/** UPDATE; `targets` are the sources named before SET. */
export interface Update extends Common {
  readonly type: 'update';
  readonly targets: readonly Source[];
  readonly from: readonly Source[];
  readonly assignments: readonly Assignment[];
  readonly filters: Expression;
  readonly joins: Expression;
  readonly output: readonly Output[];
}

/** DELETE. */
export interface Delete extends Common {
  readonly type: 'delete';
  readonly targets: readonly Source[];
  readonly from: readonly Source[];
  readonly filters: Expression;
  readonly joins: Expression;
  readonly output: readonly Output[];
}

/** MERGE. `starActions`: UPDATE SET *, INSERT *, INSERT ROW. */
export interface Merge extends Common {
  readonly type: 'merge';
  readonly target: Source;
  readonly using: readonly Source[];
  readonly assignments: readonly Assignment[];
  readonly starActions: boolean;
  /** Conditions of WHEN NOT MATCHED, which see the source alone. */
  readonly newRows?: Expression;
  readonly filters: Expression;
  readonly joins: Expression;
  readonly output: readonly Output[];
}

/** CREATE TABLE and VIEW, with or without a query. */
export interface Create extends Common {
  readonly type: 'create';
  readonly what: 'table' | 'view';
  readonly target: Name;
  readonly temporary: boolean;
  readonly columns: readonly string[];
  readonly query: Query | undefined;
  /** LIKE and CLONE. */
  readonly copyOf: Name | undefined;
  /** CLONE takes the rows, too. */
  readonly copiesRows: boolean;
}

/** A whole table handed from one name to another: SWITCH, SWAP, COPY, UNLOAD, rename. */
export interface Move extends Common {
  readonly type: 'move';
  readonly how: 'switch' | 'swap' | 'copy' | 'rename' | 'alter-rename' | 'synonym';
  readonly source: Name;
  readonly target: Name;
  readonly sourceColumns: readonly string[];
  readonly query: Query | undefined;
}

/** A statement that changes or removes a table as a whole, without a source. */
export interface Touch extends Common {
  readonly type: 'truncate' | 'drop' | 'alter';
  readonly targets: readonly Name[];
}

/** USE and its relatives. */
export interface Use extends Common {
  readonly type: 'use';
  readonly level: 'database' | 'catalog' | 'schema' | 'any';
  readonly name: Name;
}

/** A query on its own. `cursor` names the cursor or loop variable that walks over it. */
export interface Read extends Common {
  readonly type: 'query';
  readonly query: Query;
  readonly cursor: string | undefined;
  /** The variables that receive a row. */
  readonly into: readonly string[];
}

/** A piece of constant text, a variable, a call, or an unknown, of an expression that builds SQL. */
export type TextPart =
  | { readonly text: string }
  | { readonly variable: string }
  | { readonly call: string; readonly args: readonly (readonly TextPart[])[] }
  | { readonly unknown: true };

/** EXEC, CALL, EXECUTE IMMEDIATE: a routine by name, or SQL as text. */
export interface Call extends Common {
  readonly type: 'call';
  readonly routine: Name;
  /** The text to run; undefined when a routine is called by name. */
  readonly script: readonly TextPart[] | undefined;
  readonly server: string | undefined;
  /** Tables passed by name, for sp_rename. */
  readonly args: readonly (readonly TextPart[])[];
  readonly into: readonly string[];
}

/** DECLARE and SET: what a variable holds from now on. */
export interface Assign extends Common {
  readonly type: 'assign';
  readonly assignments: readonly {
    readonly variable: string;
    readonly expression: Expression;
    readonly text: readonly TextPart[];
    readonly append: boolean;
  }[];
  /** `DECLARE @t TABLE (…)` and the like. */
  readonly tables: readonly { readonly name: string; readonly columns: readonly string[] }[];
}

/** FETCH cursor INTO variables. */
export interface Fetch extends Common {
  readonly type: 'fetch';
  readonly cursor: string;
  readonly into: readonly string[];
  /** Snowflake's `c CURSOR FOR rows`: the cursor goes by this name, too. */
  readonly as?: string;
}

/** A condition or other expression that reads but writes nothing (IF, WHILE, RETURN, PRINT). */
export interface Evaluate extends Common {
  readonly type: 'evaluate';
  readonly expression: Expression;
}

/** Several statements from one text: multi-table insert. */
export interface Several extends Common {
  readonly type: 'several';
  readonly statements: readonly Statement[];
}

/** A statement that has no lineage, or that could not be read (`understood: false`). */
export interface Other extends Common {
  readonly type: 'other';
  readonly understood: boolean;
}

/** Any statement. */
export type Statement =
  | Insert
  | Update
  | Delete
  | Merge
  | Create
  | Move
  | Touch
  | Use
  | Read
  | Call
  | Assign
  | Fetch
  | Evaluate
  | Several
  | Other;

/** The expression without anything in it. */
export const emptyExpression: Expression = { refs: [], subqueries: [], calls: [] };
