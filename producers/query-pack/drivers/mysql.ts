import { z } from 'zod';
import type { Driver } from './driver.ts';

const options = z.strictObject({
  host: z.string().min(1).default('localhost'),
  port: z.number().int().default(3306),
  user: z.string().min(1),
  password: z.string().optional(),
  database: z.string().min(1).optional(),
  ssl: z.boolean().default(false),
});
const rowsSchema = z.array(z.record(z.string(), z.unknown()));

/** MySQL, MariaDB and what speaks their protocol, by mysql2. */
export const mysqlDriver: Driver = {
  databaseName: (given) => options.parse(given).database,
  async connect(given, { signal }) {
    const { password, database, ssl, ...at } = options.parse(given);
    const { createConnection } = await import('mysql2/promise'); // loaded where it is used: it takes a tenth of a second
    const connection = await createConnection({
      ...at,
      ...(password === undefined ? {} : { password }),
      ...(database === undefined ? {} : { database }),
      ...(ssl ? { ssl: { rejectUnauthorized: true } } : {}),
      connectTimeout: 10_000,
      charset: 'utf8mb4',
    });
    const cut = (): void => connection.destroy();
    signal.addEventListener('abort', cut, { once: true });
    await connection.query('SET SESSION TRANSACTION READ ONLY');
    return {
      query: async (sql) => rowsSchema.parse((await connection.query(sql))[0]),
      close: async () => {
        signal.removeEventListener('abort', cut);
        connection.destroy();
      },
    };
  },
};
