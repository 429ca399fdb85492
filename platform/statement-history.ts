/**
 * The history of statements that a database has run. Databases forget: counters are reset, old statements make room for new ones, logs
 * rotate. So what was seen is remembered here, and a scan says all of it again; a statement goes only when it was not seen for a long time.
 */
import { z } from 'zod';
import { StreamError } from '../pipeline/errors.ts';
import { parseStored } from '../pipeline/parse-stored.ts';
import type { FoundObject, ProducerMemory } from '../pipeline/producer.ts';
import type { NamePart, ObservedFlow, Warning } from '../schemas/types.ts';
import { mayMoveData, normalizeStatement, statementFingerprint } from './statement-text.ts';

/** A number that its source only counts up, until it begins again. */
export interface Counter {
  /** Which counter of the statement: a source may keep several, for users or plans. */
  readonly key: string;
  /** Changes when the counter begins again from zero; constant where only a smaller value tells. */
  readonly epoch: string;
  readonly value: number;
}

/** Executions of one statement, as a source tells them. */
export interface Observation {
  readonly database: string | null;
  /** Schemas for names without one; empty where names have no schema or nothing is known. */
  readonly searchPath: readonly string[];
  readonly text: string;
  readonly user: string | null;
  /** How often it ran: by a counter, or so many times more; null where the source does not tell. */
  readonly executions: Counter | number | null;
  /** When it ran first and last; null stands for unknown. */
  readonly firstSeen: Date | null;
  readonly lastSeen: Date | null;
  readonly flows: readonly ObservedFlow[] | null;
  /** Tells statements apart in place of their text, where the source has none. */
  readonly identity?: string;
  /** True when the source itself cut the text. @default false */
  readonly cut?: boolean;
  /** What a person can do about a cut text. */
  readonly cutAdvice?: string;
}

/** What is the same for every statement of a source. */
export interface HistorySource {
  readonly system: string;
  readonly dialect: string;
  readonly server: string;
  /** A statement that was not seen for so many days is forgotten, and removed from the catalogue. */
  readonly keepDays: number;
  /** Used for an observation that has no time of its own. */
  readonly now: Date;
  /** Characters of all statements that are remembered at the most, about; of more, those that were seen last. @default 64,000,000 */
  readonly maxCharacters?: number;
}

