import { userInfo } from 'node:os';
import { z } from 'zod';
import { caseOption, intervalOption } from '../../pipeline/component.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { tlsOption } from '../../pipeline/tls-option.ts';

const names = z.array(z.string().min(1));

/** Options of a producer of kind `postgres`. What is absent is taken from libpq's environment variables, then from its defaults. */
export const postgresOptions = z.strictObject({
  host: z
    .string()
    .min(1)
    .optional()
    .describe('Host name or address. Default: the environment variable PGHOST, else localhost.'),
  port: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('Port. Default: the environment variable PGPORT, else 5432.'),
  user: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Role to log in as. Default: the environment variable PGUSER, else the name of the system user.',
    ),
  password: z
    .string()
    .optional()
    .describe(
      'Password of the role, best as ${env:NAME} or ${file:PATH}. Default: the environment variable PGPASSWORD.',
    ),
  database: z
    .union([z.string().min(1), names.min(1)])
    .optional()
    .describe(
      'Database to read, or a list of them. Default: the environment variable PGDATABASE, else the user.',
    ),
  ssl: tlsOption
    .optional()
    .describe(
      'Whether to connect with TLS; an object sets the certificate authority. Default: the environment variable PGSSLMODE, else no TLS.',
    ),
  server: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The server's name in qualifiedNames. Default: the host, with :port where that is not 5432. Set it where the host can change.",
    ),
  schemas: z
    .strictObject({
      include: names.optional().describe('Only these schemas. Default: all but the system schemas.'),
      exclude: names.default([]).describe('Not these schemas.'),
    })
    .default({ exclude: [] })
    .describe('Which schemas are read.'),
  types: z
    .enum(['own', 'azure', 'rdbms'])
    .default('own')
    .describe(
      "own: postgresql_* types. azure: Purview's built-in azure_postgresql_* types. rdbms: Atlas's rdbms_* types.",
    ),
  case: caseOption,
  follow: z
    .enum(['auto', 'replication'])
    .default('auto')
    .describe(
      'How the outbox of the event triggers is read. auto: looked at every 250 ms. replication: the server tells of it by a logical replication slot, which needs wal_level = logical, REPLICATION and `produce NAME --install` with this setting. Without event triggers it is the fingerprint in any case.',
    ),
  slot: z
    .string()
    .regex(/^[a-z0-9_]{1,40}$/, 'Small letters, digits and underscores, 40 at most.')
    .default('purview_streams')
    .describe(
      'What the names of replication slots begin with; the database follows. Each reader of a database needs its own.',
    ),
  interval: intervalOption,
  reconcile: z
    .number()
    .positive()
    .max(2_000_000)
    .default(3_600)
    .describe(
      'Seconds between two full scans while event triggers tell of changes: for what they do not see, such as owners.',
    ),
});

/** Where to connect, with everything filled in. */
export interface PostgresSource {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  /** Undefined leaves it to PGSSLMODE, which the client reads itself. */
  readonly ssl: boolean | { readonly ca?: string; readonly rejectUnauthorized: boolean } | undefined;
  readonly databases: readonly string[];
  /** Name of the server in qualifiedNames. */
  readonly server: string;
  readonly schemas: { readonly include: readonly string[] | null; readonly exclude: readonly string[] };
  readonly follow: 'auto' | 'replication';
  /** What the names of replication slots begin with. */
  readonly slot: string;
  /** Milliseconds between two looks at the fingerprint. */
  readonly intervalMs: number;
  /** Milliseconds between two full scans while event triggers tell of changes. */
  readonly reconcileMs: number;
}

/** Fills in what the options leave open, as libpq does (PostgreSQL documentation, "Environment Variables" of libpq). */
export function postgresSource(
  options: z.output<typeof postgresOptions>,
  environment: Readonly<Record<string, string | undefined>>,
): PostgresSource {
  const given = (name: string): string | undefined => environment[name] || undefined;
  const host = options.host ?? given('PGHOST') ?? 'localhost';
  const port = options.port ?? portOf(given('PGPORT'));
  const user = options.user ?? given('PGUSER') ?? userInfo().username;
  const database = options.database ?? given('PGDATABASE') ?? user;
  const { schemas } = options;
  return {
    host,
    port,
    user,
    password: options.password ?? given('PGPASSWORD'),
    ssl: tlsOptions(options.ssl),
    databases: typeof database === 'string' ? [database] : [...new Set(database)],
    server: options.server ?? (port === 5432 ? host : `${host}:${port}`),
    schemas: { include: schemas.include ?? null, exclude: schemas.exclude },
    follow: options.follow,
    slot: options.slot,
    intervalMs: options.interval * 1_000,
    reconcileMs: options.reconcile * 1_000,
  };
}

function portOf(text: string | undefined): number {
  if (text === undefined) return 5432;
  const port = z.coerce.number().int().min(1).max(65_535).safeParse(text);
  if (port.success) return port.data;
  throw new StreamError('CONFIG_INVALID', `PGPORT is ${JSON.stringify(text)}, which is no port.`, {
    advice: 'Set it to a number from 1 to 65535, or set the option port.',
  });
}

function tlsOptions(ssl: z.output<typeof postgresOptions>['ssl']): PostgresSource['ssl'] {
  if (typeof ssl !== 'object') return ssl;
  return { rejectUnauthorized: ssl.rejectUnauthorized, ...(ssl.ca === undefined ? {} : { ca: ssl.ca }) };
}
