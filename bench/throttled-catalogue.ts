import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** How a {@link ThrottledCatalogue} is told to behave. */
export interface CatalogueOptions {
  /** Requests a second, and as many that may come at once after a rest; undefined for no limit. */
  readonly limit: number | undefined;
  /** Shares of the requests that fail by chance: refused (429), not answered well (503), and applied without an answer. */
  readonly chance: { readonly throttled: number; readonly failed: number; readonly hung: number };
  /** Numbers below 1. */
  readonly random: () => number;
  /** How many entities it has when half of the limit is taken away; never, where it is left out. */
  readonly halvesAt?: number;
}

interface Entity {
  readonly guid: string;
  readonly typeName: string;
  readonly attributes: {
    readonly qualifiedName: string;
    readonly name: string;
    readonly [other: string]: unknown;
  };
}

/** Name of an entity that is refused for good. */
export const poison = 'poison';

/** How long after the first write the counting begins, in milliseconds. */
const warmUpMs = 10_000;

/**
 * A catalogue that costs nearly nothing: it keeps what it is told in a map, behind a token bucket, and fails by chance. Only
 * for figures of the sink; it knows no rule of Atlas.
 */
export class ThrottledCatalogue {
  /** Attributes by qualifiedName. */
  readonly stored = new Map<string, Entity['attributes']>();
  /** Bulk bodies, as they came, where they are to be kept. */
  readonly bodies: string[] | undefined;
  readonly counts = { calls: 0, overLimit: 0, throttled: 0, failed: 0, hung: 0 };
  /** Requests that the limit allowed from when the counting began to the last write. */
  allowed = 0;
  readonly #options: CatalogueOptions;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((thrown: unknown) =>
      response.destroy(thrown instanceof Error ? thrown : undefined),
    );
  });
  #tokens: number;
  #limit: number;
  #at = performance.now();
  #countFrom = Number.POSITIVE_INFINITY;

  constructor(options: CatalogueOptions & { readonly keepBodies?: boolean }) {
    this.#options = options;
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.#tokens = this.#limit;
    this.bodies = options.keepBodies === true ? [] : undefined;
  }

  /** Starts to listen; resolves with the address. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What of the limit was used, and what of the calls was answered 429; in percent, since the counting began. */
  get shares(): { readonly used: number; readonly refused: number } {
    const { calls, overLimit, throttled } = this.counts;
    const of = (part: number, whole: number): number => (whole === 0 ? 0 : (part / whole) * 100);
    return { used: of(calls - overLimit, this.allowed), refused: of(overLimit + throttled, calls) };
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (!(request.url ?? '').includes('/entity/bulk')) {
      const isRead = request.method === 'GET';
      return reply(
        response,
        isRead ? 404 : 200,
        isRead ? { errorCode: 'ATLAS-404-00-001', errorMessage: 'none' } : {},
      );
    }
    const now = performance.now();
    if (this.#countFrom === Number.POSITIVE_INFINITY) this.#countFrom = now + warmUpMs;
    const isCounted = now >= this.#countFrom;
    const count = (what: keyof ThrottledCatalogue['counts']): void => {
      if (isCounted) this.counts[what] += 1;
    };
    count('calls');
    if (!this.#take()) {
      count('overLimit');
      return reply(response, 429, { errorCode: 'TooManyRequests', errorMessage: 'slower' });
    }
    const { throttled, failed, hung } = this.#options.chance;
    const chance = this.#options.random();
    if (chance < throttled) {
      count('throttled');
      return reply(response, 429, { errorCode: 'TooManyRequests', errorMessage: 'by chance' });
    }
    if (chance < throttled + failed) {
      count('failed');
      response.writeHead(503).end();
      return;
    }
    this.#apply(body, response, chance < throttled + failed + hung ? () => count('hung') : undefined);
  }

  #apply(body: string, response: ServerResponse, hang: (() => void) | undefined): void {
    this.bodies?.push(body);
    const { entities } = JSON.parse(body) as { readonly entities: readonly Entity[] };
    if (entities.some(({ attributes }) => attributes.name === poison)) {
      return reply(response, 404, { errorCode: 'ATLAS-404-00-007', errorMessage: 'the name is poison' });
    }
    for (const { attributes } of entities) this.stored.set(attributes.qualifiedName, attributes);
    this.#mayHalve();
    if (hang !== undefined) return hang();
    const guids = entities.map(({ guid, attributes }) => [guid, `g:${attributes.qualifiedName}`]);
    reply(response, 200, { guidAssignments: Object.fromEntries(guids) });
  }

  #mayHalve(): void {
    const { limit, halvesAt } = this.#options;
    if (limit === undefined || halvesAt === undefined || this.stored.size < halvesAt) return;
    this.#refill();
    this.#limit = limit / 2;
    this.#tokens = Math.min(this.#tokens, this.#limit);
  }

  #take(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(): void {
    const now = performance.now();
    if (now > this.#countFrom) {
      this.allowed += ((now - Math.max(this.#at, this.#countFrom)) / 1000) * this.#limit;
    }
    const seconds = (now - this.#at) / 1000;
    if (Number.isFinite(this.#limit))
      this.#tokens = Math.min(this.#limit, this.#tokens + seconds * this.#limit);
    this.#at = now;
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
