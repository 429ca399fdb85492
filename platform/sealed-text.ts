import { crc32 } from 'node:zlib';

const sealLength = 8;

/** A JSON text behind its CRC-32, as it is stored: `xxxxxxxx{json}`. LMDB's pages carry no checksum. */
export function sealText(json: string): string {
  return sealOf(json) + json;
}

/** The JSON text that was sealed; undefined when it is not what was stored. */
export function unsealText(text: string): string | undefined {
  const json = text.slice(sealLength);
  return text.startsWith(sealOf(json)) ? json : undefined;
}

function sealOf(json: string): string {
  return crc32(json).toString(16).padStart(sealLength, '0');
}
