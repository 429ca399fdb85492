import { createHash, randomBytes } from 'node:crypto';

/** What the oracle gave out: what must be in the catalogue or the dead letters in the end, and nothing else. */
export class Issued {
  /** Text of each asset by its qualifiedName; undefined for those that have none. */
  readonly assets = new Map<string, string | undefined>();
  /** Inputs and outputs of each job by its qualifiedName. */
  readonly jobs = new Map<string, readonly [input: string, output: string]>();
  /** Keys of the events that cannot be delivered, and the stage that finds that out. */
  readonly poison = new Map<string, 'PRODUCE' | 'TRANSFORM' | 'SINK'>();
  /** Records that were damaged in the log: a dead letter each, without a key. */
  corrupt = 0;
  /** Events in all. */
  events = 0;
}

const server = 'faults';
const database = 'shop';
const base = `db://${server}/${database}`;
const tool = 'faults-etl';

function textOf(seed: string): string {
  return `payload ${seed} ${createHash('sha256').update(seed).digest('hex')}`;
}

/** Lines of raw events for the producer `events`, and what becomes of them. */
export class EventSource {
  readonly #issued: Issued;
  readonly #schemas: number;
  readonly #mark: string;
  #tables = 0;
  #revision = 0;

  /** `mark` begins the names of the tables: two sources of one world have different tables. */
  constructor(issued: Issued, schemas: number, mark = 't') {
    this.#issued = issued;
    this.#schemas = schemas;
    this.#mark = mark;
  }

  /** Server, database and schemas. */
  containers(): string[] {
    const path = [
      { level: 'server', name: server },
      { level: 'database', name: database },
    ];
    this.#issued.assets.set(`db://${server}`, undefined).set(base, undefined);
    const schemas = Array.from({ length: this.#schemas }, (_, schema) => `s${schema}`);
    for (const schema of schemas) this.#issued.assets.set(`${base}/${schema}`, undefined);
    return [
      this.#line('server', { type: 'database-object', system: server, path: path.slice(0, 1) }),
      this.#line('database', { type: 'database-object', system: server, path }),
      ...schemas.map((schema) =>
        this.#line(schema, {
          type: 'database-object',
          system: server,
          path: [...path, { level: 'schema', name: schema }],
        }),
      ),
    ];
  }

  /** The next tables, each with a text of its own. */
  tables(count: number): string[] {
    const first = this.#tables;
    this.#tables += count;
    return Array.from({ length: count }, (_, index) =>
      this.#table(first + index, textOf(`${first + index}`)),
    );
  }

  /** All tables so far, each with another text than before: what was said of them is to have no effect any more. */
  revised(): string[] {
    this.#revision += 1;
    return Array.from({ length: this.#tables }, (_, table) =>
      this.#table(table, textOf(`${table} revision ${this.#revision}`)),
    );
  }

  /** A table whose text is so many characters long, and does not get shorter by compression. */
  large(characters: number): string {
    const table = this.#tables;
    this.#tables += 1;
    return this.#table(table, randomBytes(characters / 2).toString('hex'));
  }

  /** The same, but larger than an event may be. */
  tooLarge(characters: number): string {
    const name = `poison${this.#issued.poison.size}`;
    this.#issued.poison.set(name, 'PRODUCE');
    return this.#line(name, {
      type: 'database-object',
      system: server,
      description: randomBytes(characters / 2).toString('hex'),
      path: [{ level: 'server', name }],
    });
  }

  #table(table: number, description: string): string {
    this.#issued.assets.set(this.tableName(table), description);
    const [schema, name] = this.#place(table);
    const path = { server, database, schema, table: name };
    return this.#line(name, {
      type: 'database-object',
      system: server,
      description,
      path: Object.entries(path).map(([level, at]) => ({ level, name: at })),
    });
  }

  /** A table of a name that the catalogue refuses, which no list of what must be there has. */
  refusedTable(schema: number, name: string): string {
    const path = { server, database, schema: `s${schema}`, table: name };
    return this.#line(`s${schema}.${name}`, {
      type: 'database-object',
      system: server,
      path: Object.entries(path).map(([level, at]) => ({ level, name: at })),
    });
  }

  /** A job from one table to another, which need not be there yet. */
  job(input: number, output: number): string {
    const name = `j${input}-${output}`;
    this.#issued.assets.set(`etl://${tool}`, undefined);
    this.#issued.jobs.set(`etl://${tool}/jobs/${name}`, [this.tableName(input), this.tableName(output)]);
    const dataset = (table: number) => ({ type: 'table', name: this.#place(table).join('.') });
    return this.#line(name, {
      type: 'job',
      tool,
      name,
      inputs: [dataset(input)],
      outputs: [dataset(output)],
    });
  }

  /** A routine whose text takes a transform seconds, and that reads nothing. */
  heavy(steps: number): string {
    const tables = Array.from({ length: steps }, (_, at) => `, c${at + 1} AS (SELECT * FROM c${at})`);
    const text = `WITH c0 AS (SELECT 1 AS a)${tables.join('')} SELECT * FROM c${steps}`;
    this.#issued.assets.set(`${base}/s0/routines/heavy`, undefined);
    const path = { server, database, schema: 's0', routine: 'heavy' };
    return this.#line('heavy', {
      type: 'routine',
      system: server,
      path: Object.entries(path).map(([level, name]) => ({ level, name })),
      kind: 'PROCEDURE',
      language: 'tsql',
      text,
    });
  }

  /** An event that no transform can make an entity of: its table has no database. */
  poison(): string {
    const name = `poison${this.#issued.poison.size}`;
    this.#issued.poison.set(name, 'TRANSFORM');
    return this.#line(name, {
      type: 'database-object',
      system: server,
      path: [
        { level: 'server', name: server },
        { level: 'table', name },
      ],
    });
  }

  /** An event that the catalogue refuses: a job that reads a schema, which is no data, with a text. The schemas must be there. */
  refused(characters = 0): string {
    const name = `refused${this.#issued.poison.size}`;
    this.#issued.poison.set(name, 'SINK');
    this.#issued.assets.set(`etl://${tool}`, undefined);
    const inputs = [{ type: 'schema', name: 's0' }];
    const description = characters > 0 && { description: randomBytes(characters / 2).toString('hex') };
    return this.#line(name, { type: 'job', tool, name, inputs, outputs: [], ...description });
  }

  /** What {@link refused} gave out, mended: the same job reads and writes tables now. */
  mended(name: string, input: number, output: number): string {
    this.#issued.poison.delete(name);
    this.#issued.jobs.set(`etl://${tool}/jobs/${name}`, [this.tableName(input), this.tableName(output)]);
    const dataset = (table: number) => ({ type: 'table', name: this.#place(table).join('.') });
    return this.#line(name, {
      type: 'job',
      tool,
      name,
      inputs: [dataset(input)],
      outputs: [dataset(output)],
    });
  }

  #place(table: number): readonly [schema: string, table: string] {
    return [`s${table % this.#schemas}`, `${this.#mark}${table}`];
  }

  /** The qualifiedName of a table. */
  tableName(table: number): string {
    return [base, ...this.#place(table)].join('/');
  }

  #line(objectId: string, event: Readonly<Record<string, unknown>>): string {
    this.#issued.events += 1;
    return JSON.stringify({ objectId, ...event });
  }
}
