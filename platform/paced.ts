import { setTimeout as delay } from 'node:timers/promises';
import type { HttpClient } from './http.ts';

/** A client that lets this many milliseconds pass between the beginnings of two requests. */
export function paced(client: HttpClient, everyMs: number): HttpClient {
  let next = 0;
  return {
    request: async (request) => {
      const now = performance.now();
      const at = Math.max(now, next);
      next = at + everyMs;
      if (at > now) await delay(at - now, undefined, { signal: request.signal });
      return client.request(request);
    },
  };
}
