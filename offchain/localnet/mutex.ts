/** Runs jobs one after another, in the order they were given. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(job);
    // The next job must start whatever became of this one; whoever called run() sees the error.
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
