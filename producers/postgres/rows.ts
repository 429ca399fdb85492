import type { Client } from 'pg';
import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import * as queries from './queries.ts';

const oid = z.number().int().nonnegative();
const text = z.string();
const comment = z.string().nullable();

const databaseRow = z.object({
  version: text,
  sequence: z.coerce.number(),
  snapshot: text,
  description: comment,
  owner: text,
});
const schemaRow = z.object({ oid, name: text, description: comment, owner: text });
const relationRow = z.object({
  oid,
  schema: text,
  name: text,
  kind: z.enum(['r', 'p', 'f', 'v', 'm']),
  description: comment,
  owner: text,
});
const partitionRow = z.object({ relation: oid, name: text });
const columnRow = z.object({
  relation: oid,
  ordinal: z.number().int(),
  name: text,
  dataType: text,
  description: comment,
  nullable: z.boolean().nullable(),
  defaultExpression: z.string().nullable(),
  generated: text,
  identity: text,
  length: z.number().int().nullable(),
  scale: z.number().int().nullable(),
  primaryKey: z.boolean(),
  unique: z.boolean(),
});
const foreignKeyRow = z.object({
  relation: oid,
  ordinal: z.number().int(),
  schema: text,
  table: text,
  column: text,
});
/** The text is null for a view that was dropped since: functions such as pg_get_viewdef do not look through the snapshot. */
const viewRow = z.object({ relation: oid, definition: text.nullable(), tree: text });
const readRow = z.object({ view: oid, relation: oid, column: z.number().int() });
const nameRow = z.object({
  relation: oid,
  schema: text,
  name: text,
  kind: z.enum(['r', 'p', 'f', 'v', 'm']),
  columns: z.record(z.string(), z.string()),
});
/** The text is null for a routine that was dropped since, as that of a view. */
const routineRow = z.object({
  oid,
  schema: text,
  name: text,
  kind: z.enum(['f', 'p', 'w']),
  language: text,
  arguments: text,
  text: text.nullable(),
  description: comment,
});
const incarnationRow = z.object({ incarnation: text });
const fingerprintRow = z.object({ fingerprint: text });

/** A schema as the catalogue has it. */
export type SchemaRow = z.output<typeof schemaRow>;
/** A table or view as the catalogue has it. */
export type RelationRow = z.output<typeof relationRow>;
/** A column as the catalogue has it. */
export type ColumnRow = z.output<typeof columnRow>;
/** One column of a foreign key. */
export type ForeignKeyRow = z.output<typeof foreignKeyRow>;
/** Text and stored tree of a view. */
export type ViewRow = z.output<typeof viewRow>;
/** One column that a view reads; column 0 is the whole table. */
export type ReadRow = z.output<typeof readRow>;
/** Name of a relation with its columns by number. */
export type NameRow = z.output<typeof nameRow>;
/** A function or procedure. */
export type RoutineRow = z.output<typeof routineRow>;

/** The typed queries of one connection. Rows that do not have the expected form are SOURCE_INVALID. */
export class Catalogue {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  database() {
    return this.#one(databaseRow, queries.databaseQuery, []);
  }

  schemas(include: readonly string[] | null, exclude: readonly string[]) {
    return this.#rows(schemaRow, queries.schemasQuery, [include, exclude]);
  }

  async relations(schemas: readonly number[], only: readonly number[] | null) {
    if (only?.length === 0) return [];
    return this.#rows(relationRow, queries.relationsQuery, [schemas, only]);
  }

  async partitions(relations: readonly number[]) {
    if (relations.length === 0) return [];
    return this.#rows(partitionRow, queries.partitionsQuery, [relations]);
  }

  columns(relations: readonly number[]) {
    return this.#rows(columnRow, queries.columnsQuery, [relations]);
  }

  foreignKeys(relations: readonly number[]) {
    return this.#rows(foreignKeyRow, queries.foreignKeysQuery, [relations]);
  }

  views(relations: readonly number[]) {
    return this.#rows(viewRow, queries.viewsQuery, [relations]);
  }

  viewReads(relations: readonly number[]) {
    return this.#rows(readRow, queries.viewReadsQuery, [relations]);
  }

  names(relations: readonly number[]) {
    return this.#rows(nameRow, queries.namesQuery, [relations]);
  }

  async routines(schemas: readonly number[], only: readonly number[] | null) {
    if (only?.length === 0) return []; // a round trip less until a change is seen
    return this.#rows(routineRow, queries.routinesQuery, [schemas, only]);
  }

  async incarnation(): Promise<string> {
    const { rows } = await this.#client.query<{ allowed: boolean }>(
      `SELECT has_function_privilege('pg_control_system()', 'EXECUTE')
          AND has_function_privilege('pg_control_checkpoint()', 'EXECUTE') AS allowed`,
    );
    const query = rows[0]?.allowed === true ? queries.incarnationQuery : queries.databaseOidQuery;
    return (await this.#one(incarnationRow, query, [])).incarnation;
  }

  async fingerprint(): Promise<string> {
    return (await this.#one(fingerprintRow, queries.fingerprintQuery, [])).fingerprint;
  }

  async #one<S extends z.ZodType>(
    schema: S,
    query: string,
    values: readonly unknown[],
  ): Promise<z.output<S>> {
    const [row] = await this.#rows(schema, query, values);
    if (row === undefined) throw new StreamError('SOURCE_INVALID', `A query had no row: ${query.trim()}`);
    return row;
  }

  #rows<S extends z.ZodType>(schema: S, query: string, values: readonly unknown[]): Promise<z.output<S>[]> {
    return queryRows(this.#client, schema, { query, values });
  }
}

/** Runs a query whose rows have the form of `schema`. Rejects with SOURCE_INVALID for rows that have not. */
export async function queryRows<S extends z.ZodType>(
  client: Client,
  schema: S,
  { query, values }: { readonly query: string; readonly values: readonly unknown[] },
): Promise<z.output<S>[]> {
  const { rows } = await client.query(query, [...values]);
  const parsed = z.array(schema).safeParse(rows);
  if (parsed.success) return parsed.data;
  throw new StreamError(
    'SOURCE_INVALID',
    `A catalogue row does not have the expected form: ${z.prettifyError(parsed.error)}`,
    { cause: parsed.error },
  );
}
