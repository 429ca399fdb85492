import { randomUUID } from 'node:crypto';
import { StreamError } from '../../pipeline/errors.ts';
import { Serial } from '../../pipeline/serial.ts';
import { StateCache } from '../state-cache.ts';
import type { Blobs } from './blobs.ts';
import { decodeEntries, encodeEntry, type JournalEntry } from './journal-entry.ts';
import { JournalView } from './journal-view.ts';

/** Options of {@link Journal}. */
export interface JournalOptions {
  /** Blocks after which it begins anew from a snapshot. */
  readonly blocks: number;
}

/** What is to be written. */
export type NewEntry = Omit<JournalEntry, 'id'>;

/** What an append blob takes in one block, in bytes. */
const blockBytes = 4 * 1024 * 1024;
const numberWidth = 8;

/**
 * The state of a pipeline as a log in an append blob: every transaction is one block, appended where the log ended when the transaction was made up. If
 * somebody was faster, it is made up again. So all transactions of all processes have one order, each sees all before it, and each is there whole or not
 * at all. Every process keeps what the log means on its disk. A long log is sealed, and goes on in the next one, with a snapshot before it.
 */
export class Journal {
  readonly #blobs: Blobs;
  readonly #options: JournalOptions;
  readonly #serial = new Serial();
  #view: JournalView | undefined;
  #number = 0;
  #position = 0;
  #blocks = 0;
  #isClosed = false;

  constructor(blobs: Blobs, options: JournalOptions) {
    this.#blobs = blobs;
    this.#options = options;
  }

  /** What it means, with everything in it that was written before this call, of whatever process. */
  read<T>(work: (view: JournalView) => T): Promise<T> {
    return this.#serial.run(async () => work(await this.#caughtUp()));
  }

  /** What it meant when this process looked last, or later: what this process has written is in it. */
  look<T>(work: (view: JournalView) => T): Promise<T> {
    return this.#serial.run(async () => work(this.#view ?? (await this.#caughtUp())));
  }

  /**
   * Appends what `make` makes of what the journal means; it runs again when another process was faster, and nothing is written when it makes nothing.
   * Resolves with the id of what was written. Rejects with what `make` throws, and with TRANSPORT_UNAVAILABLE: whether it is written is then not known.
   */
  write(make: (view: JournalView) => Promise<NewEntry | undefined>): Promise<string | undefined> {
    return this.#serial.run(async () => {
      const id = randomUUID();
      let view = this.#view ?? (await this.#caughtUp());
      for (;;) {
        const entry = await make(view);
        if (entry === undefined) return undefined;
        if (await this.#append({ id, ...entry })) {
          if (this.#blocks >= this.#options.blocks) await this.#append({ id: randomUUID(), sealed: true });
          return id;
        }
        view = await this.#caughtUp();
        if (view.lastId === id) return id; // the answer was lost, not the block
      }
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#serial.run(async () => {
      await this.#view?.close();
      this.#view = undefined;
    });
  }

  /** False where the journal has gone on since it was read. */
  async #append(entry: JournalEntry): Promise<boolean> {
    const view = this.#view;
    if (view === undefined) return false;
    let block = encodeEntry(entry);
    if (block.length > blockBytes) {
      const elsewhere = `${this.#name('large')}/${entry.id}`;
      await this.#blobs.write(elsewhere, parts(block));
      block = encodeEntry({ id: entry.id, elsewhere });
    }
    if (!(await this.#blobs.append(this.#name('journal'), block, this.#position))) return false;
    this.#position += block.length;
    this.#blocks += 1;
    view.apply(entry);
    if (entry.sealed === true) await this.#goOn(view);
    return true;
  }

  async #caughtUp(): Promise<JournalView> {
    if (this.#isClosed)
      throw new StreamError('STATE_UNAVAILABLE', 'The state was used after it had been closed.');
    for (;;) {
      const view = this.#view ?? (await this.#load());
      const data = await this.#blobs.read(this.#name('journal'), this.#position);
      if (data === undefined) {
        await this.#drop(); // it was read too seldom: what it went on in has begun anew since
        continue;
      }
      const number = this.#number;
      const from = this.#position;
      for (const { entry, end } of decodeEntries(data)) {
        view.apply(await this.#whole(entry));
        this.#position = from + end;
        this.#blocks += 1;
        if (entry.sealed === true) await this.#goOn(view);
      }
      if (number === this.#number) return view;
    }
  }

  /** Begins with the newest journal and the snapshot before it. */
  async #load(): Promise<JournalView> {
    const { entries } = await this.#blobs.list('journal/');
    this.#number = Math.max(0, ...entries.map(({ name }) => Number(name.slice('journal/'.length))));
    this.#position = 0;
    this.#blocks = 0;
    const view = new JournalView(new StateCache());
    this.#view = view;
    try {
      if (this.#number === 0) await this.#blobs.createLog(this.#name('journal'));
      else {
        const snapshot = await this.#blobs.read(this.#name('snapshot'), 0);
        for (const { entry } of decodeEntries(snapshot ?? Buffer.alloc(0))) view.apply(entry);
      }
      return view;
    } catch (thrown) {
      await this.#drop();
      throw thrown;
    }
  }

  async #drop(): Promise<void> {
    await this.#view?.close();
    this.#view = undefined;
  }

  /** Goes on in the next journal. Whoever sees the seal makes it where it is missing, with what the sealed one means: that is the same for all. */
  async #goOn(view: JournalView): Promise<void> {
    const before = this.#number - 1;
    this.#number += 1;
    this.#position = 0;
    this.#blocks = 0;
    if ((await this.#blobs.get(this.#name('journal'))) !== undefined) return;
    await this.#blobs.write(this.#name('snapshot'), snapshotOf(view));
    await this.#blobs.createLog(this.#name('journal'));
    if (before < 0) return;
    for (const kind of ['snapshot', 'journal', 'large'] as const) {
      const { entries } = await this.#blobs.list(numbered(kind, before));
      for (const { name } of entries) await this.#blobs.remove(name);
    }
  }

  async #whole(entry: JournalEntry): Promise<JournalEntry> {
    if (entry.elsewhere === undefined) return entry;
    const data = await this.#blobs.read(entry.elsewhere, 0);
    for (const { entry: found } of decodeEntries(data ?? Buffer.alloc(0))) return found;
    throw new StreamError('STATE_UNAVAILABLE', `The blob ${entry.elsewhere} of the journal is not there.`);
  }

  #name(kind: 'journal' | 'snapshot' | 'large'): string {
    return numbered(kind, this.#number);
  }
}

function numbered(kind: string, number: number): string {
  return `${kind}/${String(number).padStart(numberWidth, '0')}`;
}

function* parts(data: Buffer): Iterable<Buffer> {
  for (let at = 0; at < data.length; at += blockBytes) yield data.subarray(at, at + blockBytes);
}

async function* snapshotOf(view: JournalView): AsyncIterable<Buffer> {
  for await (const entry of view.snapshot()) yield encodeEntry({ id: '', ...entry });
}
