import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '../../node/clock';
import { AttestationError } from '../errors';
import type { Collateral } from './collateral';
import type { Answer, CollateralKey, Job } from './thread';
import type { QuoteVerdict } from './verify';

export interface QuoteCheckerOptions {
  readonly clock?: Clock;
  /** Jobs that may wait; more are refused with VERIFIER_BUSY. */
  readonly maxWaiting?: number;
  /** A job takes milliseconds; one that takes this long is stuck, and its thread is ended. */
  readonly timeoutMs?: number;
  /** The script of the thread. */
  readonly entry?: string;
}

interface Pending {
  readonly job: Job;
  resolve(value: QuoteVerdict | CollateralKey): void;
  reject(error: Error): void;
}

/**
 * Verifies quotes in a thread of its own: the event loop, which serves answers, never waits for certificates, and a quote
 * that makes the verifier fail or hang costs that quote only.
 */
export class QuoteChecker {
  readonly #clock: Clock;
  readonly #maxWaiting: number;
  readonly #timeoutMs: number;
  readonly #entry: string;
  readonly #waiting: Pending[] = [];
  #worker: Worker | undefined;
  #running: Pending | undefined;
  #cancelTimeout: (() => void) | undefined;
  #closed = false;

  constructor(options: QuoteCheckerOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#maxWaiting = options.maxWaiting ?? 64;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#entry = options.entry ?? path.join(__dirname, 'thread-entry.cjs');
  }

  /** Which collateral the quote needs. @throws AttestationError */
  async collateralKey(quote: Buffer, roots: readonly Buffer[]): Promise<CollateralKey> {
    return (await this.#submit({ kind: 'key', quote, roots })) as CollateralKey;
  }

  /** @throws AttestationError */
  async verify(quote: Buffer, collateral: Collateral, nowMs: number, roots: readonly Buffer[]): Promise<QuoteVerdict> {
    const verdict = (await this.#submit({ kind: 'verify', quote, collateral, nowMs, roots })) as QuoteVerdict;
    return { ...verdict, rootKeyId: Buffer.from(verdict.rootKeyId) };
  }

  /** Jobs that wait or run are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#lose('The verifier is closed');
    for (const { reject } of this.#waiting.splice(0))
      reject(new AttestationError('VERIFIER_FAILED', 'The verifier is closed'));
    await worker?.terminate();
  }

  #submit(job: Job): Promise<QuoteVerdict | CollateralKey> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new AttestationError('VERIFIER_FAILED', 'The verifier is closed'));
      if (this.#waiting.length >= this.#maxWaiting) {
        return reject(
          new AttestationError(
            'VERIFIER_BUSY',
            `${this.#maxWaiting} quotes wait to be verified already; try again in a moment`,
          ),
        );
      }
      this.#waiting.push({ job, resolve, reject });
      this.#next();
    });
  }

  /** One job at a time, so that a crash or a timeout is known to be of this one. */
  #next(): void {
    if (this.#running !== undefined) return;
    const pending = this.#waiting.shift();
    if (pending === undefined) {
      // An idle thread must not keep a process alive; a busy one must.
      this.#worker?.unref();
      return;
    }
    this.#running = pending;
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#cancelTimeout = this.#clock.after(this.#timeoutMs, () => {
      this.#lose(`A quote was not verified within ${this.#timeoutMs} ms`);
      this.#next();
    });
    this.#worker.postMessage(pending.job);
  }

  #start(): Worker {
    const worker = new Worker(this.#entry, { resourceLimits: { maxOldGenerationSizeMb: 256 } });
    worker.on('message', (answer: Answer) => {
      if (worker !== this.#worker) return;
      const running = this.#settle();
      if ('value' in answer) running?.resolve(answer.value);
      else running?.reject(new AttestationError(answer.code, answer.message));
      this.#next();
    });
    const ended = (why: string) => {
      if (worker !== this.#worker) return;
      this.#lose(why);
      this.#next();
    };
    worker.on('error', (error) => ended(`The verifier's thread failed: ${error.message}`));
    worker.on('exit', (code) => ended(`The verifier's thread ended with code ${code}`));
    return worker;
  }

  #settle(): Pending | undefined {
    this.#cancelTimeout?.();
    this.#cancelTimeout = undefined;
    const running = this.#running;
    this.#running = undefined;
    return running;
  }

  /** Gives up the thread and the job that it had; the next job starts another. */
  #lose(why: string): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    this.#settle()?.reject(new AttestationError('VERIFIER_FAILED', `${why}. The peer may try again`));
  }
}
