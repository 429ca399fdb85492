import { type EncodedRequest, encodedRequest, type EntityWrite } from './request.ts';
import type { RequestSize } from './request-size.ts';
import { chunks, partAt, type RequestLimits, type Unit } from './unit.ts';

/** Units that go into one request, and that request as far as it is made already. */
export interface ReadyPart {
  readonly units: readonly Unit[];
  /** How large a request might be when it was made. */
  readonly limits: RequestLimits;
  /** The entities in requests: more than one only where a single unit is too large. */
  readonly chunks: readonly (readonly EntityWrite[])[];
  /** The first of these; undefined where the catalogue has to be asked first what it holds. */
  readonly first: EncodedRequest | undefined;
}

/** The units of a batch on their way into requests, one after the other. The next one can be made ready while one is in flight. */
export class RequestQueue {
  readonly #units: readonly Unit[];
  readonly #size: RequestSize;
  #at = 0;
  #ready: ReadyPart | undefined;

  constructor(units: readonly Unit[], size: RequestSize) {
    this.#units = units;
    this.#size = size;
  }

  /** Makes the next request, unless that is done. */
  prepare(): void {
    const { limits } = this.#size;
    if (this.#ready?.limits === limits) return;
    const units = partAt(this.#units, this.#at, limits);
    this.#ready = units && readyPart(units, limits);
  }

  /** The next units, with their request; undefined after the last. */
  next(): ReadyPart | undefined {
    this.prepare(); // where the limits have changed meanwhile, once more
    const ready = this.#ready;
    this.#ready = undefined;
    this.#at += ready?.units.length ?? 0;
    return ready;
  }
}

function readyPart(units: readonly Unit[], limits: RequestLimits): ReadyPart {
  const writes = chunks(units, limits);
  const [first] = writes;
  const isPlain = units
    .flat()
    .every(({ annotations, rename }) => annotations.length === 0 && rename === undefined);
  return { units, limits, chunks: writes, first: first && isPlain ? encodedRequest(first) : undefined };
}
