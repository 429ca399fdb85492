/** A double of Azure Schema Registry on the wire, by the documentation of its data plane ("Schema Registry", API version 2022-10). */
import { randomUUID } from 'node:crypto';
import { type SeenRequest, startServer, type TestServer } from './http-server.ts';

/** One that runs. */
export interface AzureSchemaRegistry {
  readonly server: TestServer;
  /** Takes this token from now on. */
  token: string;
  /** Answers with this status while it is set. */
  down: number | undefined;
  /** Puts a schema there as another program would; its id. */
  put(group: string, name: string, text: string): string;
}

interface Stored {
  readonly id: string;
  readonly group: string;
  readonly name: string;
  readonly text: string;
}

const contentType = 'application/json; serialization=Avro';

/** Starts one. It compares schemas as texts, and takes any: a group of the service checks compatibility only where it was made so. */
export async function startAzureSchemaRegistry(): Promise<AzureSchemaRegistry> {
  const stored: Stored[] = [];
  const put = (group: string, name: string, text: string): string => {
    const known = stored.find((one) => one.group === group && one.name === name && one.text === text);
    const schema = known ?? { id: randomUUID().replaceAll('-', ''), group, name, text };
    if (known === undefined) stored.push(schema);
    return schema.id;
  };
  const registry = { token: '', down: undefined as number | undefined, put };
  const server = await startServer((request, response) => {
    const error = (status: number, message: string) =>
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { code: String(status), message } }));
    if (registry.down !== undefined) return error(registry.down, 'The service is not there.');
    // It repeats what it was given, as careless services do.
    if (request.headers.authorization !== `Bearer ${registry.token}`)
      return error(401, `Unauthorized: ${request.headers.authorization ?? ''}`);
    const { pathname, searchParams } = new URL(request.url, 'http://registry');
    if (searchParams.get('api-version') !== '2022-10') return error(400, 'api-version');
    const answer = answerTo(request, pathname, { stored, put });
    if (answer === undefined) return error(404, 'Not found.');
    if (answer.status === 415) return error(415, 'Unsupported media type.');
    return response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  return Object.assign(registry, { server });
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

function answerTo(
  { method, headers, body }: SeenRequest,
  pathname: string,
  { stored, put }: { readonly stored: readonly Stored[]; readonly put: AzureSchemaRegistry['put'] },
): Answer | undefined {
  const byId = /^\/\$schemaGroups\/\$schemas\/([^/]+)$/u.exec(pathname)?.[1];
  if (byId !== undefined && method === 'GET') {
    const found = stored.find(({ id }) => id === byId);
    return found && { status: 200, headers: { 'content-type': contentType }, body: found.text };
  }
  const [, group, name, rest] =
    /^\/\$schemaGroups\/([^/]+)\/schemas\/([^/:]+)(:get-id|\/versions|\/versions\/\d+)?$/u.exec(pathname) ??
    [];
  if (group === undefined || name === undefined) return undefined;
  const own = stored.filter((one) => one.group === group && one.name === name);
  const named = (id: string): Answer => ({ status: 204, headers: { 'schema-id': id } });
  if (method === 'PUT' || rest === ':get-id') {
    if (headers['content-type'] !== contentType) return { status: 415 };
    if (method === 'PUT') return named(put(group, name, body));
    const found = own.find(({ text }) => text === body);
    return found && named(found.id);
  }
  return versionsOf(own, rest ?? '');
}

function versionsOf(own: readonly Stored[], rest: string): Answer | undefined {
  if (own.length === 0) return undefined;
  if (rest === '/versions')
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ Value: own.map((_, index) => index + 1) }),
    };
  const version = own[Number(rest.split('/').at(-1)) - 1];
  return version && { status: 200, headers: { 'content-type': contentType }, body: version.text };
}
