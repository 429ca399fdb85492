import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { z } from 'zod';
import { azureSignIn } from '../../../pipeline/azure-sign-in.ts';
import { purviewAccess } from '../../../sinks/purview/access.ts';
import { createCertificate } from '../../support/certificate.ts';
import {
  type EntraDouble,
  type MetadataDouble,
  startEntra,
  startMetadataService,
} from '../../support/entra.ts';

const tenantId = '11111111-2222-3333-4444-555555555555';
const clientId = '66666666-7777-8888-9999-000000000000';
const secret = 'the secret of the principal';
const federated = 'the token of the cluster';
const scope = 'https://purview.azure.net/.default';

let folder: string;
let entra: EntraDouble;
let metadata: MetadataDouble;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sign-in-'));
  const { key, cert } = createCertificate(['principal'], 'rsa');
  await writeFile(path.join(folder, 'principal.pem'), key + cert);
  await writeFile(
    path.join(folder, 'other.pem'),
    Object.values(createCertificate(['other'], 'rsa')).join(''),
  );
  await writeFile(path.join(folder, 'cluster-token'), federated);
  entra = await startEntra({ tenantId, clientId, secret, certificate: cert, federated });
  metadata = await startMetadataService();
});
afterAll(async () => {
  await entra.close();
  await metadata.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  entra.given.length = 0;
  metadata.asked.length = 0;
  // What this machine has of Azure must not count.
  for (const name of Object.keys(process.env))
    if (/^(?:AZURE|IDENTITY|MSI|IMDS)_/u.test(name)) vi.stubEnv(name, undefined);
  vi.stubEnv('PATH', folder);
});
afterEach(() => vi.unstubAllEnvs());

const signIn = (credential: z.input<typeof azureSignIn>) =>
  purviewAccess({
    cloud: 'public',
    authorityHost: entra.authorityHost,
    credential: azureSignIn.parse(credential),
    apiVersion: '2023-09-01',
  });
const identity = (credential: z.input<typeof azureSignIn>): Promise<string | undefined> =>
  signIn(credential).identity?.() ?? Promise.resolve(undefined);
const principal = `an application, client ${clientId}, tenant ${tenantId}, until 2096-10-02T07:06:40.000Z`;

describe('purviewAccess()', () => {
  it('signs in as a service principal by its secret', async () => {
    const { authorize } = signIn({ kind: 'client-secret', tenantId, clientId, clientSecret: secret });
    expect(await authorize?.()).toEqual({
      authorization: expect.stringMatching(/^Bearer \S+\.not-a-signature$/u),
    });
    expect(entra.given).toEqual([`secret ${scope}`]);
    expect(await identity({ kind: 'client-secret', tenantId, clientId, clientSecret: secret })).toBe(
      `client-secret: ${principal}`,
    );
  });

  it('signs in as a service principal by its certificate', async () => {
    const certificate = path.join(folder, 'principal.pem');
    expect(await identity({ kind: 'client-certificate', tenantId, clientId, certificate })).toBe(
      `client-certificate: ${principal}`,
    );
    expect(entra.given).toEqual([`certificate ${scope}`]);
  });

  it.each([
    { kind: 'client-secret', tenantId, clientId, clientSecret: 'hunter2hunter2' },
    { kind: 'client-certificate', tenantId, clientId, certificate: 'other.pem' },
  ] as const)('says what a principal is refused with, and not its secret ($kind)', async (credential) => {
    const given =
      credential.kind === 'client-secret'
        ? credential
        : { ...credential, certificate: path.join(folder, credential.certificate) };
    const failure = await identity(given).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({
      code: 'CATALOG_REFUSED',
      message: expect.stringContaining('AADSTS7000215'),
    });
    expect(JSON.stringify(failure) + String(failure)).not.toMatch(/hunter2|PRIVATE KEY/u);
  });

  it('signs in with the workload identity of a pod', async () => {
    vi.stubEnv('AZURE_FEDERATED_TOKEN_FILE', path.join(folder, 'cluster-token'));
    vi.stubEnv('AZURE_TENANT_ID', tenantId);
    vi.stubEnv('AZURE_CLIENT_ID', clientId);
    expect(await identity({ kind: 'workload-identity' })).toBe(`workload-identity: ${principal}`);
    expect(entra.given).toEqual([`federated ${scope}`]);
  });

  it.each([undefined, clientId])(
    'signs in with the managed identity of a machine (client %s)',
    async (client) => {
      vi.stubEnv('AZURE_POD_IDENTITY_AUTHORITY_HOST', metadata.url);
      const named = client === undefined ? {} : { clientId: client };
      expect(await identity({ kind: 'managed-identity', ...named })).toBe(
        `managed-identity: an application, managed identity of /subscriptions/s/virtualMachines/m, client ${client ?? 'the machine'}, until 2096-10-02T07:06:40.000Z`,
      );
      expect(metadata.asked).toEqual([`https://purview.azure.net ${client ?? 'the machine'}`]);
    },
  );

  it('signs in as whoever the Azure CLI is signed in as', async () => {
    const token = `head.${Buffer.from(JSON.stringify({ upn: 'ann@example.com' })).toString('base64url')}.tail`;
    const reply = JSON.stringify({ accessToken: token, expires_on: 4_000_000_000, tokenType: 'Bearer' });
    const az = path.join(folder, 'az');
    await writeFile(az, `#!/bin/sh\necho "$@" > '${folder}/az-arguments'\necho '${reply}'\n`);
    await chmod(az, 0o755);
    vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
    expect(await identity({ kind: 'azure-cli' })).toBe('azure-cli: ann@example.com');
    await rm(az);
  });

  it('says which credential of the default chain it was', async () => {
    vi.stubEnv('AZURE_TENANT_ID', tenantId);
    vi.stubEnv('AZURE_CLIENT_ID', clientId);
    vi.stubEnv('AZURE_CLIENT_SECRET', secret);
    expect(await identity({ kind: 'default' })).toBe(`default, by EnvironmentCredential: ${principal}`);
    expect(entra.given).toEqual([`secret ${scope}`]);
  });
});
