/**
 * Cuts a text at the first stop sequence while it is produced piece by piece. A tail that may still become a stop sequence is held back,
 * so that no part of one ever reaches the caller.
 */
export class StopFilter {
  readonly #stops: readonly string[];
  #held = '';
  #hit = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  /** True once a stop sequence has been met: the rest of the answer is not wanted. */
  get hit(): boolean {
    return this.#hit;
  }

  /** @returns what can be sent now */
  push(text: string): string {
    if (this.#stops.length === 0) return text;
    const all = this.#held + text;
    let first = -1;
    for (const stop of this.#stops) {
      const at = all.indexOf(stop);
      if (at !== -1 && (first === -1 || at < first)) first = at;
    }
    if (first !== -1) {
      this.#hit = true;
      this.#held = '';
      return all.slice(0, first);
    }
    const keep = this.#longestOpenTail(all);
    this.#held = all.slice(all.length - keep);
    return all.slice(0, all.length - keep);
  }

  /** @returns what is left when no more text comes */
  flush(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  /** Length of the longest end of the text with which some stop sequence begins. */
  #longestOpenTail(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
