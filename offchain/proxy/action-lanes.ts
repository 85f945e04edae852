const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 30 * 60_000;

/** Nothing to do, with the numbers that say why. */
export class NothingToSettle extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NothingToSettle';
  }
}

/** Keeps actions on one contract in order, and gives a contract whose action failed a rest that grows with each failure. */
export class ActionLanes {
  private readonly now: () => number;
  private readonly tails = new Map<string, Promise<void>>();
  private readonly backoff = new Map<string, { until: number; delayMs: number }>();

  constructor(now: () => number) {
    this.now = now;
  }

  busy(contract: string): boolean {
    return this.tails.has(contract);
  }

  /** Runs one action after the ones before it on the same contract, whatever became of them. */
  run<T>(contract: string, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(contract) ?? Promise.resolve();
    const mine = before.then(work);
    mine.then(
      () => this.backoff.delete(contract),
      (error: unknown) => {
        if (!(error instanceof NothingToSettle)) this.failed(contract);
      },
    );
    const tail: Promise<void> = mine.then(
      () => undefined,
      () => undefined,
    );
    this.tails.set(contract, tail);
    tail.then(() => {
      if (this.tails.get(contract) === tail) this.tails.delete(contract);
    });
    return mine;
  }

  /** Resolves when no action is under way. */
  async idle(): Promise<void> {
    await Promise.all([...this.tails.values()]);
  }

  resting(contract: string): boolean {
    return this.now() < (this.backoff.get(contract)?.until ?? 0);
  }

  private failed(contract: string): void {
    const delayMs = Math.min((this.backoff.get(contract)?.delayMs ?? FIRST_RETRY_MS / 2) * 2, LAST_RETRY_MS);
    this.backoff.set(contract, { until: this.now() + delayMs, delayMs });
  }
}

/** Rejects with `message` when `work` takes longer than `timeoutMs`. */
export async function within<T>(work: Promise<T>, timeoutMs: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(message)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
