import { z } from 'zod';
import { caseOption, datasetsOption } from '../../pipeline/component.ts';
import { historyOptions } from '../../pipeline/history-options.ts';

/** Options of a producer of kind `mysql-history`. */
export const mysqlHistoryOptions = z.strictObject({
  host: z.string().min(1).default('localhost').describe('Host name or address.'),
  port: z.number().int().min(1).max(65_535).default(3306).describe('Port.'),
  user: z.string().min(1).describe('User to log in as.'),
  password: z.string().optional().describe('Password of the user, best as ${env:NAME} or ${file:PATH}.'),
  databases: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Only statements that ran in these databases. Default: all but the system databases.'),
  ssl: z
    .union([
      z.boolean(),
      z.strictObject({
        ca: z.string().optional().describe('Certificate authority in PEM form, best as ${file:PATH}.'),
        rejectUnauthorized: z.boolean().default(true).describe('Whether the certificate must be trusted.'),
      }),
    ])
    .default(false)
    .describe('Whether to connect with TLS; an object sets the certificate authority.'),
  server: z
    .string()
    .min(1)
    .optional()
    .describe("The server's name in qualifiedNames. Default: the host, with :port where that is not 3306."),
  datasets: datasetsOption,
  case: caseOption,
  ...historyOptions,
});

/** Where to connect, with everything filled in. */
export interface MysqlSource {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly ssl: { readonly ca?: string; readonly rejectUnauthorized: boolean } | undefined;
  /** Null for all. */
  readonly databases: readonly string[] | null;
  readonly server: string;
  readonly keepDays: number;
  readonly intervalMs: number;
}

/** Fills in what the options leave open. */
export function mysqlSource(options: z.output<typeof mysqlHistoryOptions>): MysqlSource {
  const { host, port, user, password, ssl } = options;
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
    databases: options.databases ?? null,
    server: options.server ?? (port === 3306 ? host : `${host}:${port}`),
    keepDays: options.keepDays,
    intervalMs: options.interval * 1_000,
  };
}
