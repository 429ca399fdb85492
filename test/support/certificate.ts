/** Certificates for servers of tests, made here: no program is needed for it. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A key and a certificate that its holder has signed itself, both as PEM. Who trusts the certificate trusts the server. */
export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
}

/** DER: tag, length, content. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length =
    size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, Math.floor(size / 256), size % 256];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const octets = (content: Uint8Array): Buffer => der(0x04, content);
const utcTime = (at: Date): Buffer =>
  der(0x17, Buffer.from(`${at.toISOString().slice(2, 19).replaceAll(/[-:T]/gu, '')}Z`));

/** ecdsa-with-SHA256 (RFC 5758), and sha256WithRSAEncryption (RFC 4055). */
const algorithms = {
  ec: sequence(oid('2a8648ce3d040302')),
  rsa: sequence(oid('2a864886f70d01010b'), Buffer.from([0x05, 0])),
};
const yearMs = 365 * 24 * 3600 * 1000;

/**
 * Makes a certificate for names such as `localhost` and `*.vault.azure.net`, valid for a year (X.509 version 3, RFC 5280). An RSA key takes longer to make,
 * and is what service principals of Entra ID have.
 */
export function createCertificate(names: readonly string[], keys: 'ec' | 'rsa' = 'ec'): TestCertificate {
  const { privateKey, publicKey } =
    keys === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const algorithm = algorithms[keys];
  const name = sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from('purview-streams test')))));
  const alternatives = names.map((one) => der(0x82, Buffer.from(one)));
  const address = der(0x87, Buffer.from([127, 0, 0, 1]));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const extensions = sequence(
    sequence(oid('551d13'), der(0x01, Buffer.from([0xff])), octets(sequence(der(0x01, Buffer.from([0xff]))))),
    sequence(oid('551d0e'), octets(octets(createHash('sha1').update(key).digest()))),
    sequence(oid('551d11'), octets(sequence(...alternatives, address))),
  );
  const now = Date.now();
  const serial = randomBytes(8);
  serial[0] = 0x40; // positive, and without a leading zero
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    name,
    sequence(utcTime(new Date(now - yearMs / 365)), utcTime(new Date(now + yearMs))),
    name,
    key,
    der(0xa3, extensions),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  const whole = sequence(body, algorithm, signature).toString('base64');
  const lines = whole.match(/.{1,64}/gu) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
}
