import { createRequire } from 'node:module';
import kafkajs, { type CompressionTypes } from 'kafkajs';
import { StreamError } from '../../pipeline/errors.ts';

/** How batches may be compressed. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4';

/** The topic's setting `compression.type` makes brokers compress anew, whatever producers do. */
const elsewhere = 'set transport.compression, and compression.type of the topic, to gzip everywhere';

/** Packages that add what kafkajs has not itself; they are installed beside this one where they are wanted. */
const packages = { snappy: 'kafkajs-snappy', lz4: '@2l/kafkajs-lz4' } as const;
const require = createRequire(import.meta.url);
const loaded = new Map<string, unknown>();

/**
 * The client's name of a compression. From the first call on it also reads what others have compressed, where the package for that is installed:
 * where not, reading rejects with CONFIG_INVALID. Throws CONFIG_INVALID where the package of the asked one is missing.
 */
export function useCompression(compression: Compression): CompressionTypes {
  const { CompressionTypes, CompressionCodecs } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = codecs.snappy;
  CompressionCodecs[CompressionTypes.LZ4] = codecs.lz4;
  CompressionCodecs[CompressionTypes.ZSTD] = refuseZstd;
  switch (compression) {
    case 'none':
      return CompressionTypes.None;
    case 'gzip':
      return CompressionTypes.GZIP;
    case 'snappy':
      codecs.snappy();
      return CompressionTypes.Snappy;
    case 'lz4':
      codecs.lz4();
      return CompressionTypes.LZ4;
  }
}

/** How kafkajs gets at a codec: for each batch. */
const codecs = {
  snappy: () => codecOf('snappy', (found) => (found as () => unknown)()),
  lz4: () => codecOf('lz4', (found) => new (found as new () => { codec: () => unknown })().codec()),
};

function codecOf(compression: keyof typeof packages, make: (found: unknown) => unknown): unknown {
  const name = packages[compression];
  const known = loaded.get(name);
  if (known !== undefined) return known;
  let found: unknown;
  try {
    found = require(name);
  } catch (thrown) {
    throw new StreamError('CONFIG_INVALID', `The package ${name} is not installed.`, {
      cause: thrown,
      advice: `Batches are compressed with ${compression}: install it beside this one (npm install ${name}), or ${elsewhere}.`,
    });
  }
  const codec = make(
    typeof found === 'object' && found !== null && 'default' in found ? found.default : found,
  );
  loaded.set(name, codec);
  return codec;
}

function refuseZstd(): never {
  throw new StreamError('CONFIG_INVALID', 'Batches are compressed with zstd, which cannot be read here.', {
    advice: `Have them written anew: ${elsewhere}.`,
  });
}
