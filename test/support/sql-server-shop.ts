/** A small shop in a SQL Server that answers as the documentation of the catalogue views, DDL events and rowversion says; it knows no SQL but ours. */
import { lookQuery, type Noted } from '../../producers/sql-server/outbox.ts';
import {
  absentQuery,
  fingerprintQuery,
  scanQueries,
  stateQuery,
} from '../../producers/sql-server/queries.ts';
import type { TdsAnswer, TdsRow } from './tds-server.ts';

/** A column of `schema.table.name`. */
export const column = (path: string, ordinal: number, type: string, more: TdsRow = {}): TdsRow => {
  const [schema = '', table = '', name = ''] = path.split('.');
  const rest = {
    description: null,
    nullable: true,
    length: null,
    scale: null,
    default: null,
    identity: null,
  };
  return { schema, table, name, ordinal, type, ...rest, ...more };
};
const object = (schema: string, name: string, kind: string, definition: string | null = null): TdsRow => ({
  schema,
  name,
  description: null,
  kind,
  definition,
});
const keyOf = (kind: string, table: string, name: string, ref: TdsRow = {}): TdsRow => ({
  schema: 'dbo',
  table,
  key: `${kind}_${table}`,
  kind,
  column: name,
  refSchema: null,
  refTable: null,
  refColumn: null,
  ...ref,
});

/** Options of a producer that reads the shop from a server on a port. */
export const optionsOfShop = (port: number) => ({
  host: '127.0.0.1',
  port,
  user: 'catalog',
  password: 'right',
  database: 'shop',
  server: 'srv',
  encrypt: false,
});

/** What the catalogue views of a small shop say, in the form that the queries ask for. */
export const shop = {
  schemas: [
    { name: 'dbo', description: null, owner: 'dbo' },
    { name: 'dw', description: 'the warehouse', owner: 'dbo' },
  ],
  tables: [
    object('dbo', 'Customers', 'table'),
    object('dbo', 'Orders', 'table'),
    object(
      'dbo',
      'BigOrders',
      'view',
      'CREATE VIEW dbo.BigOrders AS SELECT o.Id, o.Amount AS Total FROM dbo.Orders o WHERE o.Amount > 9',
    ),
    object('dw', 'Totals', 'table'),
  ],
  columns: [
    column('dbo.Customers.Id', 1, 'int', { nullable: false, identity: 'true' }),
    column('dbo.Customers.E/mail#', 2, 'nvarchar(80)', { length: 80, description: 'for bills' }),
    column('dbo.Orders.Id', 1, 'int', { nullable: false }),
    column('dbo.Orders.Customer', 2, 'int'),
    column('dbo.Orders.Amount', 3, 'decimal(12,2)', { length: 12, scale: 2, default: '((0))' }),
    column('dbo.BigOrders.Id', 1, 'int'),
    column('dbo.BigOrders.Total', 2, 'decimal(12,2)'),
    column('dw.Totals.Customer', 1, 'int'),
    column('dw.Totals.Total', 2, 'decimal(38,2)'),
  ],
  keys: [
    keyOf('primary', 'Customers', 'Id'),
    keyOf('foreign', 'Orders', 'Customer', { refSchema: 'dbo', refTable: 'Customers', refColumn: 'Id' }),
  ],
  routines: [
    {
      schema: 'dw',
      name: 'LoadTotals',
      description: 'nightly',
      text: 'CREATE PROCEDURE dw.LoadTotals @since int AS\nINSERT INTO dw.Totals (Customer, Total)\nSELECT Customer, SUM(Amount) FROM dbo.Orders WHERE Id > @since GROUP BY Customer',
      kind: 'procedure',
    },
    { schema: 'dw', name: 'Sealed', description: null, text: null, kind: 'procedure' },
  ],
} satisfies Record<keyof ReturnType<typeof scanQueries>, readonly TdsRow[]>;
/** Objects of the shop as a contract names them. */
export const shopObjects = [
  'database-object /',
  'database-object shop',
  'database-object shop/dbo',
  'database-object shop/dbo/BigOrders',
  'database-object shop/dbo/Customers',
  'database-object shop/dbo/Orders',
  'database-object shop/dw',
  'database-object shop/dw/Totals',
  'routine shop/dw/routines/LoadTotals',
  'routine shop/dw/routines/Sealed',
];

type Results = Record<keyof ReturnType<typeof scanQueries>, readonly TdsRow[]>;

/** A transaction that has changed something and is open. */
export interface OpenTransaction {
  commit(): void;
  rollback(): void;
}

interface OutboxRow extends Noted {
  readonly version: number;
}

const hex = (version: number): string => `0x${version.toString(16).toUpperCase().padStart(16, '0')}`;

