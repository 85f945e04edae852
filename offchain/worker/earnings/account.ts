import type { CocoonParams, ContractInit } from '@cocoon/sdk/protocol';
import { Op } from '@cocoon/sdk/protocol';
import type { TlType } from '@cocoon/sdk/protocol/tl';
import { VoucherError, verifyVoucher } from '@cocoon/sdk/protocol/vouchers';
import type { Address } from '@ton/core';
import { ProxyFault } from '../errors';
import type { VoucherRecord, VoucherStore } from './voucher-store';

type SignedPayment = TlType<'proxy.signedPayment'> | TlType<'proxy.signedPaymentEmpty'>;

/** What a proxy says it owes: its voucher, its ledger and its memory, cumulative adjusted tokens. */
export interface PaymentStatus {
  signedPayment: SignedPayment;
  dbTokens: bigint;
  maxTokens: bigint;
}

/** Contracts and key of one proxy, as derived from the terms that its contract carries. */
export interface ProxyIdentity {
  proxy: Address;
  /** Ed25519, 32 bytes */
  proxyPublicKey: Buffer;
  worker: Address;
  /** Code and data with which the worker contract begins. */
  workerInit: ContractInit;
  /** what the proxy's contract carries: the root's terms of now or of before */
  params: CocoonParams;
}

/** This worker's account with one proxy. Counters only grow; a proxy whose numbers fall is not believed. */
export class Account {
  readonly identity: ProxyIdentity;
  readonly #store: VoucherStore;
  #record: VoucherRecord;
  /** Not kept over a restart: it was never signed, and a proxy may rightly have lost some of it (B5). */
  #maxTokens = 0n;

  constructor(identity: ProxyIdentity, store: VoucherStore) {
    this.identity = identity;
    this.#store = store;
    const { proxy, proxyPublicKey, worker, params } = identity;
    const known = store.get(worker);
    this.#record = known ?? {
      proxy,
      proxyPublicKey,
      worker,
      paramsVersion: params.paramsVersion,
      voucher: undefined,
      committedToDb: 0n,
    };
    this.#maxTokens = this.#record.committedToDb;
    // Known from now on, also before the first voucher: an account keeps its terms over a restart.
    if (known === undefined) store.put(this.#record);
  }

  get voucher(): VoucherRecord['voucher'] {
    return this.#record.voucher;
  }

  /** Tokens for which there is a voucher. */
  get signedTokens(): bigint {
    return this.#record.voucher?.tokens ?? 0n;
  }

  get committedToDb(): bigint {
    return this.#record.committedToDb;
  }

  get maxTokens(): bigint {
    return this.#maxTokens;
  }

  /**
   * Takes over what the proxy says. Nothing changes when any part of it is wrong.
   * @throws ProxyFault
   */
  accept(status: PaymentStatus): void {
    const { dbTokens, maxTokens } = status;
    const voucher = this.#verified(status.signedPayment);
    const told = [
      ['signed', this.signedTokens, voucher?.tokens ?? this.signedTokens],
      ['ledger', this.committedToDb, dbTokens],
      ['total', this.#maxTokens, maxTokens],
    ] as const;
    for (const [name, known, now] of told) {
      if (now < known) {
        throw new ProxyFault(
          `the proxy's ${name} counter fell from ${known} to ${now} tokens: its data was rolled back, or it cheats`,
        );
      }
    }
    this.#maxTokens = maxTokens;
    const grown = voucher !== undefined && voucher.tokens > this.signedTokens;
    this.#record = { ...this.#record, voucher: grown ? voucher : this.voucher, committedToDb: dbTokens };
    // The ledger's counter moves with every request and is no money yet: it goes to disk with the next voucher.
    if (grown) this.#store.put(this.#record);
  }

  /**
   * A proxy that crashed may have lost usage that was signed for nobody yet. Its numbers are taken over where they are lower, down to what
   * it has signed, so that both go on from the same ones (B5).
   * @returns how many tokens are given up
   */
  adoptLower({ dbTokens, maxTokens }: Pick<PaymentStatus, 'dbTokens' | 'maxTokens'>): bigint {
    const before = this.#maxTokens;
    if (dbTokens < this.committedToDb) {
      this.#record = { ...this.#record, committedToDb: larger(dbTokens, this.signedTokens) };
      this.#store.put(this.#record);
    }
    if (maxTokens < this.#maxTokens) this.#maxTokens = larger(maxTokens, this.committedToDb);
    return before - this.#maxTokens;
  }

  #verified(payment: SignedPayment): { data: Buffer; tokens: bigint } | undefined {
    if (payment._ === 'proxy.signedPaymentEmpty') return undefined;
    // The same voucher comes with every request; its signature is checked once.
    if (this.voucher?.data.equals(payment.data)) return this.voucher;
    const { proxyPublicKey: publicKey, worker: contract } = this.identity;
    try {
      const { tokens } = verifyVoucher(payment.data, { publicKey, contract, ops: [Op.extWorkerPayoutRequestSigned] });
      return { data: payment.data, tokens };
    } catch (error) {
      if (!(error instanceof VoucherError)) throw error;
      throw new ProxyFault(`the proxy sent a voucher that cannot be cashed in: ${error.message}`, error);
    }
  }
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
