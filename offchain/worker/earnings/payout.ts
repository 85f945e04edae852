import type { ContractInit } from '@cocoon/sdk/protocol';
import { CocoonState, CocoonWorker, parseWorkerData, type WorkerData } from '@cocoon/sdk/protocol';
import { readVoucher, repackVoucher } from '@cocoon/sdk/protocol/vouchers';
import type { Address, Transaction } from '@ton/core';
import { fromNano } from '@ton/core';
import type { Logger } from 'pino';
import { OutcomeError } from '../../chain/outcome';
import type { AccountState, Chain } from '../../chain/port';
import { readProxyBooks } from '../../chain/proxy-books';
import type { OutMessage, SentTransaction } from '../../chain/wallet';

/** What this worker needs of its wallet (CocoonWalletSender has it). */
export interface Wallet {
  readonly address: Address;
  send(messages: readonly OutMessage[]): Promise<SentTransaction>;
  /** @returns the receiver's transaction; throws when it did not succeed, or the proxy refused what the receiver asked of it */
  waitForOutcome(sent: SentTransaction): Promise<Transaction>;
}

/** A payout that cannot be made now. `code` is stable, the message says what to do. */
export class PayoutError extends Error {
  readonly code:
    | 'no_voucher'
    | 'nothing_to_pay_out'
    | 'contract_closed'
    | 'already_running'
    /** The proxy contract has too few coins for it; nothing was sent. */
    | 'proxy_short'
    /** The proxy contract refused it; the voucher stays good. */
    | 'proxy_refused'
    /** The proxy contract refused it, and the worker contract counts it as paid. */
    | 'payout_lost';

  constructor(code: PayoutError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PayoutError';
    this.code = code;
  }
}

export interface PayoutResult {
  worker: Address;
  proxy: Address;
  /** The worker contract's transaction. */
  transaction: Transaction;
  /** Adjusted tokens that were paid for. */
  tokens: bigint;
  /** nanoTON for the worker's owner. */
  amountNano: bigint;
}

export interface VoucherToCash {
  worker: Address;
  proxy: Address;
  voucher: { data: Buffer; tokens: bigint } | undefined;
  /** Code and data to deploy the contract with; without it an account that is not there cannot be paid. */
  init?: ContractInit;
}

/** What a voucher is worth now. */
export interface Claim {
  /** Tokens signed and not paid for. */
  tokens: bigint;
  /** nanoTON */
  amountNano: bigint;
  /** undefined while the contract is not deployed. */
  contract: WorkerData | undefined;
}

/** Turns vouchers into coins: reads the worker contract, repacks the voucher so that the change comes back, sends it and sees it through. */
export class PayoutDesk {
  readonly #chain: Chain;
  readonly #wallet: Wallet;
  readonly #logger: Logger;
  readonly #running = new Map<string, Promise<PayoutResult>>();
  readonly #deploying = new Map<string, Promise<void>>();

  constructor(chain: Chain, wallet: Wallet, logger: Logger) {
    this.#chain = chain;
    this.#wallet = wallet;
    this.#logger = logger;
  }

  isRunning(worker: Address): boolean {
    return this.#running.has(worker.toRawString());
  }

