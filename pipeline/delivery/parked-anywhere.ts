import type { EntityRef } from '../../schemas/types.ts';
import { topics } from '../topics.ts';
import type { PartitionState, Transport } from '../transport.ts';
import { readParked } from './parked-entry.ts';

/** Tells of assets whether a change of them is itself parked, in whatever partition; each is looked for once. */
export class ParkedAnywhere {
  readonly #transport: Transport;
  readonly #group: string;
  readonly #found = new Map<string, boolean>();
  #partitions: Promise<readonly PartitionState[]> | undefined;

  constructor(transport: Transport, group: string) {
    this.#transport = transport;
    this.#group = group;
  }

  /** Whether all of some assets are parked as roots; false for none. */
  async hasAll(refs: readonly EntityRef[]): Promise<boolean> {
    for (const { qualifiedName } of refs) if (!(await this.#has(qualifiedName))) return false;
    return refs.length > 0;
  }

  async #has(name: string): Promise<boolean> {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const found = await this.#look(name);
    this.#found.set(name, found);
    return found;
  }

  async #look(name: string): Promise<boolean> {
    const { state } = this.#transport.transactions;
    this.#partitions ??= this.#transport.describe(topics.entities);
    for (const { partition } of await this.#partitions)
      if ((await readParked(state, { group: this.#group, partition }, name)) !== undefined) return true;
    return false;
  }
}
