import {
  contractCode,
  ExitCode,
  exitCodeName,
  parseWalletData,
  privateKeyFromSeed,
  stateInitAddress,
  walletStateInit,
} from '@cocoon/sdk';
import {
  type Address,
  beginCell,
  Cell,
  comment,
  internal,
  SendMode,
  type Transaction,
  type TupleReader,
  toNano,
} from '@ton/core';
import { keyPairFromSeed } from '@ton/crypto';
import { TonClient, WalletContractV5R1 } from '@ton/ton';
import * as fc from 'fast-check';
import pino from 'pino';
import { type Localnet, startLocalnet } from '../localnet';
import { OutcomeError } from './outcome';
import { type AccountState, type Chain, ChainError, type TransactionCursor } from './port';
import { ToncenterChain } from './toncenter';
import { type CocoonWalletOptions, CocoonWalletSender } from './wallet';
import { WalletError } from './wallet-errors';

const logger = pino({ level: 'silent' });
const code = Cell.fromBase64(contractCode.wallet.boc);

/** One time for the chain and the senders. Sleeping moves it on, so nothing waits. */
const clock = { ms: 1_780_000_000_000 };
const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
  clock.ms += ms;
};

let net: Localnet;
let chain: ToncenterChain;
const senders: CocoonWalletSender[] = [];
let people = 0;

beforeAll(async () => {
  net = await startLocalnet({ port: 0, logger, clock: () => clock.ms });
  chain = new ToncenterChain({ endpoint: net.url, logger });
});

afterEach(async () => {
  for (const sender of senders.splice(0)) {
    await sender.close();
  }
});

afterAll(async () => {
  await chain.close();
  await net.close();
});

function nextSeed(): Buffer {
  people += 1;
  const seed = Buffer.alloc(32, 0x33);
  seed.writeUInt32BE(people, 0);
  return seed;
}

const ownerKeys = keyPairFromSeed(Buffer.alloc(32, 0x44));
const owner = WalletContractV5R1.create({ publicKey: ownerKeys.publicKey });

function newSender(options: Partial<CocoonWalletOptions> = {}): CocoonWalletSender {
  const sender = new CocoonWalletSender({
    chain,
    key: privateKeyFromSeed(nextSeed()),
    owner: owner.address,
    code,
    logger,
    clock: () => clock.ms,
    sleep,
    ...options,
  });
  senders.push(sender);
  return sender;
}

async function fundedSender(
  amount = toNano(50),
  options: Partial<CocoonWalletOptions> = {},
): Promise<CocoonWalletSender> {
  const sender = newSender(options);
  await net.chain.faucet(sender.address, amount);
  return sender;
}

function stranger(): Address {
  return WalletContractV5R1.create({ publicKey: nextSeed() }).address;
}

/** Values of the coins that arrived, oldest first. */
function receivedBy(address: Address): bigint[] {
  return net.chain.index
    .newest(address.toRawString(), 1000)
    .reverse()
    .map((stored) => {
      const info = stored.decode().inMessage?.info;
      return info?.type === 'internal' ? info.value.coins : 0n;
    });
}

/** Executed external messages. */
function executed(sender: CocoonWalletSender): number {
  return net.chain.index
    .newest(sender.address.toRawString(), 1000)
    .filter((stored) => stored.decode().inMessage?.info.type === 'external-in').length;
}

const transfer = (to: Address, value: bigint) => ({ to, value, bounce: false });

async function failure(promise: Promise<unknown>): Promise<WalletError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WalletError)) {
    throw new Error(`expected a WalletError, got ${String(error)}`);
  }
  expect(error.message).not.toContain('\n');
  return error;
}

/** Passes everything on; tests replace what is to go wrong. */
class Wrapped implements Chain {
  readonly #inner: Chain;

  constructor(inner: Chain) {
    this.#inner = inner;
  }

  account(address: Address): Promise<AccountState> {
    return this.#inner.account(address);
  }

  transactions(address: Address, options: { limit: number; before?: TransactionCursor }): Promise<Transaction[]> {
    return this.#inner.transactions(address, options);
  }

  runMethod(address: Address, name: string): Promise<TupleReader> {
    return this.#inner.runMethod(address, name);
  }

  sendBoc(boc: Buffer): Promise<void> {
    return this.#inner.sendBoc(boc);
  }

  time(): Promise<number> {
    return this.#inner.time();
  }
}

