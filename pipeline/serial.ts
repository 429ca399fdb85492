/** Runs asynchronous tasks one after the other, in the order in which they were handed in. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs a task when all before it have ended, however they ended; resolves or rejects as the task does. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    this.#last = result.catch((thrown: unknown) => thrown);
    return result;
  }
}