const partSchema = z.object({
  level: z.enum(['server', 'database', 'container', 'schema', 'table', 'view', 'column', 'routine']),
  name: z.string(),
});
const flowSchema = z.object({
  source: z.array(partSchema),
  sourceColumn: z.string().nullable(),
  target: z.array(partSchema),
  targetColumn: z.string().nullable(),
});
const recordSchema = z.object({
  database: z.string().nullable(),
  searchPath: z.array(z.string()),
  text: z.string(),
  users: z.array(z.string()),
  executions: z.number().nullable(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  /** What the event says of executions, and the day of lastSeen that it was counted for. */
  shown: z.object({ day: z.string(), executions: z.number().nullable() }),
  counters: z.record(z.string(), z.object({ epoch: z.string(), value: z.number() })),
  flows: z.array(flowSchema).nullable(),
  warnings: z.array(z.object({ code: z.string(), location: z.string(), message: z.string() })),
});
type StatementRecord = z.output<typeof recordSchema>;

/** Characters of a statement that are kept; a longer one is cut and not read. */
export const maxStatementCharacters = 100_000;
/** Statements that are remembered; of more, those that were seen last. */
const maxStatements = 50_000;
const maxCharacters = 64_000_000;
const flowCharacters = 200;
const maxUsers = 20;
const maxUserCharacters = 200;
const maxCounters = 64;
const prefix = 'statement/';

/** What is remembered of a source's statements, and what one scan adds to it. */
export class StatementHistory {
  readonly #source: HistorySource;
  readonly #records: Map<string, StatementRecord>;
  readonly #changed = new Set<string>();
  readonly #maxCharacters: number;
  #characters = 0;

  private constructor(source: HistorySource, records: Map<string, StatementRecord>) {
    this.#source = source;
    this.#records = records;
    this.#maxCharacters = source.maxCharacters ?? maxCharacters;
    for (const record of records.values()) this.#characters += charactersOf(record);
  }

  /** Reads what earlier scans remembered. Rejects with STATE_UNAVAILABLE where another version wrote it. */
  static async open(memory: ProducerMemory, source: HistorySource): Promise<StatementHistory> {
    const records = new Map<string, StatementRecord>();
    for await (const { key, at, value } of memory.entries(prefix)) {
      records.set(key.slice(prefix.length), parseStored(recordSchema, at, value));
    }
    return new StatementHistory(source, records);
  }

  /** Takes up executions. A statement that moves no data between tables is left out. */
  observe(observation: Observation): void {
    const { dialect } = this.#source;
    const { text, whole } = normalizeStatement(observation.text, dialect);
    if (observation.flows === null ? !mayMoveData(text) : observation.flows.length === 0) return;
    const database = observation.database;
    const fingerprint = statementFingerprint(observation.identity ?? text);
    const id = database === null ? fingerprint : `${keyOf(database)}/${fingerprint}`;
    const known = this.#records.get(id);
    const record = this.#merged(known ?? unseen, observation, text);
    const isCut = observation.cut === true || !whole || text.length > maxStatementCharacters;
    const next = {
      ...record,
      warnings: isCut && observation.flows === null ? [cutWarning(id, observation)] : [],
    };
    if (known?.executions === next.executions && JSON.stringify(known) === JSON.stringify(next)) return;
    this.#put(id, next);
  }

  /** Everything that is remembered, as events, in the order of ids; what is too old or too much is forgotten first. */
  *found(): Iterable<FoundObject> {
    this.#forget();
    for (const [id, record] of [...this.#records].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (record.shown.day !== record.lastSeen) {
        record.shown = { day: record.lastSeen, executions: record.executions };
        this.#changed.add(id);
      }
      yield { type: 'observed-statement', objectId: id, value: this.#value(record) };
    }
  }

  /** Remembers what this scan changed. */
  remember(memory: ProducerMemory): void {
    for (const id of this.#changed) memory.set(prefix + id, this.#records.get(id));
  }

  /** Twice as much as is remembered may be in memory amid a scan, so that it is seldom sorted. */
  #put(id: string, record: StatementRecord): void {
    this.#characters += charactersOf(record) - charactersOf(this.#records.get(id) ?? unseen);
    this.#records.set(id, record);
    this.#changed.add(id);
    if (this.#records.size > 2 * maxStatements || this.#characters > 2 * this.#maxCharacters) this.#forget();
  }

  #merged(
    known: StatementRecord,
    { executions, ...observation }: Observation,
    text: string,
  ): StatementRecord {
    const counter = typeof executions === 'object' ? executions : null;
    const more = typeof executions === 'number' ? executions : increase(known.counters, counter);
    // A time that is still to come would keep a statement for ever.
    const seen = earlier(day(observation.lastSeen ?? this.#source.now), day(this.#source.now));
    const began = day(observation.firstSeen ?? observation.lastSeen ?? this.#source.now);
    // A counter that stands still says that nothing ran.
    const ran = more !== 0 || known.lastSeen === '';
    const lastSeen = ran && seen > known.lastSeen ? seen : known.lastSeen;
    const firstSeen = earlier(began, known.firstSeen);
    return {
      database: observation.database,
      searchPath: [...observation.searchPath],
      text: text.slice(0, maxStatementCharacters).toWellFormed(),
      users: usersOf(known.users, observation.user),
      executions: more === null ? known.executions : (known.executions ?? 0) + more,
      firstSeen: earlier(firstSeen, lastSeen),
      lastSeen,
      shown: known.shown,
      counters: countersOf(known.counters, counter),
      flows: observation.flows === null ? null : observation.flows.map(copyFlow),
      warnings: [],
    };
  }

  #forget(): void {
    const oldest = day(new Date(this.#source.now.getTime() - this.#source.keepDays * 86_400_000));
    const byAge = [...this.#records].sort(([, a], [, b]) => (a.lastSeen < b.lastSeen ? 1 : -1));
    let characters = 0;
    for (const [index, [id, record]] of byAge.entries()) {
      characters += charactersOf(record);
      if (record.lastSeen >= oldest && index < maxStatements && characters <= this.#maxCharacters) continue;
      this.#records.delete(id);
      this.#changed.add(id);
      this.#characters -= charactersOf(record);
    }
  }

  #value(record: StatementRecord) {
    const { system, dialect, server } = this.#source;
    const path: readonly NamePart[] = [
      { level: 'server', name: server },
      ...(record.database === null ? [] : [{ level: 'database' as const, name: record.database }]),
    ];
    const { searchPath, text, users, firstSeen, lastSeen, flows, warnings, shown } = record;
    const { executions } = shown;
    return {
      system,
      path,
      dialect,
      searchPath,
      text,
      users,
      executions,
      firstSeen,
      lastSeen,
      flows,
      warnings,
      additional: [],
    };
  }
}

/** Characters that a statement takes, about: its text, and the names of its flows. */
function charactersOf({ text, flows }: StatementRecord): number {
  return text.length + (flows?.length ?? 0) * flowCharacters;
}

/** What is known of a statement before it was seen. */
const unseen: StatementRecord = {
  database: null,
  searchPath: [],
  text: '',
  users: [],
  executions: null,
  firstSeen: '9999',
  lastSeen: '',
  shown: { day: '', executions: null },
  counters: {},
  flows: null,
  warnings: [],
};

/** How much a counter grew since it was remembered: all of it when it began again, null where the source does not count. */
function increase(counters: StatementRecord['counters'], now: Counter | null): number | null {
  if (now === null) return null;
  const known = counters[now.key];
  const goesOn = known !== undefined && known.epoch === now.epoch && known.value <= now.value;
  return goesOn ? now.value - known.value : now.value;
}

function countersOf(
  known: StatementRecord['counters'],
  counter: Counter | null,
): StatementRecord['counters'] {
  if (counter === null) return known;
  const others = Object.entries(known).filter(([key]) => key !== counter.key);
  const { key, epoch, value } = counter;
  return Object.fromEntries([...others.slice(1 - maxCounters), [key, { epoch, value }]]);
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

/** A database's name as part of a key: state stores take keys of some 2,000 bytes, and a log may hold any name. */
function keyOf(database: string): string {
  const key = encodeURIComponent(database.toWellFormed());
  return key.length <= 600 ? key : `${key.slice(0, 500)}…${statementFingerprint(key)}`;
}

function usersOf(known: readonly string[], user: string | null): string[] {
  if (user === null || known.length >= maxUsers) return [...known];
  if (known.includes(user.slice(0, maxUserCharacters))) return [...known];
  return [...known, user.slice(0, maxUserCharacters)].sort();
}

function copyFlow(flow: ObservedFlow): z.output<typeof flowSchema> {
  return {
    source: flow.source.map(({ level, name }) => ({ level, name })),
    sourceColumn: flow.sourceColumn,
    target: flow.target.map(({ level, name }) => ({ level, name })),
    targetColumn: flow.targetColumn,
  };
}

function cutWarning(id: string, { cutAdvice }: Observation): Warning {
  const message = `The text of the statement was cut, so that its lineage is not known.${cutAdvice === undefined ? '' : ` ${cutAdvice}`}`;
  return { code: 'statement-cut', location: id, message };
}

/** The day of a time in UTC. Throws SOURCE_INVALID for a time that does not exist. */
function day(time: Date): string {
  if (Number.isNaN(time.getTime()))
    throw new StreamError('SOURCE_INVALID', 'A time in the history does not exist.');
  return time.toISOString().slice(0, 10);
}
