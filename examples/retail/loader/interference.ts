import type { ServerResponse } from 'node:http';

/** What a test can make the example tool do instead of answering well. */
export type Interference =
  /** Any answer: a status, headers and a body, as they are. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** A page of HTML with status 200, as a proxy's login page. */
  | { readonly kind: 'html' }
  /** JSON that stops in the middle, in a whole HTTP message. */
  | { readonly kind: 'truncated' }
  /** A connection that breaks in the middle of the body. */
  | { readonly kind: 'reset' }
  /** The right answer, late. */
  | { readonly kind: 'slow'; readonly milliseconds: number };

/** Answers as told; `answer` gives the right answer. */
export function answerWith(interference: Interference, response: ServerResponse, answer: () => void): void {
  switch (interference.kind) {
    case 'answer':
      response.writeHead(interference.status, {
        'content-type': 'application/json',
        ...interference.headers,
      });
      response.end(interference.body ?? '{}');
      return;
    case 'html':
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>Log in</title><form></form>');
      return;
    case 'truncated':
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"jobs": [{"id": "a", ');
      return;
    case 'reset':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"jobs": [', () => response.destroy());
      return;
    case 'slow': {
      const timer = setTimeout(answer, interference.milliseconds);
      response.once('close', () => clearTimeout(timer));
    }
  }
}
