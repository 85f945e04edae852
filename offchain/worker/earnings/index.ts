import type { Address } from '@ton/core';
import type { Logger } from 'pino';
import type { Chain } from '../../chain/port';
import type { Clock } from '../../node/clock';
import type { RootConfig } from '../../node/root-watch';
import { Account, type ProxyIdentity } from './account';
import { PayoutDesk, PayoutError, type PayoutResult, type VoucherToCash, type Wallet } from './payout';
import { type PayoutPolicy, payoutReason } from './policy';
import type { VoucherStore } from './voucher-store';

export { Account, type ProxyIdentity } from './account';
export { PayoutError, type PayoutResult, type Wallet } from './payout';
export type { PayoutPolicy } from './policy';
export { VoucherStore, VoucherStoreError } from './voucher-store';

export interface EarningsOptions {
  chain: Chain;
  wallet: Wallet;
  store: VoucherStore;
  policy: PayoutPolicy;
  checkIntervalMs: number;
  root: () => Pick<RootConfig, 'params'> | undefined;
  /** Whether a proxy is connected that pays to this worker contract. */
  inUse: (worker: Address) => boolean;
  clock: Clock;
  logger: Logger;
}

const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 30 * 60_000;

/** What the proxies owe this worker, and when it is fetched. Vouchers of proxies met in earlier runs are cashed in too. */
export class Earnings {
  readonly #options: EarningsOptions;
  readonly #desk: PayoutDesk;
  readonly #accounts = new Map<string, Account>();
  /** When each contract was first seen to have older terms than the root and no proxy that works with it, unix ms. */
  readonly #outdatedSinceMs = new Map<string, number>();
  /** Contracts whose payout failed, and when it is tried again, unix ms: each try may cost gas. */
  readonly #resting = new Map<string, { untilMs: number; delayMs: number }>();
  /** Tokens paid on chain when last looked. */
  readonly #paid = new Map<string, bigint>();
  #lastRequestMs: number;
  #cancelTimer: () => void = () => undefined;
  #stopped = false;

  constructor(options: EarningsOptions) {
    this.#options = options;
    this.#desk = new PayoutDesk(options.chain, options.wallet, options.logger);
    this.#lastRequestMs = options.clock.nowMs();
  }

