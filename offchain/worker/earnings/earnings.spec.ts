import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CocoonState, initialWorkerData, parseSignedEnvelope, rawPublicKey, workerStateInit } from '@cocoon/sdk';
import { Address, beginCell, type Transaction } from '@ton/core';
import pino from 'pino';
import { OutcomeError } from '../../chain/outcome';
import type { OutMessage, SentTransaction } from '../../chain/wallet';
import { ManualClock } from '../../transport/testing/manual-clock';
import { FakeChain, testParams } from '../testing/fake-chain';
import { FakeProxy } from '../testing/fake-proxy';
import { Earnings, type ProxyIdentity, VoucherStore, type Wallet } from './index';

const OWNER = new Address(0, Buffer.alloc(32, 0x33));
const proxy = new FakeProxy();
const worker = proxy.workerAddress(OWNER);
const params = testParams();
const fee = params.workerFeePerToken;
const TON = 1_000_000_000n;
const identity: ProxyIdentity = {
  proxy: proxy.address,
  proxyPublicKey: rawPublicKey(proxy.key),
  worker,
  workerInit: workerStateInit({ owner: OWNER, proxy: proxy.address, publicKey: rawPublicKey(proxy.key), params }),
  params,
};

/** Executes what it is given on the fake chain, or fails as it is told. */
class FakeWallet implements Wallet {
  readonly address = new Address(0, Buffer.alloc(32, 0x44));
  readonly sent: OutMessage[] = [];
  failure: Error | undefined;
  hold: Promise<void> = Promise.resolve();
  readonly #chain: FakeChain;

  constructor(chain: FakeChain) {
    this.#chain = chain;
  }

  async send(messages: readonly OutMessage[]): Promise<SentTransaction> {
    await this.hold;
    this.sent.push(...messages);
    return { transaction: transaction(1n), messages: [] };
  }

  async waitForOutcome(): Promise<Transaction> {
    if (this.failure !== undefined) throw this.failure;
    const message = this.sent.at(-1);
    if (message?.init === undefined && message?.body !== undefined) {
      setPaid(this.#chain, parseSignedEnvelope(message.body).payload.tokens ?? 0n);
    } else setPaid(this.#chain, 0n);
    return transaction(2n);
  }
}

function transaction(lt: bigint): Transaction {
  return { lt, hash: () => Buffer.alloc(32, 5) } as Transaction;
}

function setPaid(chain: FakeChain, tokens: bigint, paramsVersion = 1): void {
  const contract = initialWorkerData({
    owner: OWNER,
    proxy: proxy.address,
    publicKey: identity.proxyPublicKey,
    params: { ...params, paramsVersion },
  });
  chain.setWorker(worker, { ...contract, tokens });
}

const logger = pino({ level: 'silent' });
let directory: string;
let store: VoucherStore;
let chain: FakeChain;
let wallet: FakeWallet;
let clock: ManualClock;
let earnings: Earnings;
/** A proxy is connected that works with the contract. */
let inUse = false;

function open(rootParams = params): Earnings {
  store = new VoucherStore(directory, (error) => {
    throw error;
  });
  return new Earnings({
    chain,
    wallet,
    store,
    policy: { thresholdNano: 10n * TON, idleThresholdNano: TON / 5n, idleAfterMs: 600_000 },
    checkIntervalMs: 1000,
    root: () => ({ params: rootParams }),
    inUse: () => inUse,
    clock,
    logger,
  });
}

/** The proxy signs for so many tokens. */
function earn(tokens: bigint): void {
  earnings.open(identity).accept({ signedPayment: proxy.voucher(worker, tokens), dbTokens: tokens, maxTokens: tokens });
}

const worth = (amount: bigint) => (amount + fee - 1n) / fee;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cocoon-earnings-'));
  chain = new FakeChain();
  wallet = new FakeWallet(chain);
  clock = new ManualClock();
  inUse = false;
  earnings = open();
  setPaid(chain, 0n);
});
afterEach(async () => {
  await store.flush();
  rmSync(directory, { recursive: true, force: true });
});

