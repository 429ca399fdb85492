/**
 * Tables of a script as nodes of a graph. An id is the full name in its first spelling; for what lives in a session
 * (temporary tables, variables) it also holds the routine and the incarnation, so that the same name in two routines,
 * or before and after a DROP, is two nodes.
 */
import type { Dialect } from './dialects.ts';
import type { Name, TextPart } from './ir.ts';
import { computedParts, nameFromText } from './computed-names.ts';
import {
  completeName,
  type Defaults,
  displayName,
  isLocation,
  isSessionName,
  isSystemName,
  nameKey,
} from './names.ts';
import type { SqlPlace } from './place.ts';

import { isUnknownText, unknownText } from './unknown-text.ts';

const sessionMark = '\u0002';
const sessionCode = 2;

/** The table of a name that nobody can know: hidden everywhere, like a variable. */
export const unknownNode = `${sessionMark}?`;

/** A table as the script knows it so far. */
interface TableNode {
  readonly id: string;
  /** The parts of its full name; undefined for what lives in a session. */
  readonly name: Name | undefined;
  /** As it was last written, for people. */
  written: string;
  /** No end of lineage. */
  intermediate: boolean;
  /** The script made it and has not dropped it. */
  created: boolean;
  /** The script made it at any time. */
  made: boolean;
}

interface KnownName {
  readonly name: Name;
  readonly node: TableNode;
  readonly display: string;
  /** Part of the system catalogue. */
  readonly system: boolean;
}

function tableNode(id: string, name: Name | undefined): TableNode {
  return { id, name, written: id, intermediate: name === undefined, created: false, made: false };
}

/** Up to this many names with the same last part are looked through one by one. */
const fewNames = 8;

/** Names to nodes, with the state of USE, synonyms and temporary tables. */
export class Nodes {
  private current: Defaults;
  /** What {@link of} found by the last part of the name, until something changes what names mean. */
  private known = new Map<string, KnownName[]>();
  /** The same by the whole name, where many have the same last part. */
  private manyKnown: Map<string, KnownName> | undefined;
  private readonly dialect: Dialect;
  private readonly place: SqlPlace | undefined;
  private readonly tables = new Map<string, TableNode>();
  /** Tables by the key of their name, where that is another one than the name. */
  private readonly spellings: Map<string, TableNode>;
  private synonyms: Map<string, Name> | undefined;
  /** Keys of temporary tables without a mark of their own: CREATE TEMPORARY TABLE. */
  private temporary: Set<string> | undefined;
  private dropped: Map<string, number> | undefined;
  private variables: Map<string, string> | undefined;
  private scope = '';
  /** True once a node may be an intermediate: most scripts have none. */
  hasIntermediates = false;

  /** Joins the parts of a name that SQL builds to every text that may come out. */
  private readonly fold: (parts: readonly TextPart[]) => readonly string[];

  constructor(
    dialect: Dialect,
    defaults: Defaults,
    fold: (parts: readonly TextPart[]) => readonly string[],
    place?: SqlPlace,
  ) {
    this.dialect = dialect;
    this.spellings = dialect.folding === 'preserve' ? new Map<string, TableNode>() : this.tables;
    this.current = defaults;
    this.fold = fold;
    this.place = place;
  }

  /** Enters a routine, or the script itself (''). */
  enter(scope: string): void {
    this.scope = scope;
    this.variables = undefined;
    this.forget();
  }

  /** Names may mean something else from here on. */
  private forget(): void {
    if (this.known.size > 0) this.known = new Map();
    this.manyKnown = undefined;
  }

  /** The node of a table as it is named here. */
  of(name: Name): string {
    const known = this.lookUp(name);
    if (known === undefined) {
      this.hasIntermediates = true;
      return unknownNode;
    }
    known.node.written = known.display;
    return known.node.id;
  }

  /** True if the name is part of the system catalogue. */
  isSystem(name: Name): boolean {
    return this.lookUp(name)?.system === true;
  }

  /** What a name means; undefined if nobody can know. */
  private lookUp(name: Name): KnownName | undefined {
    const parts = computedParts(name);
    if (parts !== undefined) {
      const [text = unknownText, other] = this.fold(parts);
      return other !== undefined || isUnknownText(text)
        ? undefined
        : this.lookUp(nameFromText(text, this.dialect));
    }
    return this.knownAs(name) ?? this.meet(name);
  }

  private knownAs(name: Name): KnownName | undefined {
    const list = this.known.get(name.at(-1) ?? '');
    if (list === undefined) return undefined;
    for (const one of list) if (isSameName(one.name, name)) return one;
    return list.length < fewNames ? undefined : this.manyKnown?.get(name.join('\u0006'));
  }

  /** A name that is met for the first time. */
  private meet(name: Name): KnownName | undefined {
    const display = displayName(name);
    if (isUnknownText(display)) return undefined;
    const found: KnownName = {
      name,
      node: this.find(name, display),
      display,
      system: isSystemName(name, display),
    };
    const last = name.at(-1) ?? '';
    const list = this.known.get(last);
    if (list === undefined) this.known.set(last, [found]);
    else if (list.length >= fewNames) (this.manyKnown ??= new Map()).set(name.join('\u0006'), found);
    else list.push(found);
    return found;
  }

