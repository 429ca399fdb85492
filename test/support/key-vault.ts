/** A double of Azure Key Vault on the wire: HTTPS on loopback under the names that vaults have. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createCertificate } from './certificate.ts';
import { callHere } from './call-here.ts';

/** One that runs. While it does, every name that this process calls by HTTPS is the double. */
export interface KeyVaultDouble {
  /** A vault as references name it, with the port of the double: `shop.vault.azure.net:12345`. */
  host(vault: string): string;
  /** Values by `vault/name` or `vault/name/version`. */
  readonly secrets: Map<string, string>;
  /** Token that it takes. */
  readonly token: string;
  /** Requests with that token, as `vault/name`. */
  readonly asked: string[];
  /** A status for all requests with that token, instead of an answer; 0 for none. */
  refuseWith(status: number): void;
  close(): Promise<void>;
}

/** Starts one; it answers for every host below vault.azure.net. */
export async function startKeyVault(): Promise<KeyVaultDouble> {
  const certificate = createCertificate(['*.vault.azure.net']);
  const token = 'token-of-the-vault';
  const secrets = new Map<string, string>();
  const asked: string[] = [];
  let status = 0;
  const vault = createServer(certificate, (request, response) => {
    const send = (code: number, body: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== `Bearer ${token}`) {
      const challenge =
        'authorization="https://login.microsoftonline.com/tenant", resource="https://vault.azure.net"';
      return send(401, { error: { code: 'Unauthorized' } }, { 'www-authenticate': `Bearer ${challenge}` });
    }
    const { pathname } = new URL(request.url ?? '', 'https://vault');
    const name = `${String(request.headers.host).split('.')[0]}${pathname.replace(/^\/secrets/u, '').replace(/\/$/u, '')}`;
    asked.push(name);
    if (status !== 0) return send(status, { error: { code: 'Refused', message: 'Not for you.' } });
    const value = secrets.get(name);
    if (value === undefined)
      return send(404, { error: { code: 'SecretNotFound', message: 'It is not there.' } });
    return send(200, {
      value,
      id: `https://${request.headers.host}/secrets/${name.split('/')[1]}/0123456789abcdef`,
      attributes: {},
    });
  });
  await new Promise<void>((resolve) => {
    vault.listen(0, '127.0.0.1', resolve);
  });
  const { port } = vault.address() as AddressInfo;
  const callAsBefore = callHere(certificate.cert);
  return {
    host: (name) => `${name}.vault.azure.net:${port}`,
    secrets,
    token,
    asked,
    refuseWith: (code) => {
      status = code;
    },
    close: async () => {
      callAsBefore();
      await new Promise<void>((resolve) => {
        vault.close(() => resolve());
        vault.closeAllConnections();
      });
    },
  };
}
