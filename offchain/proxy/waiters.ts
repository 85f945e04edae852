/** Lets callers wait until something observable holds; `poke` after every change that may make it so. */
export class Waiters {
  private waiting: { check: () => boolean; resolve: () => void }[] = [];

  until(check: () => boolean): Promise<void> {
    if (check()) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push({ check, resolve });
    });
  }

  poke(): void {
    this.waiting = this.waiting.filter(({ check, resolve }) => {
      if (!check()) return true;
      resolve();
      return false;
    });
  }

  /** Forgets everybody, for a shutdown: their callers have their own time limits. */
  clear(): void {
    this.waiting = [];
  }
}