  /** The current database and schema. */
  get defaults(): Defaults {
    return this.current;
  }

  set defaults(defaults: Defaults) {
    this.current = defaults;
    this.forget();
  }

  /** From here on names with a schema are completed with the database, too. */
  completeFully(): void {
    this.defaults = { ...this.current, full: true };
  }

  private find(name: Name, display: string): TableNode {
    if (isSessionName(name) || this.isTemporary(display)) return this.sessionNode(name, display);
    const full = this.complete(name);
    const synonym =
      this.synonyms === undefined || isLocation(name)
        ? undefined
        : this.synonyms.get(nameKey(displayName(full), this.dialect));
    if (synonym !== undefined) return this.spelled(synonym, displayName(synonym));
    return this.spelled(full, full === name ? display : displayName(full));
  }

  private isTemporary(display: string): boolean {
    return this.temporary !== undefined && this.temporary.has(nameKey(display, this.dialect));
  }

  private complete(name: Name): Name {
    if (this.place === undefined || isLocation(name)) return completeName(name, this.dialect, this.current);
    return this.place.complete(name, this.current);
  }

  private sessionNode(name: Name, display: string): TableNode {
    const last = (name.at(-1) ?? '').startsWith('#') ? (name.at(-1) ?? '') : display;
    const key = nameKey(last, this.dialect);
    const scope = last.startsWith('##') || this.isTemporary(last) ? '' : this.scope;
    const version = this.dropped?.get(`${scope}${sessionMark}${key}`) ?? 0;
    const id = `${key}${sessionMark}${scope}${sessionMark}${version}`;
    let node = this.tables.get(id);
    if (node === undefined) {
      node = tableNode(id, undefined);
      this.tables.set(id, node);
    }
    this.hasIntermediates = true;
    return node;
  }

  private spelled(name: Name, display: string): TableNode {
    const key = nameKey(display, this.dialect);
    let node = this.spellings.get(key);
    if (node === undefined) {
      node = tableNode(display, name);
      this.spellings.set(key, node);
      this.tables.set(display, node);
    }
    return node;
  }

  /** The parts of a table's or routine's full name; undefined for what lives in a session. */
  nameOf(id: string): Name | undefined {
    return this.tables.get(id)?.name;
  }

  /** The node of a scalar or record variable. */
  variable(name: string): string {
    this.hasIntermediates = true;
    this.variables ??= new Map();
    let id = this.variables.get(name);
    if (id === undefined) {
      id = `${sessionMark}${nameKey(name, this.dialect)}${sessionMark}${this.scope}`;
      this.variables.set(name, id);
    }
    return id;
  }

  /** True for nodes made by {@link variable}. */
  isVariable(id: string): boolean {
    return id.charCodeAt(0) === sessionCode;
  }

  /** True for temporary tables, variables, and tables that the script itself removes. */
  isIntermediate(id: string): boolean {
    if (!this.hasIntermediates) return false;
    return this.isVariable(id) || this.tables.get(id)?.intermediate === true;
  }

  /** The name as it was last written, for people. */
  display(id: string): string {
    return id === unknownNode ? '?' : (this.tables.get(id)?.written ?? id);
  }

  /** The name at script level: without the marks of a session. */
  fullName(id: string): string {
    return id.includes(sessionMark) ? this.display(id) : id;
  }

  /** From here on the name means a temporary table. */
  declareTemporary(name: Name): void {
    this.forget();
    this.temporary ??= new Set();
    this.temporary.add(nameKey(displayName(name), this.dialect));
  }

  /** Notes that the script makes the table. */
  create(id: string): void {
    const node = this.tables.get(id);
    if (node === undefined) return;
    node.created = true;
    node.made = true;
  }

  /** True if the script makes the table, whether or not it drops it later. */
  isCreated(id: string): boolean {
    return this.tables.get(id)?.made === true;
  }

  /** Notes that the table is gone: one that the script made itself was only a step between. */
  drop(name: Name): void {
    const id = this.of(name);
    this.forget();
    const node = this.tables.get(id);
    if (node?.created === true) this.leave(id);
    if (node !== undefined) node.created = false;
    const part = this.sessionPart(id);
    if (part === undefined) return;
    const counter = `${part.scope}${sessionMark}${part.key}`;
    this.dropped ??= new Map();
    this.dropped.set(counter, (this.dropped.get(counter) ?? 0) + 1);
  }

  /** Notes that the name is gone because its rows go on under another one. */
  leave(id: string): void {
    this.hasIntermediates = true;
    const node = this.tables.get(id);
    if (node !== undefined) node.intermediate = true;
  }

  /** Lets one name stand for another. */
  addSynonym(name: Name, target: Name): void {
    this.forget();
    this.synonyms ??= new Map();
    this.synonyms.set(nameKey(displayName(this.complete(name)), this.dialect), this.complete(target));
  }

  /** The parts of a session node: its key and the routine that it is in; undefined for other nodes. */
  sessionPart(id: string): { readonly key: string; readonly scope: string } | undefined {
    if (id.indexOf(sessionMark) <= 0) return undefined;
    const [key = '', scope = ''] = id.split(sessionMark);
    return { key, scope };
  }
}

function isSameName(a: Name, b: Name): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
