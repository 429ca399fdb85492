/**
 * What a script knows while it runs: current database, shapes of the tables it made, values of string variables,
 * cursors, routines. One session serves one script with all the SQL that it runs from text.
 */
import type { PostgresParser } from '../../pipeline/postgres-parser.ts';
import { Catalog, type TableColumns } from './catalog.ts';
import { Declared } from './declared.ts';
import type { Dialect } from './dialects.ts';
import { Effect } from './effect.ts';
import { lowerOf } from './interned.ts';
import type { Name, Statement } from './ir.ts';
import { maxFoldedCharacters, maxScriptDepth } from './limits.ts';
import { displayName, isLocation, nameKey } from './names.ts';
import { Nodes } from './nodes.ts';
import type { SqlPlace } from './place.ts';
import type { RoutineHead } from './pieces.ts';
import type { Reason } from './reasons.ts';
import { type CursorRows, noOrigins, type Relation, renamed } from './relations.ts';
import { Resolver, type ResolverContext } from './resolver.ts';
import { CommonTables } from './scope.ts';
import { Texts } from './texts.ts';
import { isUnknownText } from './unknown-text.ts';

/** What a session is made from. */
export interface SessionInput {
  readonly dialect: Dialect;
  readonly catalog: TableColumns;
  readonly database: string | undefined;
  readonly schema: string | undefined;
  /** What is known around the script; it then completes names in place of `database` and `schema`, and its columns count instead of `catalog`. */
  readonly place?: SqlPlace | undefined;
  /** Reads texts of the dialect postgres; what it refuses is read as any other dialect is. */
  readonly postgres?: PostgresParser | undefined;
  /** What routines hand out, from an earlier reading of the same texts. */
  readonly results?: ReadonlyMap<string, Relation> | undefined;
  /** Runs a text as a script of this session; the line is that of the statement that runs it. */
  readonly runText: (session: Session, text: string, line: number) => void;
  /** Applies a statement inside another one and gives what it hands out. */
  readonly runNested: (
    session: Session,
    statement: Statement,
    resolver: Resolver,
    tables: CommonTables,
  ) => Relation;
}

const pseudoNames: ReadonlySet<string> = new Set(['inserted', 'deleted', 'new', 'old']);

/** The state of one script. */
export class Session implements ResolverContext {
  readonly dialect: Dialect;
  readonly nodes: Nodes;
  readonly effects: Effect[] = [];
  /** Gaps of the script that belong to no statement. */
  readonly reasons: Reason[] = [];
  readonly routines = new Map<string, RoutineHead>();
  readonly structs: boolean;
  readonly lateralAliases: boolean;
  readonly tsql: boolean;
  /** The results of bare queries, for INSERT … EXEC, while a text runs. */
  results: Relation[] = [];
  routine: RoutineHead | undefined;
  depth = 0;
  /** True while SQL runs that holds text which is not known. */
  guessed = false;
  private usesParser = true;
  /** Characters of all SQL that was run from text; below zero once the limit is passed. */
  private characters = 0;
  private readonly input: SessionInput;
  private readonly catalog: Catalog;
  // Most scripts need few of these, so that each is made by its first entry.
  private written: Set<string> | undefined;
  private emptied: Set<string> | undefined;
  private shapes: Map<string, readonly string[]> | undefined;
  /** The last shape of a temporary table of each name, for routines that use one which another routine made. */
  private temporaryShapes: Map<string, readonly string[]> | undefined;
  readonly texts = new Texts();
  private declared = new Declared();
  /** PL/SQL: what a package declares, its routines see. */
  private shared: Declared | undefined;
  /** PostgreSQL: the tables whose triggers run a function. */
  private triggerTables: Map<string, Name> | undefined;
  private routineResults: Map<string, Relation> | undefined;
  /** Routines that were asked for their rows before they were read. */
  private missed: Set<string> | undefined;

  constructor(input: SessionInput) {
    this.input = input;
    this.dialect = input.dialect;
    this.structs = input.dialect.structs;
    this.lateralAliases = input.dialect.lateralAliases;
    this.tsql = input.dialect.tsql;
    this.catalog = new Catalog(input.catalog);
    const { dialect, database, schema, place } = input;
    const defaults = { database, schema, full: database !== undefined };
    this.nodes = new Nodes(dialect, defaults, (parts) => this.texts.fold(parts), place);
  }

