import { blankObject } from '../../pipeline/blank-object.ts';
import type { FoundObject } from '../../pipeline/producer.ts';
import type { Additional, Column, ColumnReference, DatabaseObject, NamePart } from '../../schemas/types.ts';
import { redactConnections } from './redact.ts';
import type { ColumnRow, ForeignKeyRow, NameRow, RelationRow, RoutineRow, SchemaRow } from './rows.ts';

/** What every event of this producer says about the system. */
const system = 'postgresql';

const kinds = {
  r: 'table',
  p: 'partitioned table',
  f: 'foreign table',
  v: 'view',
  m: 'materialized view',
} as const;

type Facts = Omit<DatabaseObject, 'producer' | 'objectId' | 'position'>;

/**
 * Names and events of one database. An object's id is its path, not its oid: a path survives dump and restore and can be read by a
 * person. A renamed table is known by its oid, which is its ref, and a column by its number.
 */
export class DatabaseObjects {
  readonly #server: string;
  readonly #database: string;
  readonly #sequence: number;

  constructor(server: string, database: string, sequence: number) {
    this.#server = server;
    this.#database = database;
    this.#sequence = sequence;
  }

  databasePath(): readonly NamePart[] {
    return [
      { level: 'server', name: this.#server },
      { level: 'database', name: this.#database },
    ];
  }

  schemaPath(schema: string): readonly NamePart[] {
    return [...this.databasePath(), { level: 'schema', name: schema }];
  }

  relationPath({ schema, name, kind }: Pick<NameRow, 'schema' | 'name' | 'kind'>): readonly NamePart[] {
    const level = kind === 'v' || kind === 'm' ? 'view' : 'table';
    return [...this.schemaPath(schema), { level, name }];
  }

  server(version: string): FoundObject {
    const path: readonly NamePart[] = [{ level: 'server', name: this.#server }];
    return this.#found({ ...empty(path), additional: [additional('version', version)] });
  }

  database(described: { readonly description: string | null; readonly owner: string }): FoundObject {
    const { description, owner } = described;
    return this.#found({ ...empty(this.databasePath()), description, owner });
  }

  schema({ oid, name, description, owner }: SchemaRow): FoundObject {
    const found = this.#found({ ...empty(this.schemaPath(name)), description, owner });
    return { ...found, ref: this.ref('schema', oid) };
  }

  /** The ref of an object: an oid is unique within its catalogue, and a catalogue within its database. */
  ref(what: 'schema' | 'relation' | 'routine', oid: number): string {
    return `${this.#database}/${what}/${oid}`;
  }

  relation(
    row: RelationRow,
    rest: Pick<Facts, 'columns' | 'parts'> & Partial<Pick<Facts, 'definition' | 'dependencies' | 'warnings'>>,
  ): FoundObject {
    const found = this.#found({
      ...empty(this.relationPath(row)),
      description: row.description,
      owner: row.owner,
      ...rest,
      definition: rest.definition == null ? null : redactConnections(rest.definition),
      additional: [additional('kind', kinds[row.kind])],
    });
    return { ...found, ref: this.ref('relation', row.oid), columnsKeepOrdinal: true };
  }

  column(row: ColumnRow, key: ForeignKeyRow | undefined): Column {
    const generated = row.generated === '' ? [] : [additional('generated', generatedKinds[row.generated])];
    const identity = row.identity === '' ? [] : [additional('identity', identityKinds[row.identity])];
    return {
      name: row.name,
      ordinal: row.ordinal,
      dataType: row.dataType,
      description: row.description,
      nullable: row.nullable,
      length: row.length,
      scale: row.scale,
      defaultExpression: row.defaultExpression,
      primaryKey: row.primaryKey,
      unique: row.unique,
      references: key === undefined ? null : this.#reference(key),
      additional: [...generated, ...identity],
    };
  }

  /** Undefined for one that was dropped since. */
  routine(row: RoutineRow): FoundObject | undefined {
    if (row.text === null) return undefined;
    const path: readonly NamePart[] = [
      ...this.schemaPath(row.schema),
      { level: 'routine', name: `${row.name}(${row.arguments})` },
    ];
    return {
      type: 'routine',
      objectId: objectId(path),
      ref: this.ref('routine', row.oid),
      sequence: this.#sequence,
      value: {
        system,
        path,
        kind: row.kind === 'p' ? 'PROCEDURE' : 'FUNCTION',
        language: row.language,
        text: redactConnections(row.text),
        description: row.description,
        file: null,
        warnings: [],
        additional: [],
      },
    };
  }

  #reference(key: ForeignKeyRow): ColumnReference {
    return {
      path: this.relationPath({ schema: key.schema, name: key.table, kind: 'r' }),
      column: key.column,
    };
  }

  #found(value: Facts): FoundObject {
    return { type: 'database-object', objectId: objectId(value.path), sequence: this.#sequence, value };
  }
}

const generatedKinds: Readonly<Record<string, string>> = { s: 'stored', v: 'virtual' };
const identityKinds: Readonly<Record<string, string>> = { a: 'always', d: 'by default' };

function additional(key: string, value: string | undefined): Additional {
  return { key, json: JSON.stringify(value ?? null) };
}

function empty(path: readonly NamePart[]): Facts {
  return { system, path, ...blankObject };
}

/** The path as one text: each name percent-encoded, so that a slash in a name cannot pose as a level. Below the server, which is one. */
export function objectId(path: readonly NamePart[]): string {
  const names = path.slice(1).map((part) => encodeURIComponent(part.name.toWellFormed()));
  return names.length === 0 ? '/' : names.join('/');
}
