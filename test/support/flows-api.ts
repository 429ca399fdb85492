import { type SeenRequest, sendJson, startServer, type TestServer } from './http-server.ts';

/** A flow of {@link startFlowsApi}. */
export interface Flow {
  readonly id: string;
  readonly updatedAt: string;
  readonly name?: string;
  readonly steps?: readonly { readonly kind: string; readonly connector: string; readonly table: string }[];
  readonly [more: string]: unknown;
}

/** An API of an ETL tool: pages of two by cursor, details, changes since a time, tokens by OAuth. */
export interface FlowsApi extends TestServer {
  readonly flows: Map<string, Flow>;
  /** Tokens that are taken; emptied, they are all refused. */
  readonly tokens: Set<string>;
}

/** Answers in place of the API where it gives true. */
export type Interfere = (request: SeenRequest, response: Parameters<typeof sendJson>[0]) => boolean;

/** Flows that read one table each, and write one. */
export function someFlows(count: number): readonly Flow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `f${index}`,
    name: `Flow ${index}`,
    updatedAt: `2026-11-2${index}T00:00:00Z`,
    steps: [
      { kind: 'read', connector: 'file', table: `https://lake/raw/${index}.csv` },
      { kind: 'write', connector: 'table', table: `dw.t${index}` },
    ],
  }));
}

/** Starts the API on loopback. */
export async function startFlowsApi(
  flows: readonly Flow[],
  interfere: Interfere = () => false,
): Promise<FlowsApi> {
  const byId = new Map(flows.map((flow) => [flow.id, flow]));
  const tokens = new Set<string>();
  let issued = 0;
  const server = await startServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    if (url.pathname === '/token') {
      const token = `token-${(issued += 1)}-of-the-test`;
      tokens.add(token);
      return sendJson(response, 200, { access_token: token, expires_in: 3600 });
    }
    if (interfere(request, response)) return undefined;
    if (!tokens.has(request.headers.authorization?.slice('Bearer '.length) ?? ''))
      return sendJson(response, 401, {});
    const id = /^\/api\/v2\/flows\/([^/]+)$/.exec(url.pathname)?.[1];
    if (id !== undefined) {
      const flow = byId.get(decodeURIComponent(id));
      return sendJson(response, flow === undefined ? 404 : 200, flow ?? {});
    }
    if (url.pathname !== '/api/v2/flows') return sendJson(response, 404, {});
    const since = url.searchParams.get('updatedSince') ?? '';
    const all = [...byId.values()].filter(({ updatedAt }) => updatedAt >= since);
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const page = all.slice(from, from + 2).map(({ id, updatedAt }) => ({ id, updatedAt }));
    return sendJson(response, 200, { flows: page, nextCursor: from + 2 < all.length ? from + 2 : null });
  });
  return Object.assign(server, { flows: byId, tokens });
}