describe('earnings', () => {
  it('cashes in at 10 TON, with the change going back to its own wallet', async () => {
    earn(worth(10n * TON) - 1n);
    await earnings.check();
    expect(wallet.sent).toHaveLength(0);
    earn(worth(10n * TON));
    await earnings.check();
    expect(wallet.sent).toMatchObject([{ value: TON / 2n }]);
    const [message] = wallet.sent;
    expect(message?.to.equals(worker)).toBe(true);
    const envelope = parseSignedEnvelope(message?.body ?? beginCell().endCell());
    expect(envelope.excessesTo?.equals(wallet.address)).toBe(true);
    expect(envelope.payload.tokens).toBe(worth(10n * TON));
    await earnings.check();
    expect(wallet.sent).toHaveLength(1);
  });

  it('cashes smaller sums in only when there really was no request for the configured time (B9)', async () => {
    earn(worth(TON / 5n));
    clock.advance(599_999);
    await earnings.check();
    expect(wallet.sent).toHaveLength(0);
    earnings.noteRequest();
    clock.advance(1);
    await earnings.check();
    expect(wallet.sent).toHaveLength(0);
    clock.advance(600_000);
    await earnings.check();
    expect(wallet.sent).toHaveLength(1);
  });

  it('waits with sums that are not worth it, however long it is idle', async () => {
    earn(worth(TON / 5n) - 1n);
    clock.advance(86_400_000);
    await earnings.check();
    expect(wallet.sent).toHaveLength(0);
  });

  it('knows an account after a restart, also one without a voucher', async () => {
    expect(earnings.has(worker)).toBe(false);
    earnings.open(identity);
    await store.flush();
    expect(open().has(worker)).toBe(true);
    expect(open().has(proxy.address)).toBe(false);
  });

  it('takes no small sums from a contract of older terms as long as its proxy works with it', async () => {
    await store.flush();
    earnings = open({ ...params, paramsVersion: 2 });
    earn(worth(TON / 100n));
    inUse = true;
    await earnings.check();
    clock.advance(30 * 86_400_000);
    earnings.noteRequest();
    await earnings.check();
    expect(wallet.sent).toHaveLength(0);
  });

  it('takes small sums from a contract of older terms that its proxy has left, after half the time there is', async () => {
    await store.flush();
    earnings = open({ ...params, paramsVersion: 2 });
    earn(worth(TON / 100n));
    await earnings.check();
    clock.advance(params.clientDelayBeforeClose * 500 - 1);
    earnings.noteRequest();
    await earnings.check();
    expect(wallet.sent).toHaveLength(0);
    clock.advance(1);
    await earnings.check();
    expect(wallet.sent).toHaveLength(1);
  });

  it('tries again after a failure, and never waits for ever (B12)', async () => {
    earn(worth(10n * TON));
    wallet.failure = new Error('the message bounced');
    await earnings.check();
    await expect(earnings.payout(undefined)).rejects.toThrow('bounced');
    wallet.failure = undefined;
    const paid = await earnings.payout(identity.proxy);
    expect(paid).toMatchObject({ tokens: worth(10n * TON), amountNano: worth(10n * TON) * fee });
    await expect(earnings.payout(undefined)).rejects.toMatchObject({ code: 'nothing_to_pay_out' });
  });

  it('sends nothing that the proxy contract has too few coins for, and says what is missing', async () => {
    earn(worth(10n * TON));
    const needed = worth(10n * TON) * params.pricePerToken;
    chain.setBooks(proxy.address, { payable: needed - TON });
    await expect(earnings.payout(undefined)).rejects.toMatchObject({
      code: 'proxy_short',
      message: expect.stringMatching(/, 1 TON are missing\. The voucher stays good and is tried again by itself/),
    });
    expect(wallet.sent).toHaveLength(0);
    chain.setBooks(proxy.address, { payable: needed });
    expect(await earnings.payout(undefined)).toMatchObject({ tokens: worth(10n * TON) });
  });

  it('counts what a closed proxy contract has charged its clients, not the coins it keeps for them', async () => {
    earn(5n);
    chain.setBooks(proxy.address, { payable: TON, earned: 4n * params.pricePerToken }, CocoonState.closed);
    await expect(earnings.payout(undefined)).rejects.toMatchObject({ code: 'proxy_short' });
    chain.setBooks(proxy.address, { payable: TON, earned: 5n * params.pricePerToken }, CocoonState.closed);
    await earnings.payout(undefined);
  });

  it('does not take a payout for made that the proxy contract refused, whether the voucher stays good or not', async () => {
    earn(5n);
    const refused = (retryable: boolean) => new OutcomeError('request-refused', 'the proxy refused', { retryable });
    wallet.failure = refused(true);
    await expect(earnings.payout(undefined)).rejects.toMatchObject({
      code: 'proxy_refused',
      message: expect.stringContaining('stays good'),
    });
    wallet.failure = refused(false);
    await expect(earnings.payout(undefined)).rejects.toMatchObject({
      code: 'payout_lost',
      message: expect.stringContaining('cannot be cashed in again'),
    });
    wallet.failure = undefined;
    expect((await earnings.payout(undefined)).tokens).toBe(5n);
  });

  it('rests after a failure, longer each time, and says so once each time', async () => {
    const warn = jest.spyOn(logger, 'warn');
    earn(worth(10n * TON));
    wallet.failure = new OutcomeError('request-refused', 'the proxy refused', { retryable: true });
    const run = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 1000) {
        await earnings.check();
        clock.advance(1000);
        earnings.noteRequest();
      }
    };
    await run(30_000);
    expect([wallet.sent.length, warn.mock.calls.length]).toEqual([1, 1]);
    await run(60_000);
    expect([wallet.sent.length, warn.mock.calls.length]).toEqual([2, 2]);
    wallet.failure = undefined;
    await run(1000);
    expect([wallet.sent.length, warn.mock.calls.length]).toEqual([3, 2]);
    warn.mockRestore();
  });

  it('makes one payout at a time', async () => {
    earn(5n);
    let go: () => void = () => undefined;
    wallet.hold = new Promise((resolve) => {
      go = resolve;
    });
    const first = earnings.payout(undefined);
    await expect(earnings.payout(undefined)).rejects.toMatchObject({ code: 'already_running' });
    go();
    expect((await first).tokens).toBe(5n);
  });

  it('cashes in a voucher of an earlier run, whose proxy is gone', async () => {
    earn(worth(10n * TON));
    await store.flush();
    earnings = open();
    await earnings.check();
    expect(wallet.sent).toHaveLength(1);
  });

  it('deploys the worker contract once, and before it is to pay', async () => {
    chain.remove(worker);
    earn(7n);
    await Promise.all([earnings.deploy(identity), earnings.deploy(identity)]);
    await earnings.deploy(identity);
    expect(wallet.sent).toHaveLength(1);
    expect(wallet.sent[0]).toMatchObject({ value: (3n * TON) / 10n, init: identity.workerInit });
    chain.remove(worker);
    await earnings.payout(undefined);
    expect(wallet.sent).toHaveLength(3);
    expect(wallet.sent[2]?.init).toBeUndefined();
  });

  it('says what is wrong when there is nothing to pay out', async () => {
    await expect(earnings.payout(undefined)).rejects.toMatchObject({ code: 'no_voucher' });
    earn(1n);
    await expect(earnings.payout(OWNER)).rejects.toThrow(/Known are: .+/);
  });

  it('keeps the best voucher and refuses counters that fall', () => {
    earn(10n);
    earn(20n);
    const account = earnings.open(identity);
    const status = { signedPayment: proxy.voucher(worker, 20n), dbTokens: 20n, maxTokens: 20n };
    for (const wrong of [
      { ...status, signedPayment: proxy.voucher(worker, 19n) },
      { ...status, dbTokens: 19n },
      { ...status, maxTokens: 19n },
      { ...status, signedPayment: proxy.voucher(OWNER, 30n) },
      { ...status, signedPayment: { _: 'proxy.signedPayment' as const, data: Buffer.from('no boc') } },
    ]) {
      expect(() => account.accept(wrong)).toThrow(/fell from|cannot be cashed in/);
      expect([account.signedTokens, account.committedToDb, account.maxTokens]).toEqual([20n, 20n, 20n]);
    }
  });
});
