import { type EntityWrite, writeBytes } from './request.ts';
import type { RequestLimits, Unit } from './unit.ts';

/** Requests that must pass before larger ones are tried again. */
const passesToGrow = 20;

/**
 * How large a request may be now: as configured, until the catalogue finds one too much (408, 413, 504). Then half of that, and twice
 * as much again after {@link passesToGrow} requests that passed.
 */
export class RequestSize {
  readonly #configured: RequestLimits;
  #limits: RequestLimits;
  #passes = 0;

  constructor(configured: RequestLimits) {
    this.#configured = configured;
    this.#limits = configured;
  }

  /** Entities and bytes of a request at the most. */
  get limits(): RequestLimits {
    return this.#limits;
  }

  /** A request of that size was too much: too many bytes (413), or too much work (408, 504). */
  tooMuch({ entities, bytes }: RequestLimits, what: 'bytes' | 'work'): void {
    this.#passes = 0;
    const limits = this.#limits;
    this.#limits =
      what === 'bytes'
        ? { ...limits, bytes: Math.max(1, Math.min(limits.bytes, Math.ceil(bytes / 2))) }
        : { ...limits, entities: Math.max(1, Math.min(limits.entities, Math.ceil(entities / 2))) };
  }

  /** A request passed. */
  passed(): void {
    this.#passes += 1;
    if (this.#passes < passesToGrow || this.#limits === this.#configured) return;
    this.#passes = 0;
    const entities = Math.min(this.#limits.entities * 2, this.#configured.entities);
    const bytes = Math.min(this.#limits.bytes * 2, this.#configured.bytes);
    const isWhole = entities === this.#configured.entities && bytes === this.#configured.bytes;
    this.#limits = isWhole ? this.#configured : { entities, bytes };
  }
}

/** How large a request with some entities is. */
export function sizeOfWrites(writes: readonly EntityWrite[]): RequestLimits {
  return { entities: writes.length, bytes: writes.reduce((sum, write) => sum + writeBytes(write), 0) };
}

/** Parts a request that failed, in its order. */
export function halves(units: readonly Unit[]): readonly (readonly Unit[])[] {
  const middle = Math.ceil(units.length / 2);
  return [units.slice(0, middle), units.slice(middle)];
}
