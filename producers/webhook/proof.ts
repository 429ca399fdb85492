import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { WebhookOptions } from './options.ts';

/** Whether a push may be read at all: a wrong token needs no body to be seen. */
export function mayRead(auth: WebhookOptions['auth'], headers: IncomingHttpHeaders): boolean {
  const given = valueOf(headers, auth.header);
  if (auth.kind === 'hmac') return given !== '';
  const token = auth.header.toLowerCase() === 'authorization' ? /^Bearer +(.*)$/i.exec(given)?.[1] : given;
  return token !== undefined && isSame(token, auth.token);
}

/** Whether the body is that of who has the secret. */
export function isProven(
  auth: WebhookOptions['auth'],
  headers: IncomingHttpHeaders,
  body: Uint8Array,
): boolean {
  if (auth.kind === 'token') return true;
  const given = valueOf(headers, auth.header)
    .replace(/^sha\d+=/i, '')
    .toLowerCase();
  return isSame(given, createHmac(auth.algorithm, auth.secret).update(body).digest('hex'));
}

/** Takes the same time wherever the texts differ; hashed, so that their lengths do not show either. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function valueOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name.toLowerCase()];
  return typeof value === 'string' ? value : '';
}