describe('the runner wallet', () => {
  it('deploys itself with its first send and resolves with its transaction', async () => {
    const sender = await fundedSender();
    const to = stranger();
    const sent = await sender.send([{ ...transfer(to, toNano(1)), body: comment('hello') }]);
    expect(sent.transaction.endStatus).toBe('active');
    expect(sent.messages).toMatchObject([{ value: expect.any(BigInt) }]);
    expect(receivedBy(to)).toHaveLength(1);
    const { data } = await chain.account(sender.address);
    expect(parseWalletData(data!).seqno).toBe(1);
    const arrived = await sender.waitForOutcome(sent);
    expect(arrived.inMessage?.body.equals(comment('hello'))).toBe(true);
  });

  it('puts sends of one moment together, four messages a transaction, in their order', async () => {
    const sender = await fundedSender();
    const to = stranger();
    const values = [1n, 2n, 3n, 4n, 5n, 6n].map((n) => toNano(n));
    const sent = await Promise.all(values.map((value) => sender.send([transfer(to, value)])));
    expect(executed(sender)).toBe(2);
    expect(receivedBy(to)).toHaveLength(6);
    for (const [i, one] of sent.entries()) {
      const arrived = await sender.waitForOutcome(one);
      const info = arrived.inMessage?.info;
      const value = info?.type === 'internal' ? info.value.coins : 0n;
      // The forward fee comes off the value in mode 0.
      expect(values[i]! - value).toBeGreaterThanOrEqual(0n);
      expect(values[i]! - value).toBeLessThan(toNano('0.001'));
    }
    expect(sender.pending).toBe(0);
  });

  it('never splits one send', async () => {
    const sender = await fundedSender();
    const to = stranger();
    const three = [1, 2, 3].map(() => transfer(to, toNano('0.1')));
    const [first, second] = await Promise.all([sender.send(three), sender.send(three)]);
    expect(first!.transaction.lt).not.toBe(second!.transaction.lt);
    expect(first!.messages).toHaveLength(3);
    expect(second!.messages).toHaveLength(3);
  });

  it('refuses no messages, too many, and ones that cannot be encoded', async () => {
    const sender = await fundedSender();
    const to = stranger();
    for (const messages of [
      [],
      Array.from({ length: 5 }, () => transfer(to, 1n)),
      [transfer(to, -1n)],
      [transfer(to, 1n << 130n)],
    ]) {
      expect((await failure(sender.send(messages))).code).toBe('wallet-bad-message');
    }
    await sender.send([transfer(to, toNano(1))]);
  });

  it('after a restart goes on with the seqno of the chain', async () => {
    const key = privateKeyFromSeed(nextSeed());
    const first = newSender({ key });
    await net.chain.faucet(first.address, toNano(20));
    await first.send([transfer(stranger(), toNano(1))]);
    await first.close();
    const second = newSender({ key });
    expect(second.address.equals(first.address)).toBe(true);
    await second.send([transfer(stranger(), toNano(1))]);
    expect(parseWalletData((await chain.account(second.address)).data!).seqno).toBe(2);
  });

  it('shares its seqno with another process of the same key: nothing is lost, nothing is doubled', async () => {
    const key = privateKeyFromSeed(nextSeed());
    const [one, two] = [newSender({ key }), newSender({ key })];
    await net.chain.faucet(one.address, toNano(50));
    const to = stranger();
    await Promise.all(
      // Different sums: two processes that sign the same thing in the same second sign one and the same message.
      Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? one : two).send([transfer(to, toNano('0.5') + BigInt(i))])),
    );
    expect(receivedBy(to)).toHaveLength(10);
  });
});

