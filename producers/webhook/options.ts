import { z } from 'zod';
import { caseOption, datasetsOption, stepsOption, toolOption } from '../../pipeline/component.ts';

const secret = z.string().min(16, 'must have 16 characters or more');
const header = z.string().regex(/^[\w-]+$/);

/** Options of the producer `webhook`. */
export const webhookOptions = z.strictObject({
  port: z.number().int().min(0).max(65_535).describe('Port to listen on; 0 takes a free one.'),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on. Put a proxy with TLS in front before you let others reach it.'),
  hosts: z
    .array(z.string().min(1))
    .default([])
    .describe('Names by which it may be called (the Host header), beside localhost and the address itself.'),
  path: z.string().startsWith('/').default('/').describe('Path that takes the pushes.'),
  auth: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('token'), token: secret, header: header.default('authorization') }),
      z.strictObject({
        kind: z.literal('hmac'),
        secret,
        header: header.default('x-hub-signature-256'),
        algorithm: z.enum(['sha256', 'sha512']).default('sha256'),
      }),
    ])
    .describe(
      'How a push proves itself. token: in the header, after Bearer where it is authorization. hmac: the header holds the HMAC of the body in hexadecimal, perhaps after sha256=. Secrets are best as ${env:NAME} or ${file:PATH}.',
    ),
  tool: toolOption,
  map: z
    .string()
    .min(1)
    .describe(
      'JSONata: what the body of a push means, as with the producer http (docs/http.md). With "removed": true an object is gone.',
    ),
  maxBytes: z
    .number()
    .int()
    .min(1)
    .max(16_000_000)
    .default(1_000_000)
    .describe('Bytes that the body of a push may have.'),
  timeout: z
    .number()
    .positive()
    .max(600)
    .default(30)
    .describe(
      'Seconds in which a push must have come, and again in which it must be durable, else it is answered with 503.',
    ),
  datasets: datasetsOption,
  steps: stepsOption,
  case: caseOption,
});

/** Options as parsed. */
export type WebhookOptions = z.output<typeof webhookOptions>;
