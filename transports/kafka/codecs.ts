import { createRequire } from 'node:module';
import kafkajs, { type CompressionTypes } from 'kafkajs';
import { StreamError } from '../../pipeline/errors.ts';

/** How batches may be compressed. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4';

/** Packages that add what kafkajs has not itself; they are installed beside this one where they are wanted. */
const packages = { snappy: 'kafkajs-snappy', lz4: '@2l/kafkajs-lz4' } as const;
const require = createRequire(import.meta.url);

/** The client's name of a compression, which it knows from then on, and what others have compressed with it. Throws CONFIG_INVALID where its package is missing. */
export function useCompression(compression: Compression): CompressionTypes {
  const { CompressionTypes, CompressionCodecs } = kafkajs;
  switch (compression) {
    case 'none':
      return CompressionTypes.None;
    case 'gzip':
      return CompressionTypes.GZIP;
    case 'snappy': {
      const codec = codecOf(packages.snappy) as () => unknown;
      CompressionCodecs[CompressionTypes.Snappy] = codec;
      return CompressionTypes.Snappy;
    }
    case 'lz4': {
      const Codec = codecOf(packages.lz4) as new () => { readonly codec: () => unknown };
      CompressionCodecs[CompressionTypes.LZ4] = new Codec().codec;
      return CompressionTypes.LZ4;
    }
  }
}

function codecOf(name: string): unknown {
  try {
    const found: unknown = require(name);
    return typeof found === 'object' && found !== null && 'default' in found ? found.default : found;
  } catch (thrown) {
    throw new StreamError('CONFIG_INVALID', `The package ${name} is not installed.`, {
      cause: thrown,
      advice: `Install it beside this one (npm install ${name}), or set transport.compression to gzip.`,
    });
  }
}
