import { z } from 'zod';
import {
  caseOption,
  datasetsOption,
  intervalOption,
  stepsOption,
  toolOption,
} from '../../pipeline/component.ts';
import { bareUrl } from '../../platform/bare-url.ts';

const secret = z.string().min(1);
const expression = z.string().min(1);
const seconds = z.number().positive();

const auth = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('bearer'), token: secret }),
    z.strictObject({
      kind: z.literal('basic'),
      user: secret.regex(/^[^:]*$/, 'no colon'),
      password: z.string(),
    }),
    z.strictObject({ kind: z.literal('header'), name: z.string().regex(/^[\w-]+$/), value: secret }),
    z.strictObject({
      kind: z.literal('oauth'),
      tokenUrl: bareUrl(),
      clientId: secret,
      clientSecret: secret,
      scope: z.string().optional(),
    }),
  ])
  .optional()
  .describe(
    'bearer: token. basic: user and password. header: name and value. oauth: client credentials with tokenUrl, clientId, clientSecret and scope. Secrets are best as ${env:NAME} or ${file:PATH}.',
  );

const pageSize = z.number().int().min(1).max(100_000).optional();
const counted = {
  parameter: z.string().min(1),
  sizeParameter: z.string().min(1).optional(),
  size: pageSize,
};
const paging = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('page'), ...counted, first: z.number().int().min(0).default(1) }),
    z.strictObject({ kind: z.literal('offset'), ...counted }),
    z.strictObject({ kind: z.literal('cursor'), parameter: z.string().min(1), next: expression }),
    z.strictObject({ kind: z.literal('link'), next: expression }),
    z.strictObject({ kind: z.literal('link-header') }),
  ])
  .optional()
  .describe(
    'How a list goes on. page and offset: a parameter that is counted, with sizeParameter and size. cursor: a parameter that `next` (JSONata on the answer) gives. link: the address that `next` gives. link-header: the Link header with rel="next". Default: one answer is the whole list.',
  );

/** Options of the producer `http`. Durations are seconds. */
export const httpOptions = z.strictObject({
  url: bareUrl().describe(
    'Address that the paths of the requests begin with. Its origin is the only one that is called.',
  ),
  origins: z
    .array(bareUrl())
    .default([])
    .describe('Further origins that links of the API may lead to. They get the credentials too.'),
  tool: toolOption,
  auth,
  headers: z
    .record(z.string().regex(/^[\w-]+$/), z.string())
    .default({})
    .describe('Headers that every request has, such as a version of the API. Secrets belong into auth.'),
  list: z
    .strictObject({
      path: z.string().min(1),
      query: z.record(z.string(), z.string()).default({}),
      items: expression.default('$'),
      paging,
    })
    .describe(
      'The request that lists: its path, its query, `items` (JSONata: the items of an answer) and `paging`.',
    ),
  detail: z
    .strictObject({ path: z.string().min(1) })
    .optional()
    .describe(
      'A request for each item: a path with JSONata in braces, such as flows/{id}. The mapping then sees its answer, and the item of the list as $item.',
    ),
  map: expression.describe(
    'JSONata: what an item means. It gives one object or several: {"type": "job", "objectId": id, "name": …, "inputs": […], "outputs": […]}, or the type job-file (steps with column mappings) or entity (docs/http.md).',
  ),
  changes: z
    .strictObject({ parameter: z.string().min(1), value: expression })
    .optional()
    .describe(
      'How to ask only for what changed: the query `parameter` that takes a mark, and `value` (JSONata: the mark of an item of the list, such as updatedAt). Without it the list is read every interval.',
    ),
  rescan: seconds
    .max(604_800)
    .default(3_600)
    .describe(
      'Seconds between two scans of everything while changes are followed; only these find what was removed.',
    ),
  requestsPerSecond: z.number().positive().max(1_000).optional().describe('The most requests in a second.'),
  concurrency: z.number().int().min(1).max(32).default(4).describe('Details that are asked for at once.'),
  timeout: seconds.max(600).default(30).describe('Seconds that one answer may take.'),
  attempts: z
    .number()
    .int()
    .min(1)
    .max(20)
    .default(5)
    .describe('How often one thing is asked for when the API is busy, faulty or out of reach.'),
  firstWait: seconds
    .max(60)
    .default(0.5)
    .describe('Seconds before the second attempt, doubled for each further one; a part of it is random.'),
  longestWait: seconds
    .max(600)
    .default(30)
    .describe('The most seconds between two attempts, whatever Retry-After says.'),
  datasets: datasetsOption,
  steps: stepsOption,
  case: caseOption,
  interval: intervalOption,
});

/** Options as parsed. */
export type HttpOptions = z.output<typeof httpOptions>;
/** How a list goes on. */
export type Paging = HttpOptions['list']['paging'];
