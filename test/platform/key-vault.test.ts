import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createVaultReader, type VaultReader, type VaultSecret } from '../../platform/key-vault.ts';
import { type KeyVaultDouble, startKeyVault } from '../support/key-vault.ts';

let vault: KeyVaultDouble;
let now = 0;
let password: VaultSecret;
beforeAll(async () => {
  vault = await startKeyVault();
  password = { vault: vault.host('shop'), name: 'erp-password' };
});
afterAll(() => vault.close());
beforeEach(() => {
  vault.secrets.clear();
  vault.asked.length = 0;
  vault.refuseWith(0);
  now = 1_000_000;
});

const cacheMs = 600_000;

function reader(token = vault.token): VaultReader {
  return createVaultReader({
    connect: async () => ({
      getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
    }),
    cacheMs,
    now: () => now,
    retryDelayMs: 1,
  });
}

describe('createVaultReader()', () => {
  it('reads the current version, or the one that is named', async () => {
    vault.secrets.set('shop/erp-password', 'new').set('shop/erp-password/0a1b', 'old');
    const secrets = reader();
    expect(await secrets.read(password)).toBe('new');
    expect(await secrets.read({ ...password, version: '0a1b' })).toBe('old');
  });

  it('asks once within the time limit, also when many ask together, and again after it', async () => {
    vault.secrets.set('shop/erp-password', 'first');
    const secrets = reader();
    expect(await Promise.all([1, 2, 3].map(() => secrets.read(password)))).toEqual([
      'first',
      'first',
      'first',
    ]);
    vault.secrets.set('shop/erp-password', 'second');
    now += cacheMs - 1;
    expect(await secrets.read(password)).toBe('first');
    now += 1;
    expect(await secrets.read(password)).toBe('second');
    expect(vault.asked).toHaveLength(2);
  });

  it('asks again before that for something fresh, once for many that come together', async () => {
    vault.secrets.set('shop/erp-password', 'first');
    const secrets = reader();
    await secrets.read(password);
    vault.secrets.set('shop/erp-password', 'second');
    const fresh = [1, 2, 3].map(() => secrets.read(password, { fresh: true }));
    expect(await Promise.all(fresh)).toEqual(['second', 'second', 'second']);
    expect(vault.asked).toHaveLength(2);
  });

  it.each([
    [404, 'CONFIG_REFERENCE', 'does not exist'],
    [403, 'SECRET_REFUSED', 'Key Vault Secrets User'],
    [429, 'SECRET_UNAVAILABLE', 'cannot be had'],
    [500, 'SECRET_UNAVAILABLE', 'cannot be had'],
  ])(
    'rejects with what a person can act on when the vault answers %i, and asks again later',
    async (status, code, message) => {
      const secrets = reader();
      vault.secrets.set('shop/erp-password', 'first');
      vault.refuseWith(status);
      const failure = secrets.read(password);
      await expect(failure).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
      vault.refuseWith(0);
      expect(await secrets.read(password)).toBe('first');
    },
  );

  it('rejects with SECRET_REFUSED when there is no identity, and with SECRET_UNAVAILABLE when nobody answers', async () => {
    const refused = Object.assign(new Error('None.'), { name: 'CredentialUnavailableError' });
    const nobody = createVaultReader({ connect: () => Promise.reject(refused), cacheMs });
    await expect(nobody.read(password)).rejects.toMatchObject({ code: 'SECRET_REFUSED' });
    const nowhere = { vault: '127.0.0.1:1', name: 'x' };
    await expect(reader().read(nowhere)).rejects.toMatchObject({
      code: 'SECRET_UNAVAILABLE',
      message: expect.stringContaining('the secret x of the vault 127.0.0.1:1 cannot be had'),
      retryable: true,
    });
  });
});
