import { type Address, beginCell, Cell, type Transaction, toNano } from '@ton/core';
import * as fc from 'fast-check';
import { type AccountState, type Chain, ChainError } from './port';
import { PassingChain } from './testing/passing-chain';
import { stranger, transfer, WalletWorld, walletFailure } from './testing/wallets';

let world: WalletWorld;

beforeAll(async () => {
  world = await WalletWorld.start();
});

afterEach(() => world.closeSenders());

afterAll(() => world.close());

describe('a network that loses messages (B11)', () => {
  it('is handed the message again until it is executed, and it is executed once', async () => {
    let attempts = 0;
    class Lossy extends PassingChain {
      override async sendBoc(boc: Buffer): Promise<void> {
        attempts += 1;
        if (attempts > 3) {
          await super.sendBoc(boc);
        }
      }
    }
    const sender = await world.fundedSender(toNano(50), { chain: new Lossy(world.chain) });
    const to = stranger();
    await sender.send([transfer(to, toNano(1))]);
    expect(attempts).toBe(4);
    expect(world.receivedBy(to)).toHaveLength(1);
  });

  it('an expired message is signed again with a new time, and the old one has no effect any more', async () => {
    const lost: Buffer[] = [];
    const started = world.clock.ms;
    class Deaf extends PassingChain {
      override async sendBoc(boc: Buffer): Promise<void> {
        if (world.clock.ms < started + 300_000) {
          lost.push(boc);
          return;
        }
        await super.sendBoc(boc);
      }
    }
    const sender = await world.fundedSender(toNano(50), { chain: new Deaf(world.chain) });
    const to = stranger();
    await sender.send([transfer(to, toNano(1))]);
    const distinct = new Set(lost.map((boc) => boc.toString('hex')));
    expect(distinct.size).toBeGreaterThanOrEqual(3);
    for (const boc of lost) {
      await expect(world.chain.sendBoc(boc)).rejects.toMatchObject({ code: 'message-rejected' });
    }
    expect(world.receivedBy(to)).toHaveLength(1);
  });

  it('a message that was executed although the answer was an error is not sent again', async () => {
    class Shaky extends PassingChain {
      override async sendBoc(boc: Buffer): Promise<void> {
        await super.sendBoc(boc);
        throw new ChainError('connection reset', { code: 'unreachable', retryable: true });
      }
    }
    const sender = await world.fundedSender(toNano(50), { chain: new Shaky(world.chain) });
    const to = stranger();
    await sender.send([transfer(to, toNano(1))]);
    expect(world.receivedBy(to)).toHaveLength(1);
  });

  it('a message that was executed while the endpoint still shows an older state is not sent again', async () => {
    class Lagging extends PassingChain {
      /** What is shown until a resend has been refused, and once more after that. */
      #old: AccountState | undefined;
      #refused = false;
      #before: AccountState | undefined;

      override async sendBoc(boc: Buffer): Promise<void> {
        try {
          await super.sendBoc(boc);
          this.#old = this.#before;
        } catch (error) {
          this.#refused = true;
          throw error;
        }
      }

      override async account(address: Address): Promise<AccountState> {
        const shown = this.#old;
        if (shown === undefined) {
          this.#before = await super.account(address);
          return this.#before;
        }
        if (this.#refused) {
          this.#old = undefined;
          this.#refused = false;
        }
        return shown;
      }
    }
    const sender = await world.fundedSender(toNano(50), { chain: new Lagging(world.chain), resendMs: 3000 });
    await sender.send([transfer(stranger(), toNano(1))]);
    const to = stranger();
    await sender.send([transfer(to, toNano(1))]);
    expect(world.receivedBy(to)).toHaveLength(1);
    expect(world.executed(sender)).toBe(2);
  });

  it('a send that the network refuses for good fails by name and lets the others through', async () => {
    const sender = await world.fundedSender();
    const to = stranger();
    // Deeper than any message may be.
    let deep = Cell.EMPTY;
    for (let i = 0; i < 600; i++) {
      deep = beginCell().storeRef(deep).endCell();
    }
    const [bad, good] = await Promise.all([
      walletFailure(sender.send([{ ...transfer(to, toNano(1)), body: deep }])),
      sender.send([transfer(to, toNano(2))]),
    ]);
    expect(bad!.code).toBe('wallet-rejected');
    expect(good!.messages).toHaveLength(1);
    expect(world.receivedBy(to)).toHaveLength(1);
  });

  it('close rejects what was not confirmed', async () => {
    class Deaf extends PassingChain {
      override async sendBoc(): Promise<void> {
        // Nobody hears it.
      }
    }
    const sender = await world.fundedSender(toNano(50), {
      chain: new Deaf(world.chain),
      sleep: () => new Promise(() => undefined),
    });
    const first = walletFailure(sender.send([transfer(stranger(), toNano(1))]));
    while (sender.pending === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const closing = sender.close();
    await closing;
    expect((await first).code).toBe('wallet-closed');
    expect((await walletFailure(sender.send([transfer(stranger(), 1n)]))).code).toBe('wallet-closed');
  });

  it('a send can be taken back before it is signed', async () => {
    const sender = await world.fundedSender();
    const controller = new AbortController();
    const promise = walletFailure(sender.send([transfer(stranger(), toNano(1))], { signal: controller.signal }));
    controller.abort();
    expect((await promise).code).toBe('wallet-aborted');
    expect(world.executed(sender)).toBe(0);
  });

  it('whatever goes wrong, each send happens exactly once', async () => {
    const unreachable = (): ChainError => new ChainError('down', { code: 'unreachable', retryable: true });
    type Fault = 'none' | 'fails' | 'stale' | 'done-but-fails';
    class Flaky extends PassingChain {
      readonly #faults: Fault[];
      #seen: AccountState | undefined;

      constructor(inner: Chain, faults: readonly Fault[]) {
        super(inner);
        this.#faults = [...faults];
      }

      #fault(): Fault {
        const fault = this.#faults.shift() ?? 'none';
        if (fault === 'fails') {
          throw unreachable();
        }
        return fault;
      }

      override async account(address: Address): Promise<AccountState> {
        if (this.#fault() === 'stale' && this.#seen !== undefined) {
          return this.#seen;
        }
        this.#seen = await super.account(address);
        return this.#seen;
      }

      override async transactions(address: Address, options: { limit: number }): Promise<Transaction[]> {
        this.#fault();
        return await super.transactions(address, options);
      }

      override async sendBoc(boc: Buffer): Promise<void> {
        const fault = this.#fault();
        if (fault === 'stale') {
          // Lost on the way.
          return;
        }
        await super.sendBoc(boc);
        if (fault === 'done-but-fails') {
          throw unreachable();
        }
      }

      override async time(): Promise<number> {
        this.#fault();
        return await super.time();
      }
    }
    const faults = fc.array(fc.constantFrom<Fault>('none', 'fails', 'stale', 'done-but-fails'), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(faults, fc.integer({ min: 1, max: 6 }), async (list, count) => {
        const sender = await world.fundedSender(toNano(50), {
          chain: new Flaky(world.chain, list),
          validFor: 20,
          resendMs: 3000,
        });
        const to = stranger();
        await Promise.all(Array.from({ length: count }, () => sender.send([transfer(to, toNano(1))])));
        expect(world.receivedBy(to)).toHaveLength(count);
        expect(sender.pending).toBe(0);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});
