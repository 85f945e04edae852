import { createHash } from 'node:crypto';

/** Tokens per block: a prefix is only known in whole blocks, as in the engines this one stands in for. */
const BLOCK = 16;

export interface PrefixCacheOptions {
  /** Most blocks remembered; the ones unused longest go first. */
  maxBlocks: number;
  /** How long a block is remembered after its last use. */
  ttlMs: number;
  nowMs: () => number;
}

/** Remembers the beginnings of recent prompts. */
export class PrefixCache {
  readonly #options: PrefixCacheOptions;
  /** Hash of a block and all before it -> last use, in order of use. */
  readonly #blocks = new Map<string, number>();

  constructor(options: PrefixCacheOptions) {
    this.#options = options;
  }

  /**
   * @returns how many leading tokens of the prompt are known from recent prompts; always less than all of them, since
   *   the last token has to be computed to have something to continue from. The prompt is known from now on.
   */
  use(tokens: readonly string[]): number {
    const now = this.#options.nowMs();
    const whole = Math.floor(Math.max(0, tokens.length - 1) / BLOCK);
    let known = 0;
    let unbroken = true;
    let hash = '';
    for (let index = 0; index < whole; index++) {
      hash = createHash('sha1')
        .update(hash)
        .update(JSON.stringify(tokens.slice(index * BLOCK, (index + 1) * BLOCK)))
        .digest('base64');
      const usedAt = this.#blocks.get(hash);
      unbroken &&= usedAt !== undefined && now - usedAt <= this.#options.ttlMs;
      if (unbroken) known++;
      this.#blocks.delete(hash);
      this.#blocks.set(hash, now);
    }
    this.#trim();
    return known * BLOCK;
  }

  #trim(): void {
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= this.#options.maxBlocks) return;
      this.#blocks.delete(oldest);
    }
  }
}