  /** Enters a routine: its parameters are variables, its temporary tables its own. */
  enter(routine: RoutineHead | undefined): void {
    if (routine === this.routine) return;
    this.nodes.enter(
      routine === undefined ? '' : `${routine.kind}:${nameKey(displayName(routine.name), this.dialect)}`,
    );
    this.texts.clear();
    if (this.routine === undefined && this.dialect.name === 'oracle') this.shared = this.declared;
    this.declared = routine === undefined ? (this.shared ?? new Declared()) : new Declared(this.shared);
    this.routine = routine;
    for (const parameter of routine?.parameters ?? []) this.declare(parameter);
    if (routine === undefined) return;
    this.register(routine);
    if (routine.result !== undefined)
      this.setShape(this.nodes.of([routine.result.name]), routine.result.columns);
  }

  /** Notes that the script defines a routine, before or after it is called. */
  register(routine: RoutineHead): void {
    if (routine.executes !== undefined) {
      // The trigger has no body of its own: it tells what the rows of a function are.
      if (routine.on !== undefined)
        (this.triggerTables ??= new Map()).set(this.routineNode(routine.executes), routine.on);
      return;
    }
    const node = this.routineNode(routine.name);
    if (!this.routines.has(node)) this.routines.set(node, routine);
    if (routine.result === undefined) return;
    const key = nameKey(node, this.dialect);
    const columns = routine.result.columns.map((name) => ({ name, origins: noOrigins, star: false }));
    this.setResult(key, { columns, open: columns.length > 0 ? [] : [node] });
  }

  /** The name under which a routine is known. */
  routineNode(name: Name): string {
    return this.nodes.of(name);
  }

  /** A resolver for one statement. */
  resolver(line: number): Resolver {
    return new Resolver(this, line);
  }

  /** Begins the effect of a statement. */
  begin(line: number, kind: string): Effect {
    const effect = new Effect(line, kind, this.routine, this.guessed);
    this.effects.push(effect);
    return effect;
  }

  columnsOf(table: string): readonly string[] | undefined {
    const own = this.shapes?.get(table);
    if (own !== undefined) return own;
    const part = this.nodes.sessionPart(table);
    if (part !== undefined) return this.temporaryShapes?.get(part.key);
    const { place } = this.input;
    if (place === undefined) return this.catalog.columns(table);
    const name = this.nodes.nameOf(table);
    return name === undefined || isLocation(name) ? undefined : place.columns(name);
  }

  /** Notes the columns of a table that the script makes. */
  setShape(table: string, columns: readonly string[]): void {
    if (columns.length === 0) return;
    (this.shapes ??= new Map()).set(table, columns);
    const part = this.nodes.sessionPart(table);
    if (part !== undefined) (this.temporaryShapes ??= new Map()).set(part.key, columns);
  }

  isVariable(name: string): boolean {
    return this.declared.isVariable(lowerOf(name));
  }

  isCurrentRoutine(name: string): boolean {
    const own = this.routine?.name.at(-1);
    return own !== undefined && nameKey(own, this.dialect) === nameKey(name, this.dialect);
  }

  /** Notes a variable. */
  declare(name: string): void {
    this.declared.declare(lowerOf(name));
  }

  pseudoTable(name: string): string | undefined {
    if (this.routine === undefined || !pseudoNames.has(lowerOf(name))) return undefined;
    const on = this.routine.on ?? this.triggerTables?.get(this.routineNode(this.routine.name));
    return on === undefined ? undefined : this.nodes.of(on);
  }

  isRoutine(routine: string): boolean {
    return this.routines.has(routine) || this.isCatalogued(routine);
  }

  /** True for a routine outside of the script that is known. */
  private isCatalogued(routine: string): boolean {
    const name = this.nodes.nameOf(routine);
    return name !== undefined && this.input.place?.routine(name) !== undefined;
  }

  resultOf(routine: string): Relation | undefined {
    const key = nameKey(routine, this.dialect);
    const result = this.routineResults?.get(key) ?? this.input.results?.get(key);
    if (result === undefined) (this.missed ??= new Set()).add(key);
    return result;
  }

