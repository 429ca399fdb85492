import { z } from 'zod';
import { caseOption, datasetsOption, intervalOption } from '../../pipeline/component.ts';
import { tlsOption } from '../../pipeline/tls-option.ts';
import { historyOptions } from '../../pipeline/history-options.ts';
import { nameFilterOption } from '../../pipeline/name-filter.ts';

/** How to connect: the same for every producer of MySQL and MariaDB. */
const connectionOptions = {
  host: z.string().min(1).default('localhost').describe('Host name or address.'),
  port: z.number().int().min(1).max(65_535).default(3306).describe('Port.'),
  user: z.string().min(1).describe('User to log in as.'),
  password: z.string().optional().describe('Password of the user, best as ${env:NAME} or ${file:PATH}.'),
  ssl: tlsOption
    .default(false)
    .describe('Whether to connect with TLS; an object sets the certificate authority.'),
  server: z
    .string()
    .min(1)
    .optional()
    .describe("The server's name in qualifiedNames. Default: the host, with :port where that is not 3306."),
  case: caseOption,
};

/** Options of a producer of kind `mysql-history`. */
export const mysqlHistoryOptions = z.strictObject({
  ...connectionOptions,
  databases: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Only statements that ran in these databases. Default: all but the system databases.'),
  datasets: datasetsOption,
  ...historyOptions,
});

/** Options of a producer of kind `mysql`. */
export const mysqlOptions = z.strictObject({
  ...connectionOptions,
  databases: nameFilterOption('databases'),
  tables: nameFilterOption('tables and views'),
  routines: nameFilterOption('procedures, functions, triggers and events'),
  follow: z
    .enum(['auto', 'binlog', 'fingerprint'])
    .default('auto')
    .describe(
      'How changes are seen. binlog: the statements in the binary log. fingerprint: a checksum of information_schema each `interval`. auto: the binary log where it is on and the user may read it.',
    ),
  resume: z
    .enum(['position', 'gtid'])
    .default('position')
    .describe(
      'By what the binary log is read on after a stop. gtid also holds when another server of the same replication takes over; MySQL needs gtid_mode=ON for it.',
    ),
  interval: intervalOption,
  reconcile: z
    .number()
    .positive()
    .max(2_000_000)
    .default(3_600)
    .describe('Seconds between two full scans while the binary log is followed: for what it does not tell.'),
});

/** Where to connect, with everything filled in. */
export interface MysqlConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly ssl: { readonly ca?: string; readonly rejectUnauthorized: boolean } | undefined;
  /** Name of the server in qualifiedNames. */
  readonly server: string;
}

/** What the history is read with. */
export interface MysqlSource extends MysqlConnection {
  /** Null for all. */
  readonly databases: readonly string[] | null;
  readonly keepDays: number;
  readonly intervalMs: number;
}

type ConnectionOptions = Pick<
  z.output<typeof mysqlHistoryOptions>,
  'host' | 'port' | 'user' | 'password' | 'ssl' | 'server'
>;

/** Fills in what the options of a connection leave open. */
export function mysqlConnection({
  host,
  port,
  user,
  password,
  ssl,
  server,
}: ConnectionOptions): MysqlConnection {
  const tls = ssl === true ? { rejectUnauthorized: true } : ssl;
  return {
    host,
    port,
    user,
    password,
    ssl:
      tls === false
        ? undefined
        : {
            rejectUnauthorized: tls.rejectUnauthorized,
            ...('ca' in tls && tls.ca !== undefined ? { ca: tls.ca } : {}),
          },
    server: server ?? (port === 3306 ? host : `${host}:${port}`),
  };
}

/** Fills in what the options of the history leave open. */
export function mysqlSource(options: z.output<typeof mysqlHistoryOptions>): MysqlSource {
  return {
    ...mysqlConnection(options),
    databases: options.databases ?? null,
    keepDays: options.keepDays,
    intervalMs: options.interval * 1_000,
  };
}
