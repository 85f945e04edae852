import { Address, type Transaction } from '@ton/core';
import * as fc from 'fast-check';
import { followTransactions } from './follow';
import { type AccountState, type Chain, ChainError } from './port';

const address = Address.parseRaw(`0:${'22'.repeat(32)}`);

function hashOf(lt: bigint): Buffer {
  return Buffer.from(lt.toString(16).padStart(64, '0'), 'hex');
}

/** An account that gets transactions as the test says, behind a chain that fails as the test says. */
class FakeChain implements Chain {
  readonly list: Transaction[] = [];
  /** Failures of the next calls, one per call. */
  failures: (ChainError | undefined)[] = [];
  /** Older transactions than this are no longer there. */
  keptFrom = 0n;
  hidden: bigint | undefined;
  calls = 0;

  grow(count: number): void {
    for (let i = 0; i < count; i++) {
      const previous = this.list.at(-1);
      const lt = (previous?.lt ?? 0n) + 10n;
      // The follower reads these three; a whole transaction would add nothing.
      const transaction = { lt, prevTransactionLt: previous?.lt ?? 0n, hash: () => hashOf(lt) };
      this.list.push(transaction as unknown as Transaction);
    }
  }

  #maybeFail(): void {
    this.calls += 1;
    const failure = this.failures.shift();
    if (failure !== undefined) {
      throw failure;
    }
  }

  async account(): Promise<AccountState> {
    this.#maybeFail();
    const last = this.list.at(-1);
    return {
      balance: 0n,
      status: 'active',
      ...(last === undefined ? {} : { last: { lt: last.lt, hash: last.hash() } }),
    };
  }

  async transactions(_address: Address, options: { limit: number; before?: { lt: bigint } }): Promise<Transaction[]> {
    this.#maybeFail();
    const { before, limit } = options;
    if (before !== undefined && before.lt < this.keptFrom) {
      throw new ChainError('gone', { code: 'not-found', retryable: false });
    }
    return this.list
      .filter(({ lt }) => (before === undefined || lt < before.lt) && lt >= this.keptFrom && lt !== this.hidden)
      .slice(-limit)
      .reverse();
  }

  async runMethod(): Promise<never> {
    throw new Error('not part of following');
  }

  async sendBoc(): Promise<void> {
    throw new Error('not part of following');
  }

  async time(): Promise<number> {
    return 0;
  }
}

const broken = new ChainError('down', { code: 'unreachable', retryable: true });

interface Followed {
  delivered: bigint[];
  errors: unknown[];
  end: Promise<void>;
}

/** Follows until `polls` polls are over; before each one the test may change the chain. */
function follow(
  chain: FakeChain,
  options: {
    polls: number;
    from?: bigint;
    beforePoll?: (poll: number) => void;
    onTransaction?: (lt: bigint) => void;
  },
): Followed {
  const controller = new AbortController();
  const delivered: bigint[] = [];
  const errors: unknown[] = [];
  let poll = 0;
  const end = followTransactions(chain, address, {
    ...(options.from === undefined ? {} : { from: { lt: options.from } }),
    pollMs: 1,
    signal: controller.signal,
    sleep: async () => {
      poll += 1;
      if (poll >= options.polls) {
        controller.abort();
      }
      options.beforePoll?.(poll);
    },
    onTransaction: async ({ lt }) => {
      options.onTransaction?.(lt);
      delivered.push(lt);
    },
    onError: (error) => errors.push(error),
  });
  return { delivered, errors, end };
}

const ltsOf = (chain: FakeChain): bigint[] => chain.list.map(({ lt }) => lt);

describe('following an account', () => {
  it('delivers its whole past over several pages, oldest first, and then what is new', async () => {
    const chain = new FakeChain();
    chain.grow(123);
    const { delivered, end, errors } = follow(chain, {
      polls: 4,
      beforePoll: (poll) => chain.grow(poll === 2 ? 70 : 0),
    });
    await end;
    expect(delivered).toEqual(ltsOf(chain));
    expect(errors).toEqual([]);
  });

  it('begins after the place it is given', async () => {
    const chain = new FakeChain();
    chain.grow(60);
    const { delivered, end } = follow(chain, { polls: 2, from: 550n });
    await end;
    expect(delivered).toEqual([560n, 570n, 580n, 590n, 600n]);
  });

  it('asks for the state only while nothing happens', async () => {
    const chain = new FakeChain();
    chain.grow(3);
    const { end } = follow(chain, { polls: 10, from: 30n });
    await end;
    expect(chain.calls).toBe(10);
  });

  it('delivers a transaction again when it could not be handled, and none after it before', async () => {
    const chain = new FakeChain();
    chain.grow(3);
    let refusals = 2;
    const { delivered, end, errors } = follow(chain, {
      polls: 5,
      onTransaction: (lt) => {
        if (lt === 20n && refusals > 0) {
          refusals -= 1;
          throw new Error('the ledger is busy');
        }
      },
    });
    await end;
    expect(delivered).toEqual([10n, 20n, 30n]);
    expect(errors).toHaveLength(2);
  });

  it('does not step over a hole in the list', async () => {
    const chain = new FakeChain();
    chain.grow(5);
    chain.hidden = 30n;
    const { delivered, end, errors } = follow(chain, {
      polls: 5,
      from: 10n,
      beforePoll: (poll) => {
        if (poll === 2) {
          expect(delivered).toEqual([]);
          chain.hidden = undefined;
        }
      },
    });
    await end;
    expect(delivered).toEqual([20n, 30n, 40n, 50n]);
    expect(errors[0]).toMatchObject({ code: 'bad-answer', message: expect.stringContaining('hole') });
  });

  it('ends with an error when transactions it has not delivered are gone', async () => {
    const chain = new FakeChain();
    chain.grow(100);
    chain.keptFrom = 500n;
    const { end } = follow(chain, { polls: 5, from: 100n });
    await expect(end).rejects.toMatchObject({ code: 'not-found', retryable: false });
  });

  it('from the beginning of an account, begins at the oldest that is left', async () => {
    const chain = new FakeChain();
    chain.grow(100);
    chain.keptFrom = 500n;
    const { delivered, end } = follow(chain, { polls: 2 });
    await end;
    expect(delivered[0]).toBe(500n);
    expect(delivered.at(-1)).toBe(1000n);
  });

  it('delivers each exactly once and in order, whatever fails in between', async () => {
    const step = fc.record({ grow: fc.nat(120), failures: fc.array(fc.boolean(), { maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const chain = new FakeChain();
        const { delivered, end } = follow(chain, {
          // Failures take polls of their own.
          polls: steps.length + 60,
          beforePoll: (poll) => {
            const now = steps[poll - 1];
            chain.grow(now?.grow ?? 0);
            chain.failures.push(...(now?.failures ?? []).map((fails) => (fails ? broken : undefined)));
          },
        });
        await end;
        expect(delivered).toEqual(ltsOf(chain));
      }),
      { numRuns: 60 },
    );
  });
});
