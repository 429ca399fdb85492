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

/** The table of a name that nobody can know: hidden everywhere, like a variable. */
export const unknownNode = `${sessionMark}?`;

interface KnownName {
  readonly id: string;
  readonly display: string;
  /** Part of the system catalogue. */
  readonly system: boolean;
}

const unknownName: KnownName = { id: unknownNode, display: '?', system: false };

/** Names to nodes, with the state of USE, synonyms and temporary tables. */
export class Nodes {
  private current: Defaults;
  /** What {@link of} found, until something changes what names mean. */
  private readonly known = new Map<string, KnownName>();
  private readonly dialect: Dialect;
  private readonly place: SqlPlace | undefined;
  private readonly spellings = new Map<string, string>();
  private readonly names = new Map<string, Name>();
  private readonly synonyms = new Map<string, Name>();
  private readonly written = new Map<string, string>();
  /** Temporary tables without a mark of their own, by key: CREATE TEMPORARY TABLE. */
  private readonly temporary = new Map<string, number>();
  private readonly dropped = new Map<string, number>();
  /** Nodes that are no end of lineage. */
  private readonly intermediates = new Set<string>();
  /** Tables that the script made and has not dropped. */
  private readonly created = new Set<string>();
  /** Tables that the script made at any time. */
  private readonly made = new Set<string>();
  private scope = '';

  /** Joins the parts of a name that SQL builds to every text that may come out. */
  private readonly fold: (parts: readonly TextPart[]) => readonly string[];

  constructor(
    dialect: Dialect,
    defaults: Defaults,
    fold: (parts: readonly TextPart[]) => readonly string[],
    place?: SqlPlace,
  ) {
    this.dialect = dialect;
    this.current = defaults;
    this.fold = fold;
    this.place = place;
    this.intermediates.add(unknownNode);
  }

  /** Enters a routine, or the script itself (''). */
  enter(scope: string): void {
    this.scope = scope;
    this.known.clear();
  }

  /** The node of a table as it is named here. */
  of(name: Name): string {
    const known = this.lookUp(name);
    if (this.written.get(known.id) !== known.display) this.written.set(known.id, known.display);
    return known.id;
  }

  /** True if the name is part of the system catalogue. */
  isSystem(name: Name): boolean {
    return this.lookUp(name).system;
  }

  private lookUp(name: Name): KnownName {
    const parts = computedParts(name);
    if (parts !== undefined) {
      const [text = unknownText, other] = this.fold(parts);
      return other !== undefined || isUnknownText(text)
        ? unknownName
        : this.lookUp(nameFromText(text, this.dialect));
    }
    const key = name.length === 1 ? (name[0] ?? '') : name.join('\u0006');
    let known = this.known.get(key);
    if (known === undefined) {
      const display = displayName(name);
      if (isUnknownText(display)) return unknownName;
      known = { id: this.find(name, display), display, system: isSystemName(name) };
      this.known.set(key, known);
    }
    return known;
  }

  /** The current database and schema. */
  get defaults(): Defaults {
    return this.current;
  }

  set defaults(defaults: Defaults) {
    this.current = defaults;
    this.known.clear();
  }

  /** From here on names with a schema are completed with the database, too. */
  completeFully(): void {
    this.defaults = { ...this.current, full: true };
  }

  private find(name: Name, display: string): string {
    const key = nameKey(display, this.dialect);
    if (isSessionName(name) || this.temporary.has(key)) return this.sessionNode(name, display);
    const full = this.complete(name);
    const synonym = isLocation(name)
      ? undefined
      : this.synonyms.get(nameKey(displayName(full), this.dialect));
    return this.spelled(synonym ?? full);
  }

  private complete(name: Name): Name {
    if (this.place === undefined || isLocation(name)) return completeName(name, this.dialect, this.current);
    return this.place.complete(name, this.current);
  }

  private sessionNode(name: Name, display: string): string {
    const last = (name.at(-1) ?? '').startsWith('#') ? (name.at(-1) ?? '') : display;
    const key = nameKey(last, this.dialect);
    const scope = last.startsWith('##') || this.temporary.has(key) ? '' : this.scope;
    const version = this.dropped.get(`${scope}${sessionMark}${key}`) ?? 0;
    const id = `${key}${sessionMark}${scope}${sessionMark}${version}`;
    this.intermediates.add(id);
    return id;
  }

  private spelled(name: Name): string {
    const display = displayName(name);
    const key = nameKey(display, this.dialect);
    const known = this.spellings.get(key);
    if (known !== undefined) return known;
    this.spellings.set(key, display);
    this.names.set(display, name);
    return display;
  }

  /** The parts of a table's or routine's full name; undefined for what lives in a session. */
  nameOf(id: string): Name | undefined {
    return this.names.get(id);
  }

  /** The node of a scalar or record variable. */
  variable(name: string): string {
    const id = `${sessionMark}${nameKey(name, this.dialect)}${sessionMark}${this.scope}`;
    this.intermediates.add(id);
    return id;
  }

  /** True for nodes made by {@link variable}. */
  isVariable(id: string): boolean {
    return id.startsWith(sessionMark);
  }

  /** True for temporary tables, variables, and tables that the script itself removes. */
  isIntermediate(id: string): boolean {
    return this.intermediates.has(id);
  }

  /** The name as it was last written, for people. */
  display(id: string): string {
    return this.written.get(id) ?? id;
  }

  /** The name at script level: without the marks of a session. */
  fullName(id: string): string {
    return id.includes(sessionMark) ? this.display(id) : id;
  }

  /** From here on the name means a temporary table. */
  declareTemporary(name: Name): void {
    this.known.clear();
    this.temporary.set(nameKey(displayName(name), this.dialect), 1);
  }

  /** Notes that the script makes the table. */
  create(id: string): void {
    this.created.add(id);
    this.made.add(id);
  }

  /** True if the script makes the table, whether or not it drops it later. */
  isCreated(id: string): boolean {
    return this.made.has(id);
  }

  /** Notes that the table is gone: one that the script made itself was only a step between. */
  drop(name: Name): void {
    const id = this.of(name);
    this.known.clear();
    if (this.created.has(id)) this.intermediates.add(id);
    this.created.delete(id);
    const [key, scope] = id.split(sessionMark);
    if (scope === undefined) return;
    const counter = `${scope}${sessionMark}${key ?? ''}`;
    this.dropped.set(counter, (this.dropped.get(counter) ?? 0) + 1);
  }

  /** Notes that the name is gone because its rows go on under another one. */
  leave(id: string): void {
    this.intermediates.add(id);
  }

  /** Lets one name stand for another. */
  addSynonym(name: Name, target: Name): void {
    this.known.clear();
    this.synonyms.set(nameKey(displayName(this.complete(name)), this.dialect), this.complete(target));
  }

  /** The parts of a session node: its key and the routine that it is in; undefined for other nodes. */
  sessionPart(id: string): { readonly key: string; readonly scope: string } | undefined {
    if (id.indexOf(sessionMark) <= 0) return undefined;
    const [key = '', scope = ''] = id.split(sessionMark);
    return { key, scope };
  }
}
