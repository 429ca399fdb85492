/** Doubles of what gives tokens of Microsoft Entra ID on the wire: its token endpoint by HTTPS, and the instance metadata service of a machine in Azure. */
import { constants, createPublicKey, verify } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { callHere } from './call-here.ts';
import { createCertificate } from './certificate.ts';

/** A token that says for whom it is, as those of Entra ID do; it is signed by nobody. */
function tokenOf(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ exp: 4_000_000_000, ...claims })}.not-a-signature`;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return new URLSearchParams(text);
}

/** What the token endpoint knows of an application. */
export interface Application {
  readonly tenantId: string;
  readonly clientId: string;
  readonly secret: string;
  /** PEM of the certificate that it may sign with. */
  readonly certificate: string;
  /** A token of the cluster that a federated credential stands for. */
  readonly federated: string;
}

/** A token endpoint that runs. While it does, every name that this process calls by HTTPS is the double. */
export interface EntraDouble {
  readonly authorityHost: string;
  /** How each token was asked for: `secret`, `certificate` or `federated`, with its scope. */
  readonly given: string[];
  close(): Promise<void>;
}

/** Starts one that knows one application. */
export async function startEntra(application: Application): Promise<EntraDouble> {
  const { tenantId, clientId } = application;
  const certificate = createCertificate(['login.example.test']);
  const given: string[] = [];
  const server = createServer(certificate, (request, response) => {
    const send = (code: number, body: unknown): void =>
      void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const tenant = `https://${request.headers.host}/${tenantId}`;
    if (request.url?.startsWith(`/${tenantId}/v2.0/.well-known/openid-configuration`) === true)
      return send(200, {
        issuer: `${tenant}/v2.0`,
        authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
        token_endpoint: `${tenant}/oauth2/v2.0/token`,
        jwks_uri: `${tenant}/discovery/v2.0/keys`,
      });
    if (request.url?.startsWith(`/${tenantId}/oauth2/v2.0/token`) !== true) return send(404, {});
    bodyOf(request)
      .then((body) => {
        const how = proofOf(body, application);
        if (how === undefined || body.get('client_id') !== clientId)
          return send(401, {
            error: 'invalid_client',
            error_description: 'AADSTS7000215: Invalid client secret provided.',
          });
        given.push(`${how} ${body.get('scope')}`);
        const access_token = tokenOf({ appid: clientId, tid: tenantId });
        return send(200, { token_type: 'Bearer', expires_in: 3600, access_token });
      })
      .catch(() => response.destroy());
  });
  const port = await listen(server);
  const callAsBefore = callHere(certificate.cert);
  return {
    authorityHost: `https://login.example.test:${port}`,
    given,
    close: async () => {
      callAsBefore();
      await end(server);
    },
  };
}

/** How the client proves who it is ("Microsoft identity platform and the OAuth 2.0 client credentials flow"); undefined where it does not. */
function proofOf(body: URLSearchParams, application: Application): string | undefined {
  if (body.get('client_secret') === application.secret) return 'secret';
  const assertion = body.get('client_assertion');
  if (assertion === null) return undefined;
  if (assertion === application.federated) return 'federated';
  const [head = '', payload = '', signature = ''] = assertion.split('.');
  const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { readonly alg: string };
  const padding = alg.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const isOurs = verify(
    'sha256',
    Buffer.from(`${head}.${payload}`),
    { key: createPublicKey(application.certificate), padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
    Buffer.from(signature, 'base64url'),
  );
  return isOurs ? 'certificate' : undefined;
}

/** An instance metadata service that runs. */
export interface MetadataDouble {
  /** For AZURE_POD_IDENTITY_AUTHORITY_HOST, which stands for its address on a machine in Azure. */
  readonly url: string;
  /** Resources, each with the client id of the identity that was asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** Starts one, with an identity that the machine has ("How managed identities for Azure resources work with Azure virtual machines"). */
export async function startMetadataService(): Promise<MetadataDouble> {
  const asked: string[] = [];
  const server = createHttpServer((request, response) => {
    const send = (code: number, body: unknown): void =>
      void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://metadata');
    if (!/^\/metadata\/identity\/oauth2\/token\/?$/u.test(pathname)) return send(404, {});
    // Without the header it might be a request that somebody was tricked into.
    if (request.headers['metadata'] !== 'true') return send(400, { error: 'invalid_request' });
    const client = searchParams.get('client_id') ?? 'the machine';
    asked.push(`${searchParams.get('resource')} ${client}`);
    const access_token = tokenOf({ appid: client, xms_mirid: '/subscriptions/s/virtualMachines/m' });
    const expires_on = String(Math.floor(Date.now() / 1000) + 3600);
    return send(200, {
      access_token,
      expires_in: '3600',
      expires_on,
      resource: searchParams.get('resource'),
      token_type: 'Bearer',
    });
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, asked, close: () => end(server) };
}
