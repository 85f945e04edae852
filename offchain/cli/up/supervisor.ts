import { setTimeout as delay } from 'node:timers/promises';
import { CliError } from '../errors';
import { type RunningProcess, type StartOptions, startProcess } from './processes';

/** A runner that died this often within the window is not going to live. */
const MAX_RESTARTS = 5;
const WINDOW_MS = 60_000;

/**
 * Keeps runners alive: one that ends by itself is started again with the same arguments. Nothing is lost by
 * that, because each runner is built to survive `kill -9`.
 */
export class Supervisor {
  readonly #running = new Map<string, RunningProcess>();
  readonly #stopping = new AbortController();
  readonly #report: (line: string) => void;
  readonly #failure: Promise<never>;
  #fail: (error: unknown) => void = () => undefined;

  constructor(report: (line: string) => void) {
    this.#report = report;
    this.#failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failure.catch(() => undefined); // nobody waits for it while the network starts
  }

  /** Starts a runner and resolves when it is ready; from then on it is watched. */
  async start(options: StartOptions): Promise<void> {
    const process = await startProcess(options);
    this.#running.set(options.name, process);
    void this.#watch(options, process);
  }

  /** Rejects when a runner keeps dying. Never resolves. */
  failure(): Promise<never> {
    return this.#failure;
  }

  /** Stops all, last started first. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const process of [...this.#running.values()].toReversed()) await process.stop();
  }

  async #watch(options: StartOptions, first: RunningProcess): Promise<void> {
    const deaths: number[] = [];
    let process = first;
    for (;;) {
      const end = await process.ended;
      if (this.#stopping.signal.aborted) return;
      const how = end.signal ?? `exit code ${end.code}`;
      deaths.push(Date.now());
      if (deaths.length > MAX_RESTARTS && Date.now() - (deaths.at(-MAX_RESTARTS - 1) ?? 0) < WINDOW_MS) {
        this.#fail(
          new CliError(`The ${options.name} keeps ending (${how}).`, `See ${options.logDir}/${options.name}.log.`),
        );
        return;
      }
      this.#report(`The ${options.name} ended (${how}); starting it again.`);
      try {
        await delay(300, undefined, { signal: this.#stopping.signal });
        process = await startProcess(options);
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#fail(error);
        return;
      }
      this.#running.set(options.name, process);
      if (this.#stopping.signal.aborted) await process.stop();
    }
  }
}
