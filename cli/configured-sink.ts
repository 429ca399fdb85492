import { z } from 'zod';
import { StreamError } from '../pipeline/errors.ts';
import type { Sink } from '../pipeline/sink.ts';
import type { SinkComponent, SinkHost } from '../pipeline/sink-component.ts';
import { sinks } from '../sinks/index.ts';
import type { Configured } from './configured.ts';
import type { LoadedConfig } from './load-config.ts';
import { registryWith } from './load-plugins.ts';
import type { LocalCatalog } from './local-catalog.ts';

/** Writer of the local catalogue, which listens on loopback and has the users of Atlas's own quick start. */
const localWriter = { user: 'admin', password: 'admin' } as const;

/** Where a local catalogue answers. */
type CatalogAddress = Pick<LocalCatalog, 'url'>;

/**
 * Where another process serves the local catalogue, as the configuration or the command line says; undefined where there is
 * none. Throws CONFIG_INVALID for the port 0, which only the process that serves it knows.
 */
export function catalogElsewhere(
  { loaded }: Pick<Configured, 'loaded'>,
  given: { readonly host?: string; readonly port?: number },
): CatalogAddress | undefined {
  const { catalog, sink } = loaded.config;
  if (catalog === undefined || sink.kind !== 'local') return undefined;
  const { host = catalog.host, port = catalog.port } = given;
  if (port === 0) {
    throw new StreamError(
      'CONFIG_INVALID',
      `${loaded.file}: catalog.port is 0, a port that nobody can know.`,
      {
        advice: 'A sink in a process of its own needs a fixed port: configure one, or name it with --port.',
      },
    );
  }
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` };
}

/** Options of the configured sink; for the sink `local`, with the address of its catalogue. */
export function sinkOptions({ config }: LoadedConfig, catalog: CatalogAddress | undefined): unknown {
  const { kind, ...options } = config.sink;
  if (kind !== 'local') return options;
  return { ...localWriter, ...options, ...(catalog === undefined ? {} : { url: catalog.url }) };
}

/** The component of the configured sink. Throws CONFIG_INVALID for a kind that does not exist. */
function sinkComponentOf(configured: Configured): SinkComponent {
  const { kind } = configured.loaded.config.sink;
  const registry = registryWith<SinkComponent>(sinks, configured.loaded.plugins.sinks, 'sinks');
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
  { host, catalog }: { readonly host: SinkHost; readonly catalog: CatalogAddress | undefined },
): Sink {
  const component = sinkComponentOf(configured);
  try {
    return component.create(sinkOptions(configured.loaded, catalog), host);
  } catch (thrown) {
    if (thrown instanceof z.ZodError) throw configured.loaded.invalid(thrown, ['sink'], component.options);
    throw thrown;
  }
}
