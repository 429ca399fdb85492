/** Options of `node:http` that end what clients do too slowly; Node itself waits for minutes, and looks every 30 s. */
export interface SlowClientLimits {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
}

/**
 * Limits for a server whose clients have `headersMs` milliseconds to send the head of a request, and `requestMs` for all of it; after that they are answered 408 and
 * disconnected. @default as long as for the head
 */
export function slowClientLimits(headersMs: number, requestMs = headersMs): SlowClientLimits {
  return {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: Math.min(1000, headersMs),
  };
}