  /** The table variable that a T-SQL function fills as its result; undefined if it has none. */
  resultTableOf(routine: RoutineHead): string | undefined {
    if (routine.result === undefined) return undefined;
    this.enter(routine);
    const node = this.nodes.of([routine.result.name]);
    this.enter(undefined);
    return node;
  }

  /** Notes what the current routine hands out; of several results the first counts. */
  addResult(relation: Relation): void {
    this.results.push(relation);
    if (this.routine === undefined) return;
    const { columns = [] } = this.routine;
    const shaped = columns.length === relation.columns.length ? renamed(relation, columns) : relation;
    this.setResult(nameKey(this.routineNode(this.routine.name), this.dialect), shaped);
  }

  /** What routines hand out, if one of them was called before its text was read; undefined if none was. */
  get lateResults(): ReadonlyMap<string, Relation> | undefined {
    const { routineResults, missed } = this;
    if (routineResults === undefined || missed === undefined) return undefined;
    for (const key of missed) if (routineResults.has(key)) return routineResults;
    return undefined;
  }

  private setResult(key: string, relation: Relation): void {
    this.routineResults ??= new Map();
    if (!this.routineResults.has(key)) this.routineResults.set(key, relation);
  }

  /** Notes what a cursor walks over. */
  openCursor(name: string, rows: CursorRows): void {
    this.declared.openCursor(lowerOf(name), rows);
  }

  /** What a cursor walks over; undefined if it is not known. */
  cursor(name: string): CursorRows | undefined {
    return this.declared.cursor(lowerOf(name));
  }

  /** Notes that rows go into a table. */
  fill(table: string): void {
    (this.written ??= new Set()).add(table);
    this.emptied?.delete(table);
  }

  /** Notes that a table lost its rows. */
  empty(table: string): void {
    (this.emptied ??= new Set()).add(table);
  }

  /** True if the script wrote the table. */
  isWritten(table: string): boolean {
    return this.written?.has(table) === true;
  }

  /** True if the table has no rows now. */
  isEmptied(table: string): boolean {
    return this.emptied?.has(table) === true;
  }

  runNested(statement: Statement, resolver: Resolver, tables: CommonTables): Relation {
    return this.input.runNested(this, statement, resolver, tables);
  }

  /** Runs SQL that the script makes, up to a limit for all of it: branches and loops can make a lot from little. */
  runMade(text: string, line: number): readonly Relation[] {
    this.characters += text.length;
    if (this.characters > maxFoldedCharacters) {
      this.reasons.push({
        code: 'too-large',
        line,
        text: `The SQL that the script runs from text has more than ${maxFoldedCharacters} characters; from line ${line} on it was not read.`,
      });
      this.characters = Number.NEGATIVE_INFINITY;
    }
    if (this.characters < 0) return [];
    return this.run(text, line);
  }

  /** Runs SQL from text; nothing if it is nested too deeply. Its results are those of the text alone. */
  run(text: string, line: number): readonly Relation[] {
    if (this.depth >= maxScriptDepth) {
      this.reasons.push({
        code: 'too-deep',
        line,
        text: `SQL in strings of SQL is nested more than ${maxScriptDepth} times, line ${line}.`,
      });
      return [];
    }
    const outside = this.results;
    const guessed = this.guessed;
    this.results = [];
    this.depth++;
    this.guessed ||= isUnknownText(text);
    this.input.runText(this, text, line);
    this.guessed = guessed;
    this.depth--;
    const inside = this.results;
    this.results = outside;
    return inside;
  }

  /** PostgreSQL's own parser, where the dialect is its own and it is at hand. */
  get postgres(): PostgresParser | undefined {
    return this.dialect.name === 'postgres' && this.usesParser ? this.input.postgres : undefined;
  }

  /** Reads what follows, and all SQL in it, without PostgreSQL's parser. */
  withoutParser(read: () => void): void {
    const before = this.usesParser;
    this.usesParser = false;
    read();
    this.usesParser = before;
  }

  /** The scope of a statement that has no common tables around it. */
  topTables(): CommonTables {
    return new CommonTables();
  }
}
