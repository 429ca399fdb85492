import { z } from 'zod';

/** Whom to sign in to Azure as, and how: a section of the configuration. */
export const azureSignIn = z.strictObject({
  kind: z
    .enum([
      'default',
      'managed-identity',
      'workload-identity',
      'client-secret',
      'client-certificate',
      'azure-cli',
    ])
    .default('default')
    .describe(
      'How to sign in. default tries environment, workload identity, managed identity and Azure CLI, in the order of @azure/identity; name one where the process runs unattended.',
    ),
  tenantId: z.string().optional().describe('Directory (tenant) id.'),
  clientId: z
    .string()
    .optional()
    .describe('Application (client) id; of a user-assigned identity its client id.'),
  clientSecret: z
    .string()
    .optional()
    .describe('Secret of a service principal; write it as ${env:NAME} or ${file:PATH}.'),
  certificate: z
    .string()
    .optional()
    .describe('Path of a PEM file with the certificate and private key of a service principal.'),
  certificatePassword: z
    .string()
    .optional()
    .describe('Password of that file; write it as ${env:NAME} or ${file:PATH}.'),
});
