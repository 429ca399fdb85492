/** What a statement of the binary log changes, by its first words. */
import type { Touched } from './queries.ts';

/** The touched objects, or `everything` where only a scan can tell. Undefined where it changes no definition. */
export type DdlEffect = Touched | 'everything' | undefined;

type Name = readonly [database: string, name: string];

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** Characters of a statement that are looked at: the names of the objects stand in front. A comment that never ends is looked through again at each of its signs. */
const maxCharacters = 20_000;
const token =
  /\s+|#[^\n]*|--(?=\s)[^\n]*|\/\*(?![!M])[\s\S]*?\*\/|\/\*M?!\d*|\*\/|`((?:[^`]|``)*)`|"((?:[^"]|"")*)"|'(?:[^'\\]|\\.|'')*'|[\p{L}\p{N}_$]+|[^\s]/gsuy;

function* tokens(sql: string): Generator<Token> {
  const text = sql.slice(0, maxCharacters);
  for (const match of text.matchAll(token)) {
    const [whole, ticks, quotes] = match;
    if (/^(?:\s|#|--(?=\s|$)|\/\*|\*\/)/.test(whole)) continue;
    const quoted = ticks?.replaceAll('``', '`') ?? quotes?.replaceAll('""', '"');
    yield quoted === undefined ? { text: whole, quoted: false } : { text: quoted, quoted: true };
  }
}

/** Statements that change rights, rows, or nothing. */
const others = new Set(
  'BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE XA START SET INSERT UPDATE DELETE REPLACE LOAD CALL TRUNCATE ANALYZE OPTIMIZE REPAIR CHECK CHECKSUM FLUSH GRANT REVOKE LOCK UNLOCK USE DO WITH SELECT KILL PURGE RESET INSTALL UNINSTALL'.split(
    ' ',
  ),
);
const tableKinds = new Set(['TABLE', 'TABLES', 'VIEW']);
const routineKinds = new Set(['PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT']);
/** Kinds that have no definition in the catalogue. */
const otherKinds = new Set([
  'USER',
  'ROLE',
  'SERVER',
  'TABLESPACE',
  'SEQUENCE',
  'LOGFILE',
  'INSTANCE',
  'RESOURCE',
  'UNDO',
]);
/** Kinds of objects that a CREATE, ALTER or DROP may name. */
const kinds = new Set([
  ...tableKinds,
  ...routineKinds,
  ...otherKinds,
  'INDEX',
  'DATABASE',
  'SCHEMA',
  'PACKAGE',
]);

/** Reads what a statement touches. `current`: the database that it ran in. Linear; a statement that is not understood touches everything. */
export function effectOf(sql: string, current: string): DdlEffect {
  const reader = new Reader([...tokens(sql)], current);
  const verb = reader.word();
  if (verb === undefined || others.has(verb)) return undefined;
  // A list of names may go on behind the end of what is looked at.
  const isCut = verb !== 'CREATE' && sql.length > maxCharacters;
  if (isCut || !['RENAME', 'CREATE', 'ALTER', 'DROP'].includes(verb)) return 'everything';
  if (verb === 'RENAME') return reader.word() === 'TABLE' ? tables(reader.names(['TO'])) : undefined;
  let kind = reader.word();
  let temporary = false;
  while (kind !== undefined && !kinds.has(kind)) {
    temporary ||= kind === 'TEMPORARY';
    kind = reader.word();
  }
  return temporary ? undefined : effectOn(reader, { verb, kind: kind ?? '' });
}

function effectOn(
  reader: Reader,
  { verb, kind }: { readonly verb: string; readonly kind: string },
): DdlEffect {
  if (otherKinds.has(kind)) return undefined;
  if (tableKinds.has(kind)) {
    const named = verb === 'DROP' ? reader.names([]) : reader.names([]).slice(0, 1);
    return tables(verb === 'ALTER' && kind === 'TABLE' ? [...named, ...reader.renamed()] : named);
  }
  if (kind === 'INDEX') return reader.skipTo('ON') ? tables(reader.names([]).slice(0, 1)) : 'everything';
  if (!routineKinds.has(kind)) return 'everything';
  const [name] = reader.names([]);
  // An event may be renamed, and then moves.
  const isMoved = verb === 'ALTER' && kind === 'EVENT';
  return name === undefined || isMoved ? 'everything' : { tables: [], routines: [name] };
}

function tables(names: readonly Name[]): DdlEffect {
  return names.length === 0 ? 'everything' : { tables: names, routines: [] };
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #current: string;
  #at = 0;

  constructor(all: readonly Token[], current: string) {
    this.#tokens = all;
    this.#current = current;
  }

  /** The next word in capital letters, which may be a sign; undefined at the end. What is quoted is passed over. */
  word(): string | undefined {
    for (;;) {
      const next = this.#tokens[this.#at];
      this.#at += 1;
      if (next === undefined || !next.quoted) return next?.text.toUpperCase();
    }
  }

  /** Names that follow, with what separates them: a comma, or one of the words. */
  names(separators: readonly string[]): readonly Name[] {
    this.#pass(['IF', 'NOT', 'EXISTS']);
    const found: Name[] = [];
    for (;;) {
      const name = this.#name();
      if (name === undefined) return found;
      found.push(name);
      const next = this.#tokens[this.#at];
      if (next === undefined || next.quoted || ![',', ...separators].includes(next.text.toUpperCase()))
        return found;
      this.#at += 1;
    }
  }

  /** What an ALTER TABLE renames the table to. */
  renamed(): readonly Name[] {
    let depth = 0;
    for (; this.#at < this.#tokens.length; this.#at += 1) {
      const { text, quoted } = this.#tokens[this.#at] ?? { text: '', quoted: true };
      if (quoted) continue;
      if (text === '(') depth += 1;
      else if (text === ')') depth -= 1;
      else if (depth === 0 && text.toUpperCase() === 'RENAME') {
        this.#at += 1;
        const next = this.#tokens[this.#at];
        const isPart = next?.quoted === false && /^(?:COLUMN|INDEX|KEY)$/i.test(next.text);
        if (isPart) continue;
        this.#pass(['TO', 'AS', '=']);
        const name = this.#name();
        return name === undefined ? [] : [name];
      }
    }
    return [];
  }

  /** Goes behind a word; false when it does not come. */
  skipTo(word: string): boolean {
    for (let next = this.word(); next !== undefined; next = this.word()) if (next === word) return true;
    return false;
  }

  #pass(words: readonly string[]): void {
    for (;;) {
      const next = this.#tokens[this.#at];
      if (next === undefined || next.quoted || !words.includes(next.text.toUpperCase())) return;
      this.#at += 1;
    }
  }

  #name(): Name | undefined {
    const first = this.#part();
    if (first === undefined) return undefined;
    const dot = this.#tokens[this.#at];
    if (dot === undefined || dot.quoted || dot.text !== '.') return [this.#current, first];
    this.#at += 1;
    const second = this.#part();
    return second === undefined ? undefined : [first, second];
  }

  #part(): string | undefined {
    const next = this.#tokens[this.#at];
    if (next === undefined || (!next.quoted && !/^[\p{L}\p{N}_$]+$/u.test(next.text))) return undefined;
    this.#at += 1;
    return next.text;
  }
}
