import { z } from 'zod';
import { azureSignIn } from './azure-sign-in.ts';
import { tlsOption } from './tls-option.ts';
import { blobsSchema } from './transport-config.ts';

/** The `stateStore` section: where producers keep what they must know over restarts. */
export const stateStoreSchema = z
  .strictObject({
    kind: z
      .enum(['transport', 'kafka', 'local', 'sql', 'azure-blob'])
      .default('transport')
      .describe(
        'transport: with the topics, as all other state. kafka: the same where transport.kind is kafka, by its name: in a compacted topic. local: in `producers/` of the state folder, for the processes of one machine. sql: in two tables of a PostgreSQL, MariaDB, MySQL or Azure SQL. azure-blob: in a container of Azure Blob Storage.',
      ),
    dialect: z
      .enum(['postgres', 'mysql', 'sql-server'])
      .default('postgres')
      .describe('sql: what the database is; mysql is MariaDB too, and sql-server Azure SQL.'),
    host: z.string().min(1).optional().describe('sql: host name or address.'),
    port: z
      .number()
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe('sql: port. Default: 5432 of postgres, 3306 of mysql, 1433 of sql-server.'),
    database: z.string().min(1).optional().describe('sql: database.'),
    user: z
      .string()
      .min(1)
      .optional()
      .describe('sql: user to log in as; sql-server signs in by `credential` without one.'),
    password: z
      .string()
      .optional()
      .describe('sql: password of the user, best as ${env:NAME} or ${file:PATH}.'),
    ssl: tlsOption
      .optional()
      .describe(
        'sql: whether to connect with TLS; an object sets the certificate authority. Default: false, of sql-server true.',
      ),
    table: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,49}$/u, 'a table is named with small letters, digits and underscore')
      .default('purview_streams_state')
      .describe(
        'sql: name of the table; a second one has `_fences` behind it. They are made where they are missing.',
      ),
    blobs: blobsSchema.optional().describe('azure-blob: the storage account and the container.'),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9._-]*$/u, 'a prefix is made of letters, digits, dot, dash and underscore')
      .default('')
      .describe('azure-blob: begins the names of the blobs, so that several pipelines share a container.'),
    credential: azureSignIn
      .prefault({})
      .describe(
        'azure-blob: whom to sign in as where no connection string is given. sql-server: where no user is.',
      ),
  })
  .superRefine((value, context) => {
    const fault = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (value.kind === 'sql')
      for (const field of ['host', 'database', 'user'] as const)
        if (value[field] === undefined && !(field === 'user' && value.dialect === 'sql-server'))
          fault(field, 'sql needs it');
    if (
      value.kind === 'azure-blob' &&
      value.blobs?.url === undefined &&
      value.blobs?.connectionString === undefined
    )
      fault('blobs', 'azure-blob needs a url or a connectionString of a storage account');
  });

/** Where producers keep their state. */
export type StateStoreConfig = z.output<typeof stateStoreSchema>;