describe('what the wallet cannot pay (B11)', () => {
  it('a send larger than the balance fails by name and the others go on', async () => {
    const sender = await fundedSender(toNano(5));
    const to = stranger();
    const [large, small] = await Promise.all([
      failure(sender.send([transfer(to, toNano(100))])),
      sender.send([transfer(to, toNano(1))]),
    ]);
    expect([large!.code, large!.retryable]).toEqual(['wallet-insufficient-balance', true]);
    expect(large!.message).toMatch(/holds 5 TON and cannot send 100 TON .*top it up/);
    expect(small!.messages).toHaveLength(1);
  });

  it('sends that do not fit together go one after the other', async () => {
    const sender = await fundedSender(toNano(6));
    const to = stranger();
    const results = await Promise.allSettled([3, 3].map((value) => sender.send([transfer(to, toNano(value))])));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(receivedBy(to)).toHaveLength(1);
  });

  it('under 2 TON says so, with the address, and works again after a top-up', async () => {
    const sender = await fundedSender(toNano('1.5'));
    const error = await failure(sender.send([transfer(stranger(), 1n)]));
    expect([error.code, error.exitCode]).toEqual(['wallet-low-balance', ExitCode.walletLowBalance]);
    expect(error.message).toContain(sender.address.toString());
    await net.chain.faucet(sender.address, toNano(2));
    await sender.send([transfer(stranger(), toNano('0.1'))]);
  });

  it('blocked by its owner says so, and works again when unblocked', async () => {
    const sender = await fundedSender();
    await sender.send([transfer(stranger(), toNano('0.1'))]);
    await net.chain.faucet(owner.address, toNano(5));
    const client = new TonClient({ endpoint: net.url });
    const opened = client.open(owner);
    const command = async (text: string): Promise<void> =>
      await opened.sendTransfer({
        seqno: await opened.getSeqno(),
        secretKey: ownerKeys.secretKey,
        sendMode: SendMode.PAY_GAS_SEPARATELY,
        timeout: 0xffff_ffff,
        messages: [internal({ to: sender.address, value: toNano('0.1'), body: text })],
      });
    await command('b');
    const error = await failure(sender.send([transfer(stranger(), toNano('0.1'))]));
    expect([error.code, error.message]).toEqual(['wallet-blocked', expect.stringContaining('"u"')]);
    await command('u');
    await sender.send([transfer(stranger(), toNano('0.1'))]);
  });
});