  /** The account for a proxy's current contracts. */
  open(identity: ProxyIdentity): Account {
    const key = identity.worker.toRawString();
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const account = new Account(identity, this.#options.store);
    this.#accounts.set(key, account);
    return account;
  }

  /** Whether there is, or was in an earlier run, an account with this worker contract. */
  has(worker: Address): boolean {
    return this.#accounts.has(worker.toRawString()) || this.#options.store.get(worker) !== undefined;
  }

  /** Makes sure the worker contract is there (0.3 TON, once). */
  async deploy({ worker, workerInit }: ProxyIdentity): Promise<void> {
    await this.#desk.deploy(worker, workerInit);
  }

  noteRequest(): void {
    this.#lastRequestMs = this.#options.clock.nowMs();
  }

  start(): void {
    this.#cancelTimer = this.#options.clock.after(this.#options.checkIntervalMs, () => void this.#tick());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  /**
   * Cashes in what one proxy owes, however little.
   * @param proxy contract of the proxy; may be left out while there is one
   * @throws PayoutError, WalletError, OutcomeError, ChainError; undefined proxy among several: PayoutError
   */
  async payout(proxy: Address | undefined): Promise<PayoutResult> {
    const signed = this.#vouchers().filter(({ voucher }) => voucher !== undefined);
    const candidates = signed.length > 0 ? signed : this.#vouchers();
    const all = candidates.filter((one) => proxy === undefined || one.proxy.equals(proxy));
    const known = candidates.map((one) => one.proxy.toString()).join(', ');
    if (all.length === 0) {
      throw new PayoutError(
        'no_voucher',
        `No payment of ${proxy === undefined ? 'any proxy' : `the proxy ${proxy}`} is known. Known are: ${known || 'none'}.`,
      );
    }
    if (proxy === undefined && new Set(all.map((one) => one.proxy.toRawString())).size > 1) {
      throw new PayoutError('no_voucher', `There are several proxies; say which with ?proxy=. Known are: ${known}.`);
    }
    // A proxy may have an old and a new contract: the one with something to pay is meant.
    const fee = this.#fee();
    for (const cash of all) {
      if ((await this.#desk.claim(cash, fee)).tokens > 0n) return await this.#desk.cashIn(cash, fee);
    }
    return await this.#desk.cashIn(all[0] as VoucherToCash, fee);
  }

  /** Looks at every voucher once and cashes in what the policy says. Never throws: what fails is tried again, later each time. */
  async check(): Promise<void> {
    const { clock, policy, logger } = this.#options;
    for (const cash of this.#vouchers()) {
      const key = cash.worker.toRawString();
      if (cash.voucher === undefined || this.#desk.isRunning(cash.worker)) continue;
      let tried = false;
      try {
        const { amountNano, contract } = await this.#desk.claim(cash, this.#fee());
        this.#paid.set(key, contract?.tokens ?? 0n);
        if (clock.nowMs() < (this.#resting.get(key)?.untilMs ?? 0)) continue;
        const idleMs = clock.nowMs() - this.#lastRequestMs;
        const outdated = this.#isOutdated(cash.worker, contract?.params.paramsVersion);
        const reason = payoutReason(policy, { amountNano, idleMs, outdated });
        if (reason === undefined) continue;
        logger.info({ reason, worker: cash.worker.toString() }, 'earnings are due');
        tried = true;
        await this.#desk.cashIn(cash, this.#fee());
        this.#resting.delete(key);
      } catch (error) {
        if (tried) this.#rest(key);
        logger.warn(
          { err: error, worker: cash.worker.toString() },
          `earnings could not be paid out: ${(error as Error).message}`,
        );
      }
    }
  }

  /** The `proxies` part of /jsonstats. */
  stats(): Record<string, unknown>[] {
    return [...this.#accounts.values()].map((account) => {
      const { proxy, proxyPublicKey, worker, params } = account.identity;
      const paid = this.#paid.get(worker.toRawString()) ?? 0n;
      return {
        proxy_sc_address: proxy.toString(),
        proxy_public_key: proxyPublicKey.toString('hex'),
        sc_address: worker.toString(),
        params_version: params.paramsVersion,
        worker_fee_per_token: params.workerFeePerToken,
        earned_tokens_committed_to_blockchain: account.signedTokens,
        earned_tokens_committed_to_proxy_db: account.committedToDb,
        earned_tokens_max_known: account.maxTokens,
        cashed_out_tokens: paid,
        running_request: this.#desk.isRunning(worker),
      };
    });
  }

  /** Adjusted tokens signed by all proxies, for metrics. */
  signedTokens(): bigint {
    return this.#vouchers().reduce((sum, { voucher }) => sum + (voucher?.tokens ?? 0n), 0n);
  }

  #rest(key: string): void {
    const delayMs = Math.min((this.#resting.get(key)?.delayMs ?? FIRST_RETRY_MS / 2) * 2, LAST_RETRY_MS);
    this.#resting.set(key, { untilMs: this.#options.clock.nowMs() + delayMs, delayMs });
  }

  async #tick(): Promise<void> {
    await this.check();
    if (!this.#stopped) this.start();
  }

  #vouchers(): VoucherToCash[] {
    const cash = new Map<string, VoucherToCash>();
    for (const { worker, proxy, voucher } of this.#options.store.all())
      cash.set(worker.toRawString(), { worker, proxy, voucher });
    for (const { identity, voucher } of this.#accounts.values()) {
      const { worker, proxy, workerInit } = identity;
      cash.set(worker.toRawString(), { worker, proxy, voucher, init: workerInit });
    }
    return [...cash.values()];
  }

  #isOutdated(worker: Address, paramsVersion: number | undefined): boolean {
    const { root, clock, inUse } = this.#options;
    const current = root()?.params;
    const key = worker.toRawString();
    const newest = current === undefined || paramsVersion === undefined || paramsVersion >= current.paramsVersion;
    // A proxy that still works with its contract of older terms will not close it soon.
    if (newest || inUse(worker)) {
      this.#outdatedSinceMs.delete(key);
      return false;
    }
    const since = this.#outdatedSinceMs.get(key) ?? clock.nowMs();
    this.#outdatedSinceMs.set(key, since);
    return clock.nowMs() - since >= current.clientDelayBeforeClose * 500;
  }

  #fee(): bigint {
    return this.#options.root()?.params.workerFeePerToken ?? 0n;
  }
}
