import { describe, expect, it } from 'vitest';
import {
  isSecretName,
  redactBytes,
  redactText,
  withoutSecrets,
  withoutSignature,
} from '../../platform/redact.ts';

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

describe('withoutSecrets()', () => {
  it('takes out what keys and texts show to be secret, at any depth, and keeps the rest', () => {
    const value: unknown = JSON.parse(
      '{"a":[{"dbPassword":["p"],"url":"https://u:p@h/x"}],"path":"https://h/x?sig=abc","token":null,"n":1,"__proto__":{"pwd":1}}',
    );
    expect(JSON.stringify(withoutSecrets(value))).toBe(
      '{"a":[{"dbPassword":"***","url":"https://u:***@h/x"}],"path":"https://h/x","token":null,"n":1,"__proto__":{"pwd":"***"}}',
    );
  });
});

describe('redactBytes()', () => {
  it.each([
    ['<job password="p" name="a">', '<job password="***" name="a">'],
    ["<job password='p", '<job password="***"'],
    ['<dbPassword secure="1">p</dbPassword>', '<dbPassword secure="1">***</dbPassword>'],
    ['<property name="password" value="p"/><a/>', '<property ***><a/>'],
    ['{"apiKey": "p\\"q", "name": "x"', '{"apiKey": "***", "name": "x"'],
    ['SET password=p;', 'SET password=***;'],
    ['<node id="a"><columns/></node> "token count" é', '<node id="a"><columns/></node> "token count" é'],
  ])('turns %j into %j', (text, expected) => {
    expect(redactBytes(Buffer.from(text)).toString()).toBe(expected);
  });

  it('keeps bytes that are no text', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    expect([...redactBytes(bytes)]).toEqual([...bytes]);
  });
});
