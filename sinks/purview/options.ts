import { z } from 'zod';

const rejections = z
  .strictObject({
    share: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe(
        'Share of the last 200 changes that may be refused before nothing becomes a dead letter any more.',
      ),
    least: z.number().int().min(1).default(50).describe('How many must have been refused for that.'),
    pauseMs: z
      .number()
      .int()
      .min(0)
      .default(60_000)
      .describe('Milliseconds until one of them is tried again; when it passes, all go on.'),
  })
  .prefault({})
  .describe('What keeps a wrong mapping from emptying a topic into the dead letters.');

const ofEntity = ['dead-letter', 'park', 'retry', 'stop'] as const;
const ofService = ['retry', 'stop'] as const;

const onError = z
  .strictObject({
    badEntity: z
      .enum(ofEntity)
      .default('dead-letter')
      .describe(
        'The catalogue refuses the entity: a value, an attribute, a relationship that it does not take.',
      ),
    missingReferent: z
      .enum(ofEntity)
      .default('park')
      .describe(
        'The entity names one that the catalogue does not have. `delivery.missingReferent` says what follows.',
      ),
    missingType: z
      .enum(ofEntity)
      .default('park')
      .describe('The catalogue does not know the type, also after the types were made sure of once more.'),
    conflict: z
      .enum(ofEntity)
      .default('retry')
      .describe(
        'A conflict with another change (409). One that goes on while others are written is a badEntity in the end.',
      ),
    serverFault: z
      .enum(ofEntity)
      .default('retry')
      .describe(
        'The catalogue answers 500, as it also does to some requests that are wrong. One that goes on alone while others are written is a badEntity in the end.',
      ),
    throttled: z
      .enum(ofService)
      .default('retry')
      .describe('The catalogue asks for a slower pace (408, 429).'),
    unavailable: z
      .enum(ofService)
      .default('retry')
      .describe('The catalogue cannot be reached, or what answers is not the catalogue.'),
    forbidden: z.enum(ofService).default('retry').describe('The identity lacks a right (403).'),
    refused: z.enum(ofService).default('stop').describe('The catalogue refuses the credentials (401).'),
  })
  .prefault({})
  .describe(
    'What becomes of a change when the tries of its request are over, by the class of the error. dead-letter: a dead letter at once. park: put aside, tried again from time to time, and a dead letter after `delivery.parkForMs`; others go on. retry: tried again for as long as it takes; what comes after it in its lane waits. stop: the sink ends with an error, and the change comes again when it is started again.',
  );

/** What is done about errors, by their class. */
export type ErrorRules = z.output<typeof onError>;

/** Options of every catalogue. */
export const common = {
  batch: z
    .strictObject({
      entities: z.number().int().min(1).max(1000).default(100).describe('Entities in a request at the most.'),
      bytes: z.number().int().min(1000).default(1_000_000).describe('Bytes of a request at the most.'),
    })
    .prefault({})
    .describe('How large a request may be. Purview states no limit; larger ones were seen to time out.'),
  timeoutMs: z
    .number()
    .int()
    .min(1)
    .default(60_000)
    .describe('Milliseconds for one request with its answer.'),
  retry: z
    .strictObject({
      attempts: z.number().int().min(1).max(20).default(4).describe('Tries of one request.'),
      delayMs: z
        .number()
        .int()
        .min(0)
        .default(250)
        .describe(
          'First pause between two tries, in milliseconds; doubles with each. Retry-After goes first.',
        ),
      maxDelayMs: z.number().int().min(0).default(30_000).describe('Longest pause between two tries.'),
      longestRetryAfterMs: z
        .number()
        .int()
        .min(0)
        .default(600_000)
        .describe(
          'The most that a Retry-After is taken for, in milliseconds: one that asks for more is absurd.',
        ),
    })
    .prefault({})
    .describe(
      'How often a request is tried before its changes are handed back, to be delivered again later.',
    ),
  rejections,
  onError,
};

const inFlight = z
  .number()
  .int()
  .min(1)
  .max(64)
  .default(8)
  .describe('Requests that one process has in flight at the most; fewer while they fail.');

const rate = z.number().min(0.1);

/**
 * How fast requests are sent.
 *
 * @param perSecond what is assumed of an account; undefined for a server without a limit
 */
export function paceOptions(perSecond: number | undefined) {
  return z
    .strictObject({
      requestsPerSecond: (perSecond === undefined ? rate.optional() : rate.default(perSecond)).describe(
        'Requests a second that the account allows all processes together. Each process takes its part, goes down to what is accepted when the catalogue refuses more, and up again later. Where it is left out, nothing is held back before the catalogue refuses.',
      ),
      inFlight,
    })
    .prefault({})
    .describe('How fast requests are sent. All lanes of a process share it.');
}

/** Basic authentication. */
export const basic = {
  user: z.string().optional().describe('User for Basic authentication.'),
  password: z.string().optional().describe('Its password; write it as ${env:NAME} or ${file:PATH}.'),
};

/** What the options of every catalogue come to. */
export type CommonOptions = z.output<z.ZodObject<typeof common>> & {
  readonly pace: { readonly requestsPerSecond?: number | undefined; readonly inFlight: number };
};

/** What becomes of removed assets, on servers that keep what is deleted. */
export const removals = z
  .enum(['soft', 'purge'])
  .default('soft')
  .describe(
    'What becomes of assets that a source has removed. soft: they stay in the catalogue, marked as deleted. purge: they go for good, which needs an administrator.',
  );
