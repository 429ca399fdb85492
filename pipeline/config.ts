import { z } from 'zod';
import { azureSignIn } from './azure-sign-in.ts';
import { scheduleSchema } from './schedule/schedule-config.ts';
import { eventsSchema } from './events-config.ts';
import { stateStoreSchema } from './state-store-config.ts';
import { transportSchema } from './transport-config.ts';

const port = z.number().int().min(0).max(65_535);

/** A component of the configuration: its kind, and options that the component itself checks. */
const component = z.looseObject({ kind: z.string().describe('Which adapter; see the sections below.') });

/** An entry of `producers`. */
export const producerSection = component.extend({ schedule: scheduleSchema.optional() });

/** The `secrets` section: how `${keyvault:…}` references are resolved. It is read before all others. */
export const secretsSchema = z
  .strictObject({
    credential: azureSignIn.prefault({}).describe('Whom to sign in to key vaults as.'),
    cacheSeconds: z
      .number()
      .int()
      .min(0)
      .default(600)
      .describe(
        'Seconds for which a secret that was read from a vault is kept. It is read again before that where it was refused.',
      ),
  })
  .prefault({});

/**
 * The configuration file. Every field says what it is for: docs/configuration.md is made from these texts. Options of
 * producers and sinks are checked by the components that the registries list.
 */
export const configSchema = z
  .strictObject({
    state: z
      .string()
      .default('.purview-streams')
      .describe(
        'Folder for what is kept over restarts: what was applied, inventories, dead letters, the local catalogue. Relative to this file.',
      ),
    plugins: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Modules with producers, transforms or sinks of your own: files (`./my-source.mjs`, relative to this file) or installed packages. They run as part of this program: name only what you trust.',
      ),
    transport: transportSchema.prefault({ kind: 'embedded' }).describe('The topics between the stages.'),
    stateStore: stateStoreSchema
      .prefault({})
      .describe(
        'Where producers keep watermarks, inventories, the last runs of schedules, and removals that are held back; docs/operations.md. `state export` and `state import` move it.',
      ),
    events: eventsSchema.prefault({}).describe('How events stand on the topics.'),
    catalog: z
      .strictObject({
        host: z
          .string()
          .default('127.0.0.1')
          .describe('Address to listen on. Anything but loopback lets others in.'),
        port: port.default(21_000).describe('Port of the local catalogue and its page.'),
      })
      .optional()
      .describe(
        'The local catalogue: an Atlas-compatible server that `run` starts. Leave it out when the sink names a server of yours.',
      ),
    sink: component.describe('Where entities go.'),
    delivery: z
      .strictObject({
        credits: z
          .number()
          .int()
          .min(1)
          .default(10_000)
          .describe('Events of one partition that may be in flight; bounds memory.'),
        creditBytes: z
          .number()
          .int()
          .min(1)
          .default(64_000_000)
          .describe('Bytes of one partition that may be in flight; bounds memory.'),
        lanes: z
          .number()
          .int()
          .min(1)
          .max(64)
          .default(1)
          .describe(
            'Batches of one partition that may be in flight at once. Changes of one asset share a lane.',
          ),
        batch: z.number().int().min(1).max(1000).default(200).describe('Changes in a batch at the most.'),
        batchBytes: z.number().int().min(1).default(1_000_000).describe('Bytes in a batch at the most.'),
        batchWithinMs: z
          .number()
          .int()
          .min(0)
          .default(100)
          .describe(
            'Milliseconds after its first change at which a batch goes out, however small; not before the events that were taken are looked at. A tenth of them where nothing had arrived for so long: what comes alone need not wait.',
          ),
        missingReferent: z
          .enum(['placeholder', 'dead-letter'])
          .default('placeholder')
          .describe(
            'What becomes of a change that names an asset which does not come. placeholder: an asset with that name, which a later scan fills; a dead letter where its type needs more than a name. dead-letter: a dead letter.',
          ),
        parkForMs: z
          .number()
          .int()
          .min(0)
          .default(300_000)
          .describe(
            'Milliseconds that such a change is parked first. They count only while everything else that was appended is settled, so that nothing is given up because a process is down.',
          ),
        retryDelayMs: z
          .number()
          .int()
          .min(1)
          .default(200)
          .describe(
            'First pause before something is tried again, in milliseconds; doubles up to 30 times itself.',
          ),
      })
      .prefault({})
      .describe('How events are carried to the sink.'),
    removalThreshold: z
      .number()
      .min(0)
      .max(1)
      .default(0.2)
      .describe(
        'Share of the known objects of a producer that one scan may report as removed; more is held back, until `removals approve` or `removals reject`.',
      ),
    precedence: z
      .strictObject({
        producers: z
          .array(z.string())
          .default([])
          .describe(
            'Names of producers: where several give one asset the same attribute, the first has it. Those that are not named follow, in the order of `producers`.',
          ),
        attributes: z
          .record(z.string(), z.array(z.string()))
          .default({})
          .describe('The same for single attributes: `{ description: [docs, erp] }`.'),
      })
      .prefault({})
      .describe(
        'Whose word counts where several producers describe one asset. A change of it shows when an asset changes, or by `replay --in-place`.',
      ),
    metrics: z
      .strictObject({
        host: z
          .string()
          .default('127.0.0.1')
          .describe('Address to listen on. Anything but loopback lets others in.'),
        port: port.default(9464).describe('Port; `--metrics-port` gives each process its own, 0 a free one.'),
      })
      .optional()
      .describe(
        'Serves /metrics (Prometheus), /healthz and /readyz while a command runs the pipeline or a part of it; docs/metrics.md. Off where it is left out.',
      ),
    secrets: secretsSchema.describe(
      'How `${keyvault:VAULT/NAME}` is resolved; docs/secrets.md. May itself hold `${env:…}` and `${file:…}` only.',
    ),
    producers: z
      .record(
        z
          .string()
          .regex(
            /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
            'a producer name is made of letters, digits, dot, dash and underscore',
          ),
        producerSection,
      )
      .describe(
        'Producers by name. The name is part of the position of everything the producer says: do not reuse it for another source.',
      ),
  })
  .superRefine(({ transport, stateStore }, context) => {
    if (stateStore.kind === 'kafka' && transport.kind !== 'kafka')
      context.addIssue({
        code: 'custom',
        path: ['stateStore', 'kind'],
        message: `kafka is the state of the transport kafka, and transport.kind is ${transport.kind}`,
      });
  });

/** The configuration, with defaults filled in. */
export type Config = z.output<typeof configSchema>;