/** The database: what its views say now, and what its DDL trigger has noted. */
export class ShopDatabase {
  /** What the views say now; answers of errors stand in for what cannot be read. */
  readonly results: { [Name in keyof Results]: TdsAnswer } = { ...shop };
  /** Undefined where no DDL trigger is installed. */
  trigger: string | undefined;
  /** Fields of the look at the outbox that are to differ. */
  look: TdsRow = {};
  incarnation = '5/2024';
  fingerprint = 1;
  /** Batches that were run and are no queries. */
  readonly batches: string[] = [];
  #version = 2_000;
  #rows: OutboxRow[] = [];
  readonly #open = new Set<number>();

  /** Changes definitions in a transaction of its own. */
  change(noted: Partial<Noted>, then: () => void = () => undefined): void {
    then();
    this.begin(noted).commit();
  }

  /** Changes definitions in a transaction that stays open: the trigger has written its row, which nobody else sees. */
  begin(noted: Partial<Noted>): OpenTransaction {
    this.#version += 1;
    const version = this.#version;
    this.#open.add(version);
    const blank = {
      object_name: null,
      object_type: null,
      target_name: null,
      target_type: null,
      new_name: null,
    };
    return {
      commit: () => {
        this.#open.delete(version);
        this.#rows.push({ event: 'ALTER_TABLE', schema_name: 'dbo', ...blank, ...noted, version });
      },
      rollback: () => this.#open.delete(version),
    };
  }

  /** Answers a batch. */
  answer(sql: string): TdsAnswer {
    if (sql === stateQuery)
      return [
        { version: '16.0.1', edition: 'Developer', name: 'shop', incarnation: this.incarnation, folds: true },
      ];
    if (sql === fingerprintQuery) return [{ fingerprint: `${this.fingerprint}` }];
    if (sql === lookQuery) return [{ ...this.#look(), ...this.look }];
    const range =
      /version >= CONVERT\(binary\(8\), '(\w+)', 1\) AND version < CONVERT\(binary\(8\), '(\w+)'/.exec(sql);
    if (range !== null) return this.#noted(range[1] ?? '', range[2] ?? '');
    const touched = namesIn(sql);
    if (sql === absentQuery(exactNamesIn(sql))) return [{ absent: this.#absent(touched) }];
    for (const name of ['schemas', 'tables', 'columns', 'keys', 'routines'] as const) {
      if (sql === scanQueries()[name]) return this.results[name];
      if (touched.size > 0 && headOf(sql) === headOf(scanQueries()[name])) return this.#among(name, touched);
    }
    this.batches.push(sql);
    return [];
  }

  #look(): TdsRow {
    const installed = this.trigger !== undefined;
    return {
      // The lowest that an open transaction has, else the next one.
      upto: hex(Math.min(...this.#open, this.#version + 1)),
      installed,
      trigger: this.trigger ?? null,
      complete: installed,
      readable: installed,
      forgets: installed,
      primary_copy: true,
    };
  }

  #noted(from: string, upto: string): readonly TdsRow[] {
    const rows = this.#rows.filter(({ version }) => version >= Number(from) && version < Number(upto));
    return rows.toSorted((a, b) => a.version - b.version).map(({ version: _version, ...row }) => row);
  }

  #absent(names: ReadonlySet<string>): number {
    const { tables } = this.results;
    const there = new Set('number' in tables ? [] : tables.map((row) => nameOf(row['schema'], row['name'])));
    return [...names].filter((name) => !there.has(name)).length;
  }

  #among(name: keyof Results, touched: ReadonlySet<string>): TdsAnswer {
    const rows = this.results[name];
    if ('number' in rows) return rows;
    const keys = this.results.keys;
    const referring = new Set(
      'number' in keys
        ? []
        : keys
            .filter((key) => touched.has(nameOf(key['refSchema'], key['refTable'])))
            .map((key) => nameOf(key['schema'], key['table'])),
    );
    return rows.filter((row) => {
      const of = nameOf(row['schema'], row['table'] ?? row['name']);
      return touched.has(of) || (name !== 'routines' && referring.has(of));
    });
  }
}

/** Names compare without regard to letter case, as in a new database. */
const nameOf = (schema: unknown, name: unknown): string => `${String(schema)}.${String(name)}`.toLowerCase();

function exactNamesIn(sql: string): readonly (readonly [string, string])[] {
  const found = sql.matchAll(/OBJECT_ID\(N'\[((?:[^\]]|\]\])+)\]\.\[((?:[^\]]|\]\])+)\]'\)/g);
  return [...found].map(([, schema = '', name = '']) => [schema, name]);
}

function namesIn(sql: string): ReadonlySet<string> {
  return new Set(exactNamesIn(sql).map(([schema, name]) => nameOf(schema, name)));
}

/** What a query begins with, which tells it from the others. */
const headOf = (sql: string): string => sql.slice(0, sql.indexOf('o.is_ms_shipped'));
