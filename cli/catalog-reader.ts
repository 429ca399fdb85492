import { z } from 'zod';
import {
  entityWithExtInfoSchema,
  type relatedObjectSchema,
  typesDefSchema,
} from '../pipeline/atlas/replies.ts';
import type { TypesDef } from '../pipeline/atlas/wire.ts';
import { StreamError } from '../pipeline/errors.ts';
import type { HttpResponse } from '../platform/http.ts';
import { type CatalogConnection, connectCatalog } from '../sinks/purview/config.ts';
import type { Naming } from '../pipeline/naming.ts';
import { declaredNaming } from './configured.ts';
import { sinkOptions } from './configured-sink.ts';
import { type LoadedConfig, loadConfig } from './load-config.ts';
import { type LocalCatalog, openLocalCatalog } from './local-catalog.ts';
import { stateFolderOf } from './state-folder.ts';

/** An entity as the catalogue shows it. */
export type CatalogEntity = z.output<typeof entityWithExtInfoSchema>['entity'];

/** Whether a reference was removed: Atlas goes on listing it, with a status (seen on 2.1.0 and 2.4.0). */
export function isRemoved(related: z.output<typeof relatedObjectSchema>): boolean {
  return related.relationshipStatus === 'DELETED' || related.entityStatus === 'DELETED';
}

/** Options of the commands that read a catalogue. */
export interface ReaderOptions {
  readonly config: string;
  readonly state?: string;
}

/** Reads the catalogue that the configuration's sink writes to. */
export class CatalogReader {
  readonly #naming: Naming;
  readonly #connection: CatalogConnection;
  readonly #own: LocalCatalog | undefined;

  private constructor(naming: Naming, connection: CatalogConnection, own: LocalCatalog | undefined) {
    this.#naming = naming;
    this.#connection = connection;
    this.#own = own;
  }

  /**
   * Connects. For the local catalogue, its folder is opened for this one command, whether a `run` serves it or not. Throws
   * CONFIG_INVALID when the sink has no catalogue to read.
   */
  static async open(options: ReaderOptions): Promise<CatalogReader> {
    const loaded = await loadConfig(options.config, { withoutSources: true });
    const { sink, catalog } = loaded.config;
    const own =
      sink.kind === 'local' && catalog !== undefined
        ? await openLocalCatalog({ folder: await stateFolderOf(options), host: '127.0.0.1', port: 0 })
        : undefined;
    return new CatalogReader(declaredNaming(loaded), connect(loaded, own), own);
  }

  /** The entity of a qualifiedName: every declared type whose name pattern fits is asked, then all that there are. Throws CATALOG_NOT_FOUND. */
  async find(qualifiedName: string): Promise<CatalogEntity> {
    const naming = this.#naming;
    const types = naming.types
      .filter((type) => naming.parse(type.name, qualifiedName) !== undefined)
      .map(({ name }) => name);
    for (const name of [...types, ofAnyType]) {
      const response = await this.#get(`/entity/uniqueAttribute/type/${encodeURIComponent(name)}`, {
        'attr:qualifiedName': qualifiedName,
      });
      if (response.status === 404 || response.status === 400) continue;
      return parse(entityWithExtInfoSchema, response).entity;
    }
    throw new StreamError('CATALOG_NOT_FOUND', `The catalogue has no entity ${qualifiedName}.`, {
      advice: `Asked as: ${[...types, ofAnyType].join(', ')}.`,
    });
  }

  /** Reads any path of the Atlas interface. */
  async read<S extends z.ZodType>(
    path: string,
    query: Readonly<Record<string, string>>,
    schema: S,
  ): Promise<z.output<S>> {
    return parse(schema, await this.#get(path, query));
  }

  /** The type of that name; undefined where there is none. */
  async type<S extends z.ZodType>(
    kind: 'entitydef' | 'classificationdef',
    name: string,
    schema: S,
  ): Promise<z.output<S> | undefined> {
    const response = await this.#get(`/types/${kind}/name/${encodeURIComponent(name)}`, {});
    return response.status === 404 ? undefined : parse(schema, response);
  }

  /** Creates types (POST), or replaces them (PUT): all or none. Throws CATALOG_REFUSED or CATALOG_UNEXPECTED. */
  async writeTypes(method: 'POST' | 'PUT', types: TypesDef): Promise<void> {
    const { http, query } = this.#connection;
    parse(typesDefSchema, await http.request({ method, path: '/types/typedefs', query, body: types }));
  }

  /** Disconnects. */
  async close(): Promise<void> {
    await this.#own?.close();
  }

  #get(path: string, query: Readonly<Record<string, string>>): Promise<HttpResponse> {
    return this.#connection.http.request({
      method: 'GET',
      path,
      query: { ...this.#connection.query, ...query },
    });
  }
}

/** Every entity type inherits from it, and a name finds entities of subtypes too (Atlas's base model). */
const ofAnyType = 'Referenceable';

function connect(loaded: LoadedConfig, own: LocalCatalog | undefined): CatalogConnection {
  const { kind } = loaded.config.sink;
  const connection = connectCatalog(kind, sinkOptions(loaded, own));
  if (connection !== undefined) return connection;
  throw new StreamError('CONFIG_INVALID', `The sink of kind ${kind} has no catalogue to read.`);
}

const errorSchema = z.object({ errorCode: z.string(), errorMessage: z.string() });

function parse<S extends z.ZodType>(schema: S, { status, body }: HttpResponse): z.output<S> {
  const value = body.kind === 'json' ? body.value : undefined;
  if (status === 401 || status === 403) {
    throw new StreamError('CATALOG_REFUSED', `The catalogue refused the request with ${status}.`, {
      advice: 'Check the credentials and roles of the sink in the configuration.',
    });
  }
  const parsed = schema.safeParse(value);
  if (status === 200 && parsed.success) return parsed.data;
  const error = errorSchema.safeParse(value).data;
  throw new StreamError(
    'CATALOG_UNEXPECTED',
    `The catalogue answered ${status}: ${error === undefined ? 'not the expected body' : `${error.errorCode} ${error.errorMessage}`}.`,
  );
}
