import { z } from 'zod';
import { azureSignIn } from '../../pipeline/azure-sign-in.ts';
import { caseOption, intervalOption } from '../../pipeline/component.ts';
import { nameFilterOption } from '../../pipeline/name-filter.ts';

/** Options of a producer of kind `sql-server`. */
export const sqlServerOptions = z.strictObject({
  host: z.string().min(1).describe('Host name or address; of Azure SQL `NAME.database.windows.net`.'),
  port: z.number().int().min(1).max(65_535).default(1433).describe('Port.'),
  user: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Login with a password. Without it, the process signs in to Microsoft Entra ID with `credential`.',
    ),
  password: z.string().optional().describe('Password of the login, best as ${env:NAME} or ${file:PATH}.'),
  credential: azureSignIn
    .prefault({})
    .describe('How to sign in to Microsoft Entra ID, where there is no user.'),
  database: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe('Database to read, or a list of them.'),
  encrypt: z.boolean().default(true).describe('Whether to connect with TLS; Azure SQL always does.'),
  trustServerCertificate: z
    .boolean()
    .default(false)
    .describe('Whether a certificate that nobody vouches for is taken, as a new SQL Server has it.'),
  server: z
    .string()
    .min(1)
    .optional()
    .describe("The server's name in qualifiedNames. Default: the host, with :port where that is not 1433."),
  schemas: nameFilterOption('schemas'),
  tables: nameFilterOption('tables and views'),
  routines: nameFilterOption('procedures, functions and triggers'),
  types: z
    .enum(['own', 'azure'])
    .default('own')
    .describe("own: mssql_* types. azure: Purview's built-in azure_sql_* types."),
  case: caseOption,
  interval: intervalOption,
  reconcile: z
    .number()
    .positive()
    .max(2_000_000)
    .default(3_600)
    .describe(
      'Seconds between two full scans while the DDL trigger tells of changes: for what it does not see, such as owners.',
    ),
  timeout: z.number().positive().max(86_400).default(300).describe('Seconds that one query may take.'),
});

/** What was configured. */
export type SqlServerOptions = z.output<typeof sqlServerOptions>;

/** The databases to read, each once. */
export function databasesOf({ database }: SqlServerOptions): readonly string[] {
  return typeof database === 'string' ? [database] : [...new Set(database)];
}
