import { describe, expect, it } from 'vitest';
import { createTokenSource } from '../../platform/azure-credential.ts';

const scope = 'https://purview.azure.net/.default';

describe('createTokenSource()', () => {
  it('connects once, and again only after renew()', async () => {
    let connected = 0;
    const asked: string[] = [];
    const tokens = createTokenSource(scope, async () => {
      connected += 1;
      const token = `token-${connected}`;
      return {
        getToken: async (scope) => {
          asked.push(scope);
          return { token };
        },
      };
    });
    expect(connected).toBe(0);
    expect(await tokens.authorize()).toEqual({ authorization: 'Bearer token-1' });
    expect(await tokens.authorize()).toEqual({ authorization: 'Bearer token-1' });
    tokens.renew();
    expect(await tokens.authorize()).toEqual({ authorization: 'Bearer token-2' });
    expect(asked).toEqual([scope, scope, scope]);
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
