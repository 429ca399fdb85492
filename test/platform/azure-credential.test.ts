import { logger } from '@azure/identity';
import { describe, expect, it, vi } from 'vitest';
import { connectAzure, createTokenSource, describeToken } from '../../platform/azure-credential.ts';

const scope = 'https://purview.azure.net/.default';

describe('createTokenSource()', () => {
  /** A credential whose tokens are good for an hour, and a clock to be set. */
  function tokens() {
    const world = { now: 1_000_000, connected: 0, asked: [] as string[], fault: '' };
    const source = createTokenSource(
      scope,
      async () => {
        world.connected += 1;
        return {
          getToken: async (of) => {
            world.asked.push(of);
            if (world.fault !== '') throw new Error(world.fault);
            return { token: `token-${world.asked.length}`, expiresOnTimestamp: world.now + 3_600_000 };
          },
        };
      },
      () => world.now,
    );
    return { world, source };
  }
  const bearer = (n: number) => ({ authorization: `Bearer token-${n}` });

  it('connects at the first request, and asks once for many that come together', async () => {
    const { world, source } = tokens();
    expect(world.connected).toBe(0);
    const all = await Promise.all(Array.from({ length: 20 }, () => source.authorize()));
    expect(all).toEqual(Array.from({ length: 20 }, () => bearer(1)));
    expect(world.asked).toEqual([scope]);
  });

  it('asks for a new token two minutes before the old one ends, and keeps that while nobody answers', async () => {
    const { world, source } = tokens();
    await source.authorize();
    world.now += 3_600_000 - 120_001;
    expect(await source.authorize()).toEqual(bearer(1));
    world.now += 1;
    world.fault = 'getaddrinfo ENOTFOUND login.microsoftonline.com';
    expect(await source.authorize()).toEqual(bearer(1));
    world.now += 120_000;
    await expect(source.authorize()).rejects.toMatchObject({ code: 'CATALOG_UNAVAILABLE', retryable: true });
    world.fault = '';
    expect(await source.authorize()).toEqual(bearer(4));
  });

  it('renews once for many requests that were refused together, with a new credential', async () => {
    const { world, source } = tokens();
    await source.authorize();
    world.now += 10;
    const sentAt = world.now;
    world.now += 5;
    source.renew(sentAt);
    expect(await source.authorize()).toEqual(bearer(2));
    source.renew(sentAt);
    expect(await source.authorize()).toEqual(bearer(2));
    expect(world.connected).toBe(2);
  });

  it('rejects with CATALOG_REFUSED when there is no token or no way to one', async () => {
    const none = createTokenSource(scope, async () => ({ getToken: async () => null }));
    await expect(none.authorize()).rejects.toMatchObject({ code: 'CATALOG_REFUSED' });
    const failing = createTokenSource(scope, async () => ({
      getToken: async () => Promise.reject(new Error('AADSTS700016: no such application')),
    }));
    await expect(failing.authorize()).rejects.toMatchObject({
      code: 'CATALOG_REFUSED',
      message: expect.stringContaining('AADSTS700016'),
    });
    const unconnected = createTokenSource(scope, async () => Promise.reject(new Error('library missing')));
    await expect(unconnected.authorize()).rejects.toMatchObject({ code: 'CATALOG_REFUSED' });
  });
});

describe('describeToken()', () => {
  const tokenOf = (claims: unknown): string =>
    `head.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;

  it('says whom a token stands for, and nothing of the token', () => {
    const token = tokenOf({
      appid: 'app-1',
      oid: 'object-1',
      tid: 'tenant-1',
      exp: 1_800_000_000,
      xms_mirid: '/subscriptions/s/x',
    });
    expect(describeToken(token)).toBe(
      'an application, managed identity of /subscriptions/s/x, client app-1, object object-1, tenant tenant-1, until 2027-01-15T08:00:00.000Z',
    );
    expect(describeToken(tokenOf({ upn: 'ann@example.com' }))).toBe('ann@example.com');
  });

  it('says so of one that is opaque', () => {
    for (const token of ['', 'opaque', 'a.b.c', 'a.!.c'])
      expect(describeToken(token)).toBe('a token that does not say for whom');
  });
});

describe('connectAzure()', () => {
  it.each([
    ['default', 'DefaultAzureCredential'],
    ['managed-identity', 'ManagedIdentityCredential'],
    ['azure-cli', 'AzureCliCredential'],
    ['client-secret', 'ClientSecretCredential'],
    ['client-certificate', 'ClientCertificateCredential'],
    ['workload-identity', 'WorkloadIdentityCredential'],
  ] as const)('makes the credential of %s', async (kind, name) => {
    // What AKS gives a pod.
    vi.stubEnv('AZURE_FEDERATED_TOKEN_FILE', '/var/run/secrets/azure/tokens/azure-identity-token');
    const credential = await connectAzure({
      kind,
      tenantId: '00000000-0000-0000-0000-000000000000',
      clientId: '00000000-0000-0000-0000-000000000001',
      clientSecret: 'not a real one',
      certificate: '/etc/catalog/certificate.pem',
      authorityHost: 'https://login.partner.microsoftonline.cn',
    });
    vi.unstubAllEnvs();
    expect(credential.constructor.name).toBe(name);
  });

  it('listens to the log of @azure/identity once, however often a credential is made anew', async () => {
    await connectAzure({ kind: 'default' });
    const { log } = logger.info;
    await connectAzure({ kind: 'default' });
    expect(logger.info.log).toBe(log);
  });

  it.each(['client-secret', 'client-certificate'] as const)(
    'rejects with CONFIG_INVALID that names what is missing for %s',
    async (kind) => {
      await expect(connectAzure({ kind, tenantId: 't' })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('needs clientId'),
      });
    },
  );
});
