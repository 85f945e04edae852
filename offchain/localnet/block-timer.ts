import type { Logger } from 'pino';
import { oneLine } from './errors';

export interface BlockTimerOptions {
  intervalMs: number;
  /** How many messages wait for a block. */
  waiting: () => number;
  /** A block that fails is logged, and the next one is tried an interval later. */
  makeBlock: () => Promise<void>;
  logger: Logger;
}

/** Asks for a block an interval after something began to wait for one, and again for as long as something waits. */
export class BlockTimer {
  readonly #options: BlockTimerOptions;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: BlockTimerOptions) {
    this.#options = options;
  }

  /** To be called whenever something may have begun to wait; a timer that runs stays as it is. */
  schedule(): void {
    if (this.#stopped || this.#options.waiting() === 0 || this.#timer !== undefined) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#tick().catch((error: unknown) =>
        this.#options.logger.error({ error: oneLine(error) }, 'a block could not be made'),
      );
    }, this.#options.intervalMs);
  }

  async #tick(): Promise<void> {
    try {
      await this.#options.makeBlock();
    } finally {
      this.schedule();
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
