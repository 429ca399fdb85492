import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { StreamError } from '../../pipeline/errors.ts';
import type { Credentials } from '../../platform/ask.ts';
import type { EtlApiOptions } from './options.ts';

/** Where credentials come from. */
export type CredentialOptions = Pick<EtlApiOptions, 'token' | 'tokenFile' | 'user' | 'password'>;

/** Takes credentials from the options; a token file is read when it is first needed, and again after a refusal. */
export function createCredentials(options: CredentialOptions, baseFolder: string): Credentials {
  let value: Promise<string | undefined> | undefined;
  let known: string | undefined;
  return {
    current: async () => {
      value ??= readHeader(options, baseFolder);
      try {
        known = await value;
        return known;
      } catch (thrown) {
        value = undefined; // a file that is missing now may be there at the next attempt
        throw thrown;
      }
    },
    forget: (refused) => {
      if (known === refused) value = undefined;
    },
    advice: adviceFor(options),
  };
}

async function readHeader(options: CredentialOptions, baseFolder: string): Promise<string | undefined> {
  const { token, tokenFile, user, password } = options;
  if (user !== undefined) {
    // RFC 7617: user and password in UTF-8, joined by a colon, in Base64.
    return `Basic ${Buffer.from(`${user}:${password ?? ''}`, 'utf8').toString('base64')}`;
  }
  if (tokenFile !== undefined)
    return bearer(await readToken(path.resolve(baseFolder, tokenFile)), 'tokenFile');
  return token === undefined ? undefined : bearer(token, 'token');
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (thrown) {
    throw new StreamError('SOURCE_NOT_FOUND', `The token file ${file} cannot be read.`, {
      cause: thrown,
      advice: 'Correct tokenFile in the configuration, or let this user read the file.',
    });
  }
}

/** A token that is no header value would be printed by the HTTP client's own error: it is refused here, unprinted. */
function bearer(token: string, option: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new StreamError(
      'CONFIG_INVALID',
      `The token that ${option} gives is empty or holds a space, a line break or a letter outside ASCII.`,
    );
  }
  return `Bearer ${token}`;
}

function adviceFor({ token, tokenFile, user }: CredentialOptions): string {
  if (tokenFile !== undefined)
    return `Put a valid token into ${tokenFile}; it is read again at the next scan.`;
  if (token !== undefined)
    return 'Give a valid token and start again, or use tokenFile for one that changes.';
  if (user !== undefined) return 'Correct user and password in the configuration and start again.';
  return 'Give the producer a token, a tokenFile, or a user and a password.';
}
