import { describe, expect, it } from 'vitest';
import { isSecretName, redactText, withoutSignature } from '../../platform/redact.ts';

describe('isSecretName()', () => {
  it('knows names of secrets, and leaves other names alone', () => {
    for (const name of [
      'password',
      'DbPwd',
      'clientSecret',
      'account_key',
      'ConnectionString',
      'apiKey',
      'SAS',
    ])
      expect(isSecretName(name)).toBe(true);
    for (const name of ['user', 'keys', 'primaryKey', 'passenger', 'tokens_used', 'description', ''])
      expect(isSecretName(name)).toBe(false);
  });
});

describe('redactText()', () => {
  it.each([
    ['Server=s;Password=p;User=u', 'Server=s;Password=***;User=u'],
    ['AccountName=a;AccountKey=abc==;x', 'AccountName=a;AccountKey=***;x'],
    ['postgres://u:p@h/db', 'postgres://u:***@h/db'],
    ['https://h/x?sv=1&sig=abc&y=2', 'https://h/x?sv=1&sig=***&y=2'],
    ['Encrypted 2be98afc86aa7f2e4cb79', 'Encrypted ***'],
    ['the password is long', 'the password is long'],
    ['https://h:8080/a@b', 'https://h:8080/a@b'],
  ])('turns %j into %j', (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });
});

describe('withoutSignature()', () => {
  it('cuts a signed query and keeps every other', () => {
    expect(withoutSignature('https://h/x?sv=1&sig=abc')).toBe('https://h/x');
    expect(withoutSignature('https://h/x?version=1')).toBe('https://h/x?version=1');
    expect(withoutSignature('table?')).toBe('table?');
  });
});
