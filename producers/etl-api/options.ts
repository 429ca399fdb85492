import { z } from 'zod';
import { caseOption, datasetsOption, intervalOption } from '../../pipeline/component.ts';
import { bareUrl } from '../../platform/bare-url.ts';

const baseUrl = bareUrl(': credentials go into token, tokenFile or user').describe(
  'Address of the tool, without /api/job. No other origin is ever called.',
);

/** Options of the producer `etl-api`. Durations are seconds. */
export const etlApiOptions = z
  .strictObject({
    url: baseUrl,
    tool: z
      .string()
      .min(1)
      .optional()
      .describe("The tool's name in the catalogue. Without it, the producer's name."),
    token: z.string().min(1).optional().describe('Bearer token; write it as ${env:NAME}, not as it is.'),
    tokenFile: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File that holds the bearer token, read again when the tool refuses the old one. Relative to the configuration.',
      ),
    user: z
      .string()
      .min(1)
      .regex(/^[^:]*$/, 'must not contain a colon')
      .optional()
      .describe('User of Basic authentication, with password.'),
    password: z.string().optional().describe('Password of Basic authentication; write it as ${env:NAME}.'),
    pageSize: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(100)
      .describe('Jobs asked for in one page of the list.'),
    timeout: z.number().positive().max(600).default(30).describe('Seconds that one answer may take.'),
    attempts: z
      .number()
      .int()
      .min(1)
      .max(20)
      .default(5)
      .describe('How often one thing is asked for when the tool is busy, faulty or out of reach.'),
    firstWait: z
      .number()
      .positive()
      .max(60)
      .default(0.5)
      .describe('Seconds before the second attempt, doubled for each further one; a part of it is random.'),
    longestWait: z
      .number()
      .positive()
      .max(600)
      .default(30)
      .describe('The most seconds between two attempts, whatever the tool asks for.'),
    datasets: datasetsOption,
    case: caseOption,
    interval: intervalOption,
  })
  .refine(
    ({ token, tokenFile, user }) => [token, tokenFile, user].filter((way) => way !== undefined).length <= 1,
    {
      error: 'give one of token, tokenFile and user, not several',
      path: ['token'],
    },
  )
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    error: 'user and password belong together: give both or neither',
    path: ['user'],
  });

/** Options as parsed. */
export type EtlApiOptions = z.output<typeof etlApiOptions>;
