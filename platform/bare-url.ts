import { z } from 'zod';

/**
 * An option that is the address of a server: http or https, without user, password, query and fragment.
 *
 * @param hint ends the error, such as `: credentials go into auth`
 */
export function bareUrl(hint = ''): z.ZodURL {
  return z
    .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
    .refine((text) => !URL.canParse(text) || isBare(new URL(text)), {
      error: `must hold no user, password, query or fragment${hint}`,
    });
}

function isBare({ username, password, search, hash }: URL): boolean {
  return username === '' && password === '' && search === '' && hash === '';
}
