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

/** The `events` section of the configuration: how events stand on the topics. */
export const eventsSchema = z.strictObject({
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
});

/** How events stand on the topics. */
export type EventsConfig = z.output<typeof eventsSchema>;
