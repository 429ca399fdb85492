import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Assignment, NewRecord, StoredRecord, Transport } from '../../../pipeline/transport.ts';
import {
  createEmbeddedTransport,
  type EmbeddedTransport,
  type EmbeddedTransportOptions,
} from '../../../transports/embedded/transport.ts';

/** Folders and transports of one test file; call `cleanUp` after each test. */
export class Workshop {
  readonly #folders: string[] = [];
  readonly #open: EmbeddedTransport[] = [];

  /** A new folder. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'embedded-'));
    this.#folders.push(folder);
    return folder;
  }

  /** A transport, in a folder of its own where none is named. */
  open(options: Partial<EmbeddedTransportOptions> = {}): EmbeddedTransport {
    const transport = createEmbeddedTransport({ folder: this.folder(), sessionMs: 1000, ...options });
    this.#open.push(transport);
    return transport;
  }

  async cleanUp(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((transport) => transport.close()));
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
}

/** A record with a text as its value. */
export function record(key: string, text: string | null, headers: Record<string, string> = {}): NewRecord {
  return { key, value: text === null ? null : Buffer.from(text), headers };
}

/** The text of a record. */
export function textOf(stored: StoredRecord): string | null {
  return stored.value === null ? null : Buffer.from(stored.value).toString();
}

/** Everything that a partition holds. */
export async function readAll(transport: Transport, topic: string, partition = 0): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  for await (const stored of transport.read(topic, partition, 0)) found.push(stored);
  return found;
}

/** A member of a group that collects its assignments and never pulls on its own. */
export class TestMember {
  readonly assignments: Assignment[] = [];
  readonly #leave = new AbortController();
  readonly ended: Promise<void>;

  constructor(transport: Transport, topic: string, group: string) {
    this.ended = this.#collect(transport, topic, group);
  }

  /** Leaves the group. */
  leave(): void {
    this.#leave.abort();
  }

  /** Assignments that are not to be given up. */
  get active(): readonly Assignment[] {
    return this.assignments.filter(({ revoking }) => !revoking.aborted);
  }

  async #collect(transport: Transport, topic: string, group: string): Promise<void> {
    for await (const assignment of transport.subscribe({ topic, group, signal: this.#leave.signal })) {
      this.assignments.push(assignment);
    }
  }
}

/** Never fires. */
export const never = new AbortController().signal;
