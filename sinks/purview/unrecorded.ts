/**
 * Batches that were accepted and are not recorded yet: the batch behind them may be sent meanwhile, but must not go by what is recorded of
 * other roots than its own before that is done.
 */
export class Unrecorded {
  readonly #open = new Set<Promise<void>>();

  /** A batch is accepted. Returns the function that says that it is recorded, or could not be: then it comes again. */
  begin(): () => void {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#open.add(ended);
    return () => {
      this.#open.delete(ended);
      end();
    };
  }

  /** Resolves when those that are open now are not any more. They wait for no other batch. */
  async none(): Promise<void> {
    await Promise.all(this.#open);
  }
}
