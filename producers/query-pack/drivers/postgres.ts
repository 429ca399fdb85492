import { z } from 'zod';
import type { Driver } from './driver.ts';

const options = z.strictObject({
  host: z.string().min(1).default('localhost'),
  port: z.number().int().default(5432),
  user: z.string().min(1),
  password: z.string().optional(),
  database: z.string().min(1),
  ssl: z.boolean().default(false),
});
const rowsSchema = z.array(z.record(z.string(), z.unknown()));

/** PostgreSQL and what speaks its protocol (Redshift, CockroachDB, Greenplum, …), by pg. */
export const postgresDriver: Driver = {
  databaseName: (given) => options.parse(given).database,
  async connect(given, { signal }) {
    const { password, ...at } = options.parse(given);
    const { Client } = await import('pg');
    const client = new Client({
      ...at,
      ...(password === undefined ? {} : { password }),
      application_name: 'purview-streams',
      connectionTimeoutMillis: 10_000,
    });
    // A connection that breaks while nothing is asked shows with the next query; without a listener it would end the process.
    client.on('error', () => undefined);
    const cut = (): void => void client.end();
    signal.addEventListener('abort', cut, { once: true });
    await client.connect();
    await client.query('SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY');
    return {
      query: async (sql) => rowsSchema.parse((await client.query(sql)).rows),
      close: async () => {
        signal.removeEventListener('abort', cut);
        await client.end();
      },
    };
  },
};
