/** A batch among those of its lane: the next one may be planned while it is in flight, and sent while it is recorded. */
export class LaneTurn {
  readonly #keys: ReadonlySet<string>;
  /** Those that had not ended when it came. */
  #before: readonly LaneTurn[];
  readonly #passed = new Signal();
  readonly #ended = new Signal();
  #standsAlone = false;

  /** @param before the batches that are open */
  constructor(keys: ReadonlySet<string>, before: readonly LaneTurn[]) {
    this.#keys = keys;
    this.#before = before;
  }

  /** Whether any of its keys is in a batch before it that has not ended. */
  get isShared(): boolean {
    const keys = [...this.#keys];
    return this.#open.some((turn) => keys.some((key) => turn.#keys.has(key)));
  }

  /** Whether neither it nor any batch before it that has not ended has to do with keys of the other. */
  get isApart(): boolean {
    return this.#standsAlone && !this.isShared && this.#open.every((turn) => turn.#standsAlone);
  }

  get hasEnded(): boolean {
    return this.#ended.isGiven;
  }

  get #open(): readonly LaneTurn[] {
    return this.#before.filter((turn) => !turn.hasEnded);
  }

  /** Says that nothing of it has to do with other keys than its own. */
  standAlone(): void {
    this.#standsAlone = true;
  }

  /** Whether those before it have nothing left to ask of the catalogue. */
  get hasCome(): boolean {
    return this.#before.every((turn) => turn.#passed.isGiven);
  }

  /** Resolves when those before it have nothing left to ask of the catalogue. */
  async come(): Promise<void> {
    await Promise.all(this.#before.map((turn) => turn.#passed.given));
  }

  /** Says that it has nothing left to ask. */
  pass(): void {
    this.#passed.give();
  }

  /** Resolves when those before it have ended. */
  async alone(): Promise<void> {
    await Promise.all(this.#before.map((turn) => turn.ended()));
  }

  /** Says that it has ended. */
  end(): void {
    this.pass();
    this.#ended.give();
    this.#before = []; // or each would keep all that were before it
  }

  /** Resolves when it has ended. */
  ended(): Promise<void> {
    return this.#ended.given;
  }
}

/** Something that is said once. */
class Signal {
  readonly given: Promise<void>;
  isGiven = false;
  #resolve = (): void => undefined;

  constructor() {
    this.given = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  give(): void {
    this.isGiven = true;
    this.#resolve();
  }
}
