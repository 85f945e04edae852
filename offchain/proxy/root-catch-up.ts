import type { Logger } from 'pino';
import type { RootWatch } from '../node/root-watch';
import { errorText } from './errors';

/** Peers may claim any version: the root is read for them no more often than this. */
const LEAST_PAUSE_MS = 1_000;

/** Reads the root early when a client knows a newer version than this proxy, so that a vote does not stop anybody's requests. */
export class RootCatchUp {
  private readonly root: RootWatch;
  private readonly now: () => number;
  private readonly logger: Logger;
  private reading: Promise<void> | undefined;
  private readAt = Number.NEGATIVE_INFINITY;

  constructor(root: RootWatch, now: () => number, logger: Logger) {
    this.root = root;
    this.now = now;
    this.logger = logger;
  }

  /** Resolves when the root is known at this version, or as far as it can be known now. */
  async atLeast(version: number): Promise<void> {
    if (this.root.known.version >= version) return;
    if (this.reading === undefined && this.now() - this.readAt >= LEAST_PAUSE_MS) {
      this.readAt = this.now();
      this.reading = this.read().finally(() => {
        this.reading = undefined;
      });
    }
    await this.reading;
  }

  private async read(): Promise<void> {
    try {
      await this.root.refresh();
    } catch (error) {
      this.logger.warn(
        { reason: errorText(error) },
        'the root could not be read for a client that knows a newer version',
      );
    }
  }
}
