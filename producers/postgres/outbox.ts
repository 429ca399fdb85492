import type { Client } from 'pg';
import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import * as queries from './outbox-queries.ts';
import { queryRows } from './rows.ts';

const oid = z.number().int().nonnegative();

const stateRow = z.object({
  installed: z.boolean(),
  enabled: z.boolean(),
  standby: z.boolean(),
  complete: z.boolean(),
  readable: z.boolean(),
  forgets: z.boolean(),
});
const lookRow = z.object({
  snapshot: z.string(),
  enabled: z.boolean(),
  steady: z.boolean().nullable(),
  noted: z.boolean(),
});
const notedRow = z.object({
  class: oid,
  object: oid,
  dropped: z.boolean(),
  kind: z.string(),
  command: z.string(),
  schema: z.string().nullable(),
  table: z.string().nullable(),
  what: z.enum(['relation', 'routine', 'schema']).nullable(),
});
const xidRow = z.object({ low: z.coerce.number() });
const touchedRow = z.object({ what: z.enum(['relation', 'routine']), object: oid, read: oid });

/** Whether the changes of a database are noted, and whether this role may read them. */
export type CaptureState = z.output<typeof stateRow>;
type Noted = z.output<typeof notedRow>;

/** What noted changes touch, by oid. */
export interface Touched {
  /** To be read again. */
  readonly read: {
    readonly schemas: ReadonlySet<number>;
    readonly relations: readonly number[];
    readonly routines: readonly number[];
  };
  /** Everything that was looked at: what of it is not found is gone. */
  readonly looked: {
    readonly schemas: readonly number[];
    readonly relations: readonly number[];
    readonly routines: readonly number[];
  };
}

/** The outbox of one database, through one connection. */
export class Outbox {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  state(): Promise<CaptureState> {
    return this.#one(stateRow, queries.captureStateQuery, []);
  }

  /** Whether something was noted since a snapshot, whether the triggers are as it saw them, and the snapshot of this look. */
  look(since: string): Promise<z.output<typeof lookRow>> {
    return this.#one(lookRow, queries.lookQuery, [since]);
  }

  /** Which transactions, by the lower halves of their numbers, a snapshot has seen. */
  async visible(xids: readonly number[], snapshot: string): Promise<ReadonlySet<number>> {
    const rows = await queryRows(this.#client, xidRow, {
      query: queries.visibleQuery,
      values: [[...new Set(xids)], snapshot],
    });
    return new Set(rows.map(({ low }) => low));
  }

  /** Deletes what was noted too long ago. */
  async forget(): Promise<void> {
    await this.#client.query(queries.forgetQuery);
  }

  /**
   * What the changes between two snapshots touch; undefined when nothing was noted. To be called in the transaction that then reads it,
   * whose snapshot is `until`.
   */
  async touched(since: string, until: string): Promise<Touched | undefined> {
    const noted = await queryRows(this.#client, notedRow, {
      query: queries.notedQuery,
      values: [since, until],
    });
    if (noted.length === 0) return undefined;
    const of = (what: Noted['what']): number[] =>
      noted.filter((row) => row.what === what).map((row) => row.object);
    const touched = await queryRows(this.#client, touchedRow, {
      query: queries.touchedQuery,
      values: [...touchedValues(noted), since],
    });
    const [relations, routines] = (['relation', 'routine'] as const).map((what) =>
      touched.filter((row) => row.what === what),
    );
    const schemas = of('schema');
    return {
      read: {
        schemas: new Set(schemas),
        relations: [...new Set(relations?.map((row) => row.read))],
        routines: routines?.map((row) => row.read) ?? [],
      },
      looked: {
        schemas,
        relations: [...of('relation'), ...(relations?.map((row) => row.object) ?? [])],
        routines: [...of('routine'), ...(routines?.map((row) => row.object) ?? [])],
      },
    };
  }

  async #one<S extends z.ZodType>(
    schema: S,
    query: string,
    values: readonly unknown[],
  ): Promise<z.output<S>> {
    const [row] = await queryRows(this.#client, schema, { query, values });
    if (row === undefined) throw new StreamError('SOURCE_INVALID', `A query had no row: ${query.trim()}`);
    return row;
  }
}

/** The first parameters of the query of what is touched. A schema's own row concerns nothing in it, unless its name may be another. */
function touchedValues(noted: readonly Noted[]): readonly unknown[] {
  const objects = noted.filter((row) => row.what !== 'schema');
  const schemas = noted.filter((row) => row.what === 'schema' && row.command === 'ALTER SCHEMA');
  const parts = noted.filter((row) => row.table !== null);
  const dropped = (kind: string): readonly (string | null)[] =>
    noted.filter((row) => row.dropped && row.kind === kind).map((row) => row.schema);
  return [
    objects.map((row) => row.class),
    objects.map((row) => row.object),
    schemas.map((row) => row.object),
    parts.map((row) => row.schema),
    parts.map((row) => row.table),
    dropped('index'),
    dropped('table'),
  ];
}
