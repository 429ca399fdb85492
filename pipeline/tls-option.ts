import { z } from 'zod';

/** Whether to connect with TLS, or how far to trust the certificate: options `ssl`. */
export const tlsOption = z.union([
  z.boolean(),
  z.strictObject({
    ca: z.string().optional().describe('Certificate authority in PEM form, best as ${file:PATH}.'),
    rejectUnauthorized: z.boolean().default(true).describe('Whether the certificate must be trusted.'),
  }),
]);