  /** @param fallbackFee nanoTON per token, for a contract that is not deployed */
  async claim({ worker, voucher }: VoucherToCash, fallbackFee: bigint): Promise<Claim> {
    const contract = contractData(await this.#chain.account(worker));
    const tokens = (voucher?.tokens ?? 0n) - (contract?.tokens ?? 0n);
    const positive = tokens > 0n ? tokens : 0n;
    return { tokens: positive, amountNano: positive * (contract?.params.workerFeePerToken ?? fallbackFee), contract };
  }

  /**
   * Cashes a voucher in. One payout per contract at a time; it always ends, with the chain's result or an error (B12).
   * @throws PayoutError, WalletError, OutcomeError, ChainError
   */
  cashIn(cash: VoucherToCash, fallbackFee: bigint): Promise<PayoutResult> {
    const key = cash.worker.toRawString();
    if (this.#running.has(key)) {
      return Promise.reject(
        new PayoutError('already_running', `A payout from ${cash.worker} is under way. Wait for it, then ask again.`),
      );
    }
    const payout = this.#cashIn(cash, fallbackFee).finally(() => this.#running.delete(key));
    this.#running.set(key, payout);
    return payout;
  }

  async #cashIn(cash: VoucherToCash, fallbackFee: bigint): Promise<PayoutResult> {
    const { worker, proxy, voucher, init } = cash;
    if (voucher === undefined)
      throw new PayoutError('no_voucher', `The proxy ${proxy} has signed no payment yet. Serve a request first.`);
    const { tokens, amountNano, contract } = await this.claim(cash, fallbackFee);
    if (contract?.state === CocoonState.closed) {
      throw new PayoutError(
        'contract_closed',
        `The worker contract ${worker} is closed; it pays again when its owner has opened it again.`,
      );
    }
    if (tokens === 0n)
      throw new PayoutError('nothing_to_pay_out', `All ${voucher.tokens} signed tokens have been paid for already.`);
    if (contract === undefined) {
      if (init === undefined)
        throw new PayoutError(
          'nothing_to_pay_out',
          `There is no contract at ${worker}. Connect to its proxy again to deploy it.`,
        );
      await this.deploy(worker, init);
    }
    await this.#checkProxy(cash, tokens);
    const { queryId, signature, payloadCell } = readVoucher(repackVoucher(voucher.data, this.#wallet.address)).envelope;
    const excessesTo = this.#wallet.address;
    const { to, value, body } = CocoonWorker.buildPayout(worker, {
      queryId,
      excessesTo,
      signature,
      payload: payloadCell,
    });
    this.#logger.info(
      { worker: worker.toString(), tokens: String(tokens), ton: fromNano(amountNano) },
      'cashing a voucher in',
    );
    const transaction = await this.#wallet
      .waitForOutcome(await this.#wallet.send([{ to, value, body }]))
      .catch(explain);
    const hash = transaction.hash().toString('hex');
    this.#logger.info({ worker: worker.toString(), ton: fromNano(amountNano), transaction: hash }, 'voucher cashed in');
    return { worker, proxy, transaction, tokens, amountNano };
  }

  /**
   * The proxy contract pays only what is not its clients'. Where it says how much that is, nothing is sent that it would refuse.
   * @throws PayoutError, ChainError
   */
  async #checkProxy({ worker, proxy }: VoucherToCash, tokens: bigint): Promise<void> {
    const books = await readProxyBooks(this.#chain, proxy);
    const price = contractData(await this.#chain.account(worker))?.params.pricePerToken;
    if (books === undefined || price === undefined) return;
    const needed = tokens * price;
    if (books.payable >= needed) return;
    throw new PayoutError(
      'proxy_short',
      `The proxy contract ${proxy} can pay ${fromNano(books.payable)} TON for workers now and this voucher takes ${fromNano(needed)} TON, ${fromNano(needed - books.payable)} TON are missing. The voucher stays good and is tried again by itself; if this lasts, ask who runs the proxy to charge its clients or raise its stake.`,
    );
  }

  /** Deploys a worker contract unless it is there. Callers of the same time share one deployment. */
  deploy(worker: Address, init: ContractInit): Promise<void> {
    const key = worker.toRawString();
    const running = this.#deploying.get(key);
    if (running !== undefined) return running;
    const deployment = this.#deploy(worker, init).finally(() => this.#deploying.delete(key));
    this.#deploying.set(key, deployment);
    return deployment;
  }

  async #deploy(worker: Address, init: ContractInit): Promise<void> {
    if (init.code && init.data) this.#chain.presume?.({ code: init.code, data: init.data });
    if (contractData(await this.#chain.account(worker)) !== undefined) return;
    this.#logger.info({ worker: worker.toString() }, 'deploying the worker contract');
    const { to, value, body } = CocoonWorker.buildDeploy(init);
    await this.#wallet.waitForOutcome(await this.#wallet.send([{ to, value, body, init }]));
  }
}

/** @throws PayoutError for what the proxy contract refused, and whatever else it is */
function explain(error: unknown): never {
  if (!(error instanceof OutcomeError) || error.code !== 'request-refused') throw error;
  if (error.retryable) {
    const message = `${error.message}. The voucher stays good and is tried again by itself.`;
    throw new PayoutError('proxy_refused', message, error);
  }
  throw new PayoutError('payout_lost', `${error.message}. These tokens cannot be cashed in again.`, error);
}

function contractData({ status, data }: AccountState): WorkerData | undefined {
  return status === 'active' && data !== undefined ? parseWorkerData(data) : undefined;
}
