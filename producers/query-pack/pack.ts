import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import { middleLevels } from '../../pipeline/relational-types.ts';
import { sqlDialects } from '../../pipeline/sql-dialects.ts';
import { fileError } from '../../platform/read-file.ts';
import { YamlSource } from '../../platform/yaml-source.ts';

/** Bytes that a pack may have. */
const maxBytes = 1_000_000;

const sql = z.string().min(1).max(200_000);
const query = z.union([
  sql,
  z.strictObject({
    sql,
    /** Field → column of the result, where the names differ. */
    map: z.record(z.string().min(1), z.string().min(1)).default({}),
  }),
]);
/** Queries that a pack may have; the fields of their rows are those of `RelationalResults`. */
const queries = z.strictObject({
  /** One value: the version of the server. */
  version: sql.optional(),
  /** One value that a restored or re-created database has anew. */
  incarnation: sql.optional(),
  /** One value that differs when the definition of anything does. */
  fingerprint: sql.optional(),
  databases: query.optional(),
  containers: query.optional(),
  schemas: query.optional(),
  tables: query,
  columns: query,
  keys: query.optional(),
  views: query.optional(),
  routines: query.optional(),
});

const packSchema = z
  .strictObject({
    system: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,40}$/, 'expected small letters, digits and -, such as sqlite'),
    product: z.string().min(1).max(80),
    types: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,40}$/, 'expected small letters, digits and _, such as sqlite')
      .optional(),
    scheme: z
      .string()
      .regex(/^[a-z][a-z0-9+-]{0,40}$/, 'expected small letters, digits, + and -')
      .optional(),
    dialect: z.enum(sqlDialects).optional(),
    levels: z
      .array(z.enum(middleLevels))
      .max(3)
      .refine((levels) => new Set(levels).size === levels.length, 'a level stands twice'),
    driver: z.string().min(1),
    queries,
  })
  .refine(
    ({ levels, queries: { databases, containers, schemas } }) =>
      [databases ? 'database' : '', containers ? 'container' : '', schemas ? 'schema' : ''].every(
        (level) => level === '' || levels.some((one) => one === level),
      ),
    { message: 'a query lists a level that is not in levels', path: ['levels'] },
  );

/** One query with the mapping of its fields. */
export interface PackQuery {
  readonly sql: string;
  readonly map: Readonly<Record<string, string>>;
}

/** A query pack: how the catalogue of one kind of database is read. */
export type Pack = z.output<typeof packSchema>;

/** Reads a pack. Throws SOURCE_NOT_FOUND and its like for the file, CONFIG_SYNTAX or CONFIG_INVALID, with line and field, for what is in it. */
export function loadPack(path: string): Pack {
  const source = new YamlSource(readText(path), path);
  const parsed = packSchema.safeParse(source.value());
  if (!parsed.success) throw source.invalid(parsed.error, [], packSchema);
  return parsed.data;
}

function readText(path: string): string {
  try {
    if (statSync(path).size > maxBytes)
      throw new StreamError('SOURCE_LIMIT', `${path} is larger than the cap of ${maxBytes} bytes.`);
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw fileError(thrown, path);
  }
}

/** A query in its long form; undefined where the pack has none. */
export function packQuery(
  pack: Pack,
  name: Exclude<keyof Pack['queries'], 'version' | 'incarnation' | 'fingerprint'>,
): PackQuery | undefined {
  const given = pack.queries[name];
  return typeof given === 'string' ? { sql: given, map: {} } : given;
}
