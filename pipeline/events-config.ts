import { z } from 'zod';
import { azureSignIn } from './azure-sign-in.ts';
import { blobsSchema } from './transport-config.ts';

const claimCheck = z
  .strictObject({
    folder: z
      .string()
      .optional()
      .describe('A folder that all processes of the pipeline see; relative to this file.'),
    blobs: blobsSchema.optional().describe('Or a container of Azure Blob Storage.'),
    credential: azureSignIn
      .prefault({})
      .describe('Whom to sign in to `blobs.url` as, where it has no connection string.'),
  })
  .superRefine(({ folder, blobs }, context) => {
    const isGiven = blobs?.url !== undefined || blobs?.connectionString !== undefined;
    if ((folder === undefined) === isGiven) return;
    const message = 'it needs a folder, or blobs with a url or a connectionString';
    context.addIssue({ code: 'custom', path: [folder === undefined ? 'blobs' : 'folder'], message });
  });

const registry = z.strictObject({
  url: z
    .string()
    .describe(
      'Its address: of one with the interface of Confluent with its path, of Azure `https://NAMESPACE.servicebus.windows.net`.',
    ),
  user: z.string().optional().describe('confluent: user, or API key, for Basic authentication.'),
  password: z
    .string()
    .optional()
    .describe('confluent: its password; write it as ${env:NAME} or ${file:PATH}.'),
  token: z.string().optional().describe('confluent: a bearer token instead; write it as ${env:NAME}.'),
  prefix: z.string().default('').describe('confluent: begins the names of subjects, such as `prod.`.'),
  group: z
    .string()
    .default('purview-streams')
    .describe('azure: the schema group. It is made by you, for Avro.'),
  credential: azureSignIn.prefault({}).describe('azure: whom to sign in as.'),
  register: z
    .boolean()
    .default(true)
    .describe(
      'Whether a schema that is missing is registered when it is needed, if it is compatible. Else `schemas register` does it.',
    ),
  timeoutMs: z
    .number()
    .int()
    .min(1)
    .default(10_000)
    .describe('Milliseconds for one request with its answer.'),
});

/** The `events` section of the configuration: how events stand on the topics. */
export const eventsSchema = z
  .strictObject({
    framing: z
      .enum(['single-object', 'confluent', 'azure'])
      .default('single-object')
      .describe(
        'How events say which schema they are written with. single-object: by its fingerprint; needs no registry. confluent: by its id in a registry with the interface of Confluent. azure: by its id in Azure Schema Registry (docs/events.md).',
      ),
    registry: registry.optional().describe('The registry of schemas, for confluent and azure.'),
    maxBytes: z
      .number()
      .int()
      .min(1_000_000)
      .max(1024 ** 3)
      .default(64 * 1024 ** 2)
      .describe(
        'Bytes of one event at the most. What is larger than a record may be on its topic is compressed, and then put aside or cut into parts (docs/events.md).',
      ),
    claimCheck: claimCheck
      .optional()
      .describe(
        'Where events are put aside that are too large for a record even when they are compressed: the topic then holds a reference. Where it is left out, they are cut into parts.',
      ),
  })
  .superRefine(({ framing, registry: given }, context) => {
    if (framing !== 'single-object' && given === undefined)
      context.addIssue({ code: 'custom', path: ['registry'], message: `the framing ${framing} needs it` });
  });

/** How events stand on the topics. */
export type EventsConfig = z.output<typeof eventsSchema>;
/** Where schemas are registered. */
export type RegistryConfig = z.output<typeof registry>;
