import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { CommitRow, Ledger } from '../ledger';
import type { Books } from './books';
import { errorText, ProxyFatalError } from './errors';

export interface CommitOptions {
  ledger: Ledger;
  books: Books;
  logger: Logger;
  now(): number;
  /** Sends save_state to the proxy contract; resolves when our wallet's transaction is on chain. */
  send(seqno: number, sessionHash: Buffer): Promise<void>;
  /** How long a save_state may take to be seen. */
  timeoutMs: number;
}

interface Pending {
  seqno: number;
  done: Promise<void>;
  observed: () => void;
}

/**
 * Anchors the ledger on chain: save_state(seqno, session hash) goes to the proxy contract, and everything that was on
 * disk before it counts as anchored once it is seen there. A ledger that was set back cannot know the newest seqno the
 * chain has seen, which is how a rollback, or a second proxy with the same key, is found.
 */
export class CommitLog {
  readonly sessionHash = randomBytes(32);
  private readonly options: CommitOptions;
  private readonly known = new Map<number, CommitRow>();
  private lastSeqno: number;
  private observedSeqno = 0;
  private pending: Pending | undefined;
  private next: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(options: CommitOptions) {
    this.options = options;
    for (const row of options.ledger.all('commit')) this.known.set(row.seqno, row);
    this.lastSeqno = Math.max(0, ...this.known.keys());
  }

  get last(): { seqno: number; observed: number } {
    return { seqno: this.lastSeqno, observed: this.observedSeqno };
  }

  /**
   * Anchors everything finished before this call. Resolves when the chain has it. Only one save_state is under way at a
   * time; calls that come meanwhile share the next one.
   */
  commit(): Promise<void> {
    if (!this.pending) return this.start();
    this.next ??= this.pending.done
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.start();
      });
    return this.next;
  }

  /**
   * Our wallet's save_state was seen in the proxy contract's transaction `lt`.
   * @throws ProxyFatalError when this ledger did not make it
   */
  async observe(seqno: number, sessionHash: Buffer, lt: bigint): Promise<void> {
    const row = this.known.get(seqno);
    if (!row || row.sessionHash !== sessionHash.toString('hex')) {
      throw new ProxyFatalError(
        'rollback',
        `the chain has save_state ${seqno} of this proxy, ${row ? 'with another session' : 'which this ledger never wrote'}: ` +
          'the ledger was replaced by an older one, or a second proxy runs with the same key. ' +
          'Stop the other proxy, or restore the newest ledger; to start over with a new contract, set a new machine_specific_private_key',
      );
    }
    if (seqno > this.observedSeqno) this.observedSeqno = seqno;
    if (row.observedLt === null) {
      row.observedLt = lt;
      await this.options.ledger.write([{ kind: 'commit', row }]);
    }
    this.options.books.anchor(seqno);
    if (this.pending && this.pending.seqno <= seqno) this.pending.observed();
  }

  /** Ends the waiting, for a shutdown: what was sent may still be seen by the next session. */
  stop(): void {
    this.stopping.abort(new Error('the proxy is shutting down'));
  }

  private start(): Promise<void> {
    let observed: () => void = () => undefined;
    const seen = new Promise<void>((resolve) => {
      observed = resolve;
    });
    const seqno = ++this.lastSeqno;
    const done = this.run(seqno, seen).finally(() => {
      this.pending = undefined;
    });
    this.pending = { seqno, done, observed };
    return done;
  }

  private async run(seqno: number, seen: Promise<void>): Promise<void> {
    const { ledger, books, logger, now, timeoutMs } = this.options;
    const row: CommitRow = { seqno, sessionHash: this.sessionHash.toString('hex'), createdAt: now(), observedLt: null };
    this.known.set(seqno, row);
    // On disk before it is on chain: a restart must recognise it. Everything queued before it is on disk with it, and so are
    // counters whose own write failed: the ledger has kept them, but nobody is told when they are on disk in the end.
    await books.write(books.unwritten(), [{ kind: 'commit', row }]);
    await ledger.flushed();
    books.snapshot(seqno);
    const { signal } = this.stopping;
    signal.throwIfAborted();
    let end: () => void = () => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`save_state ${seqno} was not seen on chain within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      const stopped = () => reject(signal.reason);
      signal.addEventListener('abort', stopped);
      end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stopped);
      };
    });
    try {
      const sent = this.options.send(seqno, this.sessionHash);
      sent.catch((error: unknown) => logger.warn({ seqno, reason: errorText(error) }, 'save_state could not be sent'));
      // Being seen is what counts, not being sent: the race is lost by a failed send, but never won by a successful one.
      await Promise.race([seen, late, sent.then(() => new Promise<never>(() => undefined))]);
    } finally {
      end();
    }
    logger.debug({ seqno }, 'state anchored on chain');
  }
}
