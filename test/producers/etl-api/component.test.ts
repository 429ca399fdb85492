import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { etlApi } from '../../../producers/etl-api/component.ts';
import { createCredentials } from '../../../producers/etl-api/credentials.ts';
import { failureOf, textsOf } from '../../contracts/producer.ts';

const host = { baseFolder: '/nowhere' };

describe('configure() of the producer etl-api', () => {
  it.each([
    ['url', { url: 'ftp://tool' }],
    ['url', { url: 'https://user:secret@tool' }],
    ['url', { url: 'https://tool/?token=secret' }],
    ['token', { url: 'https://tool', token: 'secret', tokenFile: 'file' }],
    ['user', { url: 'https://tool', user: 'u' }],
    ['user', { url: 'https://tool', user: 'a:b', password: 'secret' }],
    ['pageSize', { url: 'https://tool', pageSize: 0 }],
  ])('throws a ZodError at %s, without the secret, for wrong options', async (field, options) => {
    const configure = async (): Promise<unknown> => etlApi.configure('loader', options, host);
    const failure = await failureOf(configure());
    expect(failure).toBeInstanceOf(z.ZodError);
    expect(failure).toMatchObject({ issues: [{ path: [field] }] });
    expect(textsOf(failure)).not.toContain('secret');
  });

  it('describes every option', () => {
    const undescribed = Object.entries(etlApi.options.shape)
      .filter(([, field]) => z.globalRegistry.get(field)?.description === undefined)
      .map(([name]) => name);
    expect(undescribed).toEqual([]);
  });
});

describe('createCredentials()', () => {
  it('gives nothing when no way is configured', async () => {
    await expect(createCredentials({}, '/').current()).resolves.toBeUndefined();
  });

  it('does not repeat a token that is no header value', async () => {
    const failure = await failureOf(createCredentials({ token: 'two words' }, '/').current());
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(textsOf(failure)).not.toContain('two words');
  });

  it('names the token file when it cannot be read', async () => {
    const credentials = createCredentials({ tokenFile: 'token' }, '/nowhere');
    await expect(credentials.current()).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('/nowhere/token'),
    });
  });
});