describe('a network that loses messages (B11)', () => {
  it('is handed the message again until it is executed, and it is executed once', async () => {
    let attempts = 0;
    class Lossy extends Wrapped {
      override async sendBoc(boc: Buffer): Promise<void> {
        attempts += 1;
        if (attempts > 3) {
          await super.sendBoc(boc);
        }
      }
    }
    const sender = await fundedSender(toNano(50), { chain: new Lossy(chain) });
    const to = stranger();
    await sender.send([transfer(to, toNano(1))]);
    expect(attempts).toBe(4);
    expect(receivedBy(to)).toHaveLength(1);
  });

  it('an expired message is signed again with a new time, and the old one has no effect any more', async () => {
    const lost: Buffer[] = [];
    const started = clock.ms;
    class Deaf extends Wrapped {
      override async sendBoc(boc: Buffer): Promise<void> {
        if (clock.ms < started + 300_000) {
          lost.push(boc);
          return;
        }
        await super.sendBoc(boc);
      }
    }
    const sender = await fundedSender(toNano(50), { chain: new Deaf(chain) });
    const to = stranger();
    await sender.send([transfer(to, toNano(1))]);
    const distinct = new Set(lost.map((boc) => boc.toString('hex')));
    expect(distinct.size).toBeGreaterThanOrEqual(3);
    for (const boc of lost) {
      await expect(chain.sendBoc(boc)).rejects.toMatchObject({ code: 'message-rejected' });
    }
    expect(receivedBy(to)).toHaveLength(1);
  });

  it('a message that was executed although the answer was an error is not sent again', async () => {
    class Shaky extends Wrapped {
      override async sendBoc(boc: Buffer): Promise<void> {
        await super.sendBoc(boc);
        throw new ChainError('connection reset', { code: 'unreachable', retryable: true });
      }
    }
    const sender = await fundedSender(toNano(50), { chain: new Shaky(chain) });
    const to = stranger();
    await sender.send([transfer(to, toNano(1))]);
    expect(receivedBy(to)).toHaveLength(1);
  });

  it('a message that was executed while the endpoint still shows an older state is not sent again', async () => {
    class Lagging extends Wrapped {
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
    const sender = await fundedSender(toNano(50), { chain: new Lagging(chain), resendMs: 3000 });
    await sender.send([transfer(stranger(), toNano(1))]);
    const to = stranger();
    await sender.send([transfer(to, toNano(1))]);
    expect(receivedBy(to)).toHaveLength(1);
    expect(executed(sender)).toBe(2);
  });

  it('a send that the network refuses for good fails by name and lets the others through', async () => {
    const sender = await fundedSender();
    const to = stranger();
    // Deeper than any message may be.
    let deep = Cell.EMPTY;
    for (let i = 0; i < 600; i++) {
      deep = beginCell().storeRef(deep).endCell();
    }
    const [bad, good] = await Promise.all([
      failure(sender.send([{ ...transfer(to, toNano(1)), body: deep }])),
      sender.send([transfer(to, toNano(2))]),
    ]);
    expect(bad!.code).toBe('wallet-rejected');
    expect(good!.messages).toHaveLength(1);
    expect(receivedBy(to)).toHaveLength(1);
  });

  it('close rejects what was not confirmed', async () => {
    class Deaf extends Wrapped {
      override async sendBoc(): Promise<void> {
        // Nobody hears it.
      }
    }
    const sender = await fundedSender(toNano(50), {
      chain: new Deaf(chain),
      sleep: () => new Promise(() => undefined),
    });
    const first = failure(sender.send([transfer(stranger(), toNano(1))]));
    while (sender.pending === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const closing = sender.close();
    await closing;
    expect((await first).code).toBe('wallet-closed');
    expect((await failure(sender.send([transfer(stranger(), 1n)]))).code).toBe('wallet-closed');
  });

  it('a send can be taken back before it is signed', async () => {
    const sender = await fundedSender();
    const controller = new AbortController();
    const promise = failure(sender.send([transfer(stranger(), toNano(1))], { signal: controller.signal }));
    controller.abort();
    expect((await promise).code).toBe('wallet-aborted');
    expect(executed(sender)).toBe(0);
  });

  it('whatever goes wrong, each send happens exactly once', async () => {
    const unreachable = (): ChainError => new ChainError('down', { code: 'unreachable', retryable: true });
    type Fault = 'none' | 'fails' | 'stale' | 'done-but-fails';
    class Flaky extends Wrapped {
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
        const sender = await fundedSender(toNano(50), { chain: new Flaky(chain, list), validFor: 20, resendMs: 3000 });
        const to = stranger();
        await Promise.all(Array.from({ length: count }, () => sender.send([transfer(to, toNano(1))])));
        expect(receivedBy(to)).toHaveLength(count);
        expect(sender.pending).toBe(0);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});

describe('the outcome at the destination', () => {
  async function outcomeError(promise: Promise<unknown>): Promise<OutcomeError> {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof OutcomeError)) {
      throw new Error(`expected an OutcomeError, got ${String(error)}`);
    }
    return error;
  }

  it('a contract that throws is reported with its exit code, the name of that, and the bounce', async () => {
    const other = await fundedSender();
    await other.send([transfer(stranger(), toNano('0.1'))]);
    const sender = await fundedSender();
    const body = beginCell().storeUint(0x12345678, 32).storeUint(0, 64).endCell();
    const sent = await sender.send([{ to: other.address, value: toNano(1), body }]);
    const error = await outcomeError(sender.waitForOutcome(sent));
    expect([error.code, error.retryable]).toEqual(['message-failed', false]);
    expect(exitCodeName(error.exitCode ?? 0)).toMatch(/^wallet/);
    expect(error.message).toContain(exitCodeName(error.exitCode ?? 0));
    expect(error.outcome).toMatchObject({ result: 'failed', phase: 'compute', bounced: true });
  });

  it('a bounce from where no contract is, is an error, and so is a deployment that did not happen', async () => {
    const sender = await fundedSender();
    const bounced = await sender.send([{ to: stranger(), value: toNano(1), bounce: true }]);
    const first = await outcomeError(sender.waitForOutcome(bounced));
    expect([first.code, first.outcome]).toEqual([
      'message-skipped',
      expect.objectContaining({ reason: 'no-state', bounced: true }),
    ]);

    const init = walletStateInit({ publicKey: nextSeed(), owner: owner.address, code });
    const wrong = await sender.send([{ to: stranger(), value: toNano(1), init }]);
    const second = await outcomeError(sender.waitForOutcome(wrong));
    expect(second.outcome).toMatchObject({ result: 'skipped', bounced: false });

    const right = await sender.send([{ to: stateInitAddress(init), value: toNano(1), init }]);
    expect((await sender.waitForOutcome(right)).endStatus).toBe('active');
  });

  it('a message that does not arrive in time is a timeout that says not to send again blindly', async () => {
    class Blind extends Wrapped {
      override async transactions(
        address: Address,
        options: { limit: number; before?: TransactionCursor },
      ): Promise<Transaction[]> {
        return address.equals(hidden) ? [] : await super.transactions(address, options);
      }
    }
    const hidden = stranger();
    const sender = await fundedSender(toNano(50), { chain: new Blind(chain) });
    const sent = await sender.send([transfer(hidden, toNano(1))]);
    const error = await outcomeError(sender.waitForOutcome(sent, 0, { timeoutMs: 5000 }));
    expect([error.code, error.message]).toEqual(['outcome-timeout', expect.stringContaining('look at the account')]);
  });
});
