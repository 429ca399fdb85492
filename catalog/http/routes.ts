/** The list of routes: method, path below `/v2`, and what answers it. */
import type { JsonValue } from '../json.ts';
import type { Exchange } from './exchange.ts';

/** What a route answers: JSON, or nothing (204). */
export type Handler = (exchange: Exchange) => JsonValue | undefined;

/** One route. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly handler: Handler;
  /** Whether it needs the right to write: by its method, unless said otherwise (a search by POST reads). */
  readonly isRead?: boolean;
  /** What Atlas says a reader may not do, in the message of the refusal. */
  readonly action?: (exchange: Exchange) => string;
}

/** Whether a route only reads. */
export function readsOnly(route: Route): boolean {
  return route.isRead ?? route.method === 'GET';
}
