import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../../pipeline/errors.ts';
import { fileError } from '../../../platform/read-file.ts';
import type { Row } from '../../../platform/relational/row-reader.ts';
import type { Driver } from './driver.ts';

const options = z.strictObject({ file: z.string().min(1) });

interface Database {
  all(sql: string): readonly Row[];
  close(): void;
}

/** SQLite of Node.js where it has one (22.13 and newer), which takes part in the locks of other processes; else its build in WebAssembly. Both open for reading only. */
export const sqliteDriver: Driver = {
  databaseName: (given) => path.basename(options.parse(given).file),
  async connect(given, { baseFolder }) {
    const file = path.resolve(baseFolder, options.parse(given).file);
    // SQLite's own error does not tell why a file cannot be opened.
    await access(file, constants.R_OK).catch((thrown: unknown) => {
      throw fileError(thrown, file);
    });
    const database = (await openNative(file)) ?? (await openWasm(file));
    let closed = false;
    return {
      query: async (sql) => {
        try {
          return database.all(sql);
        } catch (thrown) {
          throw new Error(`${messageOf(thrown)} (${path.basename(file)})`, { cause: thrown });
        }
      },
      close: async () => {
        if (!closed) database.close();
        closed = true;
      },
    };
  },
};

/** The part of `node:sqlite` that is used; the types of the oldest Node.js have none. */
const nativeModule = z.object({
  DatabaseSync: z.custom<
    new (
      file: string,
      options: { readonly readOnly: boolean },
    ) => { prepare(sql: string): { all(): Row[] }; close(): void }
  >((value) => typeof value === 'function'),
});

async function openNative(file: string): Promise<Database | undefined> {
  const name = 'node:sqlite';
  let loaded: unknown;
  try {
    loaded = await import(name);
  } catch (thrown) {
    if (/No such built-in module|node:sqlite/.test(messageOf(thrown))) return undefined;
    throw thrown;
  }
  const { DatabaseSync } = nativeModule.parse(loaded);
  const database = new DatabaseSync(file, { readOnly: true });
  return { all: (sql) => database.prepare(sql).all(), close: () => database.close() };
}

async function openWasm(file: string): Promise<Database> {
  const { default: sqlite } = await import('node-sqlite3-wasm');
  const database = new sqlite.Database(file, { readOnly: true, fileMustExist: true });
  return { all: (sql) => database.all(sql), close: () => database.close() };
}
