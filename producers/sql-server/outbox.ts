import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import type { NameStep } from '../../platform/relational/renames.ts';
import { captureSchema, captureTrigger, outboxColumns } from './capture.ts';
import type { RunQuery } from './connection.ts';
import type { QualifiedName, Touched } from './queries.ts';

/** A value of the type rowversion as the queries write it. */
export const versionSchema = z.string().regex(/^0x[0-9A-F]{16}$/);

const outbox = `${captureSchema}.ddl_outbox`;
const yes = (condition: string): string => `CAST(CASE WHEN ${condition} THEN 1 ELSE 0 END AS bit)`;

/**
 * Whether changes are noted here, whether this user may read them, and up to where. A number that only grows is no mark: a transaction that took
 * a lower one may commit later. Below MIN_ACTIVE_ROWVERSION() there is none that is still open (its documentation), so what is below is complete.
 */
export const lookQuery = `
  SELECT CONVERT(varchar(18), MIN_ACTIVE_ROWVERSION(), 1) AS upto, ${yes(`SCHEMA_ID(N'${captureSchema}') IS NOT NULL`)} AS installed,
         (SELECT CONCAT(t.object_id, '/', CONVERT(varchar(33), t.modify_date, 126)) FROM sys.triggers t
          WHERE t.parent_class = 0 AND t.name = N'${captureTrigger}' AND t.is_disabled = 0) AS [trigger],
         ${yes(`COL_LENGTH(N'${outbox}', N'new_name') IS NOT NULL`)} AS complete,
         ${yes(`HAS_PERMS_BY_NAME(N'${outbox}', N'OBJECT', N'SELECT') = 1`)} AS readable,
         ${yes(`HAS_PERMS_BY_NAME(N'${captureSchema}.forget', N'OBJECT', N'EXECUTE') = 1`)} AS forgets,
         ${yes(`DATABASEPROPERTYEX(DB_NAME(), 'Updateability') = 'READ_WRITE'`)} AS primary_copy`;

/** Deletes what was noted too long ago. */
export const forgetQuery = `EXEC ${captureSchema}.forget`;

/** What was noted from one version on, and before another, in its order. */
function notedQuery(from: string, upto: string): string {
  return `
  SELECT ${Object.keys(outboxColumns).join(', ')}
  FROM ${outbox} WHERE version >= CONVERT(binary(8), '${from}', 1) AND version < CONVERT(binary(8), '${upto}', 1) ORDER BY version`;
}

const lookSchema = z.object({
  upto: versionSchema,
  installed: z.boolean(),
  trigger: z.string().nullable(),
  complete: z.boolean(),
  readable: z.boolean(),
  forgets: z.boolean(),
  primary_copy: z.boolean(),
});
/** What a look at the outbox says. */
export type Look = z.output<typeof lookSchema>;

const name = z.string().nullable();
const notedSchema = z.object({
  event: name,
  schema_name: name,
  object_name: name,
  object_type: name,
  target_name: name,
  target_type: name,
  new_name: name,
});
/** One row of the outbox. */
export type Noted = z.output<typeof notedSchema>;

/** Looks at the outbox. Rejects with SOURCE_INVALID when the answer is not what it should be. */
export async function readLook(query: RunQuery): Promise<Look> {
  const [row] = await query(lookQuery);
  return parsed(lookSchema, row, 'the state of the outbox');
}

/** Reads what was noted between two versions. */
export async function readNoted(query: RunQuery, from: string, upto: string): Promise<readonly Noted[]> {
  const rows = await query(notedQuery(from, upto));
  return rows.map((row) => parsed(notedSchema, row, 'a row of the outbox'));
}

function parsed<S extends z.ZodType>(schema: S, row: unknown, what: string): z.output<S> {
  const result = schema.safeParse(row);
  if (result.success) return result.data;
  throw new StreamError('SOURCE_INVALID', `${what} is not as it should be: ${z.prettifyError(result.error)}`);
}

/** Why the outbox cannot be read, for a person; undefined where it can. */
export function whyNoTrigger(look: Look): string | undefined {
  if (!look.installed) return 'no DDL trigger is installed';
  if (!look.primary_copy)
    return 'this is a copy that only reads, which does not tell which transactions are open';
  if (look.trigger === null) return 'the DDL trigger is disabled or gone, or the user lacks VIEW DEFINITION';
  if (!look.readable)
    return 'the user may not read what the DDL trigger notes: grant it as --install prints it';
  if (!look.complete) return 'the DDL trigger was installed by another version: install it again';
  return undefined;
}

/** Names that may be touched between two looks; more are a scan. */
const maxTouched = 500;

const kinds: Readonly<Record<string, keyof Touched>> = {
  TABLE: 'tables',
  VIEW: 'tables',
  PROCEDURE: 'routines',
  FUNCTION: 'routines',
  TRIGGER: 'routines',
};
const kindOf = (type: string | null): keyof Touched | undefined => kinds[type?.toUpperCase() ?? ''];

/** What noted changes touch: `everything` where only a scan can tell. */
export function touchedBy(noted: readonly Noted[]): Touched | 'everything' {
  const names = { tables: new Map<string, QualifiedName>(), routines: new Map<string, QualifiedName>() };
  for (const row of noted) {
    const touched = objectOf(row);
    if (touched === undefined) return 'everything';
    for (const name of touched.names)
      names[touched.kind].set(JSON.stringify([touched.schema, name]), [touched.schema, name]);
    if (names.tables.size + names.routines.size > maxTouched) return 'everything';
  }
  return { tables: [...names.tables.values()], routines: [...names.routines.values()] };
}

/**
 * The table or routine that a change is of. sp_rename has the old name as the object's, and the new one beside it; what belongs to a table (a column,
 * an index, a description of either) has the table as its target.
 */
function objectOf(
  row: Noted,
): { readonly kind: keyof Touched; readonly schema: string; readonly names: readonly string[] } | undefined {
  const { schema_name: schema } = row;
  if (!schema || !row.object_name) return undefined;
  const kind = kindOf(row.object_type);
  if (kind !== undefined)
    return { kind, schema, names: row.new_name ? [row.object_name, row.new_name] : [row.object_name] };
  const target = kindOf(row.target_type);
  return target === undefined || !row.target_name
    ? undefined
    : { kind: target, schema, names: [row.target_name] };
}

/** What noted changes do to names of tables and views, and of their columns. */
export function nameSteps(noted: readonly Noted[]): readonly NameStep[] {
  return noted.flatMap((row): NameStep[] => {
    const { event, schema_name: schema, object_name: name, object_type: type, new_name: to } = row;
    if (!schema || !name) return [];
    const isTable = kindOf(type) === 'tables';
    if (event !== 'RENAME')
      return isTable && /^(?:CREATE|DROP)_/u.test(event ?? '') ? [{ gone: [schema, name] }] : [];
    if (!to) return [];
    if (isTable) return [{ from: [schema, name], to: [schema, to], columns: [] }];
    if (type?.toUpperCase() !== 'COLUMN' || !row.target_name || kindOf(row.target_type) !== 'tables')
      return [];
    const table = [schema, row.target_name] as const;
    return [{ from: table, to: table, columns: [{ from: name, to }] }];
  });
}
