import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { messageOf, StreamError } from '../../../pipeline/errors.ts';
import type { Driver } from './driver.ts';
import { mysqlDriver } from './mysql.ts';
import { postgresDriver } from './postgres.ts';
import { sqliteDriver } from './sqlite.ts';

const drivers: ReadonlyMap<string, Driver> = new Map([
  ['sqlite', sqliteDriver],
  ['mysql', mysqlDriver],
  ['postgres', postgresDriver],
]);

const isFunction = (value: unknown): boolean => typeof value === 'function';
const moduleSchema = z.object({
  databaseName: z.custom<NonNullable<Driver['databaseName']>>(isFunction).optional(),
  connect: z.custom<Driver['connect']>(isFunction, 'it exports no function connect'),
});

/** Whether a pack's `driver` names a module rather than a driver that is built in. */
function isModule(name: string): boolean {
  return /^\.{0,2}\/|\.[cm]?[jt]s$/.test(name);
}

/** Throws CONFIG_INVALID for a driver that is neither built in nor a module's path. */
export function checkDriver(name: string, file: string): void {
  if (drivers.has(name) || isModule(name)) return;
  throw new StreamError('CONFIG_INVALID', `${file}: there is no driver ${JSON.stringify(name)}.`, {
    advice: `Built in are ${[...drivers.keys()].join(', ')}; one of your own is the path of a module, such as ./my-driver.mjs.`,
  });
}

/** The driver of that name; a module is looked for from the folder of the pack. Rejects with CONFIG_INVALID. */
export async function findDriver(name: string, packFile: string): Promise<Driver> {
  const known = drivers.get(name);
  if (known !== undefined) return known;
  checkDriver(name, packFile);
  const file = path.resolve(path.dirname(packFile), name);
  try {
    const loaded: unknown = await import(pathToFileURL(file).href);
    const { databaseName, connect } = moduleSchema.parse(loaded);
    return { connect, ...(databaseName === undefined ? {} : { databaseName }) };
  } catch (thrown) {
    const why = thrown instanceof z.ZodError ? (thrown.issues[0]?.message ?? '') : messageOf(thrown);
    throw new StreamError('CONFIG_INVALID', `${packFile}: the driver ${file} cannot be loaded: ${why}.`, {
      cause: thrown,
    });
  }
}
