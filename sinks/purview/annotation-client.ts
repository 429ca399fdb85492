import { atlasCodes } from '../../pipeline/atlas/codes.ts';
import type { Json } from '../../pipeline/atlas/wire.ts';
import type { HttpRequest } from '../../platform/http.ts';
import { hasCode } from './fault.ts';

/** A classification in a request. */
export interface ClassificationBody {
  readonly typeName: string;
  readonly attributes: Readonly<Record<string, Json>>;
  readonly propagate?: boolean;
  readonly removePropagationsOnEntityDelete?: boolean;
  readonly validityPeriods?: readonly Readonly<Record<string, string>>[];
}

/** Sends a request whose answer's body does not matter. */
type Send = (request: HttpRequest, signal: AbortSignal) => Promise<void>;

/** The requests for what a bulk request does not change of an entity that is there. All reject as those of {@link CatalogClient} do. */
export class AnnotationClient {
  readonly #send: Send;
  readonly #dataMapPath: string | undefined;

  /** @param dataMapPath whole address of what Microsoft Purview has beside Atlas's interface */
  constructor(send: Send, dataMapPath: string | undefined) {
    this.#send = send;
    this.#dataMapPath = dataMapPath;
  }

  /** Adds classifications to an entity (POST), or changes the attributes that are named of those that it has (PUT). */
  async writeClassifications(
    method: 'POST' | 'PUT',
    guid: string,
    classifications: readonly ClassificationBody[],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#send({ method, path: `${byGuid(guid)}/classifications`, body: classifications }, signal);
  }

  /** Takes a classification from an entity; one that it has not is fine. */
  async removeClassification(guid: string, name: string, signal: AbortSignal): Promise<void> {
    const path = `${byGuid(guid)}/classification/${encodeURIComponent(name)}`;
    try {
      await this.#send({ method: 'DELETE', path }, signal);
    } catch (thrown) {
      const gone = [atlasCodes.CLASSIFICATION_NOT_ASSOCIATED.code, atlasCodes.NO_CLASSIFICATIONS_FOUND.code];
      if (!gone.some((code) => hasCode(thrown, code))) throw thrown;
    }
  }

  /** Adds labels to an entity (PUT), or takes them from it (DELETE). */
  async writeLabels(
    method: 'PUT' | 'DELETE',
    guid: string,
    labels: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#send({ method, path: `${byGuid(guid)}/labels`, body: labels }, signal);
  }

  /** Sets business attributes of an entity, by type and name; others stay. */
  async setBusiness(
    guid: string,
    attributes: Readonly<Record<string, Readonly<Record<string, Json>>>>,
    signal: AbortSignal,
  ): Promise<void> {
    const path = `${byGuid(guid)}/businessmetadata`;
    const query = { isOverwrite: 'false' };
    await this.#send({ method: 'POST', path, query, body: attributes }, signal);
  }

  /** Takes business attributes from an entity, by type and name. */
  async removeBusiness(
    guid: string,
    names: Readonly<Record<string, readonly string[]>>,
    signal: AbortSignal,
  ): Promise<void> {
    const body = Object.fromEntries(
      Object.entries(names).map(([type, own]) => [type, Object.fromEntries(own.map((name) => [name, null]))]),
    );
    await this.#send({ method: 'DELETE', path: `${byGuid(guid)}/businessmetadata`, body }, signal);
  }

  /** Whether the catalogue has collections, and contacts: only Microsoft Purview has. */
  get hasCollections(): boolean {
    return this.#dataMapPath !== undefined;
  }

  /** Moves entities to a collection. */
  async moveTo(collection: string, guids: readonly string[], signal: AbortSignal): Promise<void> {
    const path = `${this.#dataMapPath ?? ''}/entity/moveTo`;
    const query = { collectionId: collection };
    await this.#send({ method: 'POST', path, query, body: { entityGuids: guids } }, signal);
  }
}

function byGuid(guid: string): string {
  return `/entity/guid/${encodeURIComponent(guid)}`;
}
