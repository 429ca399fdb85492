import { z } from 'zod';
import type { Sink } from '../pipeline/sink.ts';
import type { SinkComponent, SinkHost } from '../pipeline/sink-component.ts';
import { sinks } from '../sinks/index.ts';
import type { Configured } from './configured.ts';
import type { LoadedConfig } from './load-config.ts';
import type { LocalCatalog } from './local-catalog.ts';

/** Writer of the local catalogue, which listens on loopback and has the users of Atlas's own quick start. */
const localWriter = { user: 'admin', password: 'admin' } as const;

/** Options of the configured sink; for the sink `local`, with the address of the catalogue that this process runs. */
export function sinkOptions({ config }: LoadedConfig, catalog: LocalCatalog | undefined): unknown {
  const { kind, ...options } = config.sink;
  if (kind !== 'local') return options;
  return { ...localWriter, ...options, ...(catalog === undefined ? {} : { url: catalog.url }) };
}

/** The component of the configured sink. Throws CONFIG_INVALID for a kind that does not exist. */
function sinkComponentOf(configured: Configured): SinkComponent {
  const { kind } = configured.loaded.config.sink;
  const registry: Readonly<Record<string, SinkComponent>> = sinks;
  const component = Object.hasOwn(registry, kind) ? registry[kind] : undefined;
  if (component !== undefined) return component;
  const message = `there is no sink of kind "${kind}"; known are: ${Object.keys(registry).join(', ')}`;
  throw configured.loaded.invalid(
    new z.ZodError([{ code: 'custom', message, path: ['kind'], input: kind }]),
    ['sink'],
  );
}

/** Makes the configured sink. Throws CONFIG_INVALID with line and field. */
export function createSink(
  configured: Configured,
  { host, catalog }: { readonly host: SinkHost; readonly catalog: LocalCatalog | undefined },
): Sink {
  try {
    return sinkComponentOf(configured).create(sinkOptions(configured.loaded, catalog), host);
  } catch (thrown) {
    if (thrown instanceof z.ZodError) throw configured.loaded.invalid(thrown, ['sink']);
    throw thrown;
  }
}
