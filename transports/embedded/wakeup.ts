/** Those who wait for something to be committed. */
export class Wakeup {
  readonly #waiting = new Set<() => void>();

  /** Wakes everyone. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
  }

  /** Resolves at the next {@link wake}, or when one of the signals fires. */
  async wait(signals: readonly AbortSignal[]): Promise<void> {
    if (signals.some(({ aborted }) => aborted)) return;
    let resolve: () => void = () => undefined;
    const woken = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#waiting.add(resolve);
    for (const signal of signals) signal.addEventListener('abort', resolve, { once: true });
    await woken;
    this.#waiting.delete(resolve);
    for (const signal of signals) signal.removeEventListener('abort', resolve);
  }
}
