import { fdatasync } from 'node:fs';

/**
 * Turns "written to the file" into "on disk", one fdatasync for everything written since the last one: a call that
 * arrives while a sync is running waits for the next, shared with all others. The sync runs outside the main thread.
 */
export class GroupSync {
  private waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  private running: Promise<void> | undefined;
  private failure: Error | undefined;
  private readonly sync: () => Promise<void>;

  constructor(sync: () => Promise<void>) {
    this.sync = sync;
  }

  /** Resolves when everything written to the file before this call is on disk. */
  flushed(): Promise<void> {
    // After one failed fsync the kernel may have dropped the dirty pages: nothing later can be trusted to be on disk.
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Resolves when no sync is running and nobody waits. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.sync();
        for (const { resolve } of batch) resolve();
      } catch (error) {
        this.failure = error instanceof Error ? error : new Error(String(error));
        for (const { reject } of [...batch, ...this.waiting]) reject(this.failure);
        this.waiting = [];
      }
    }
    this.running = undefined;
  }
}

/** fdatasync of an open descriptor as a promise. */
export function syncFile(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(fd, (error) => (error ? reject(error) : resolve()));
  });
}
