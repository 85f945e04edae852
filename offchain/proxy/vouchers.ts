import type { KeyObject } from 'node:crypto';
import { Op } from '@cocoon/sdk';
import { signVoucher } from '@cocoon/sdk/protocol/vouchers';
import { Address } from '@ton/core';
import type { ClientAccount, WorkerAccount } from './accounts';

/** A signed cumulative counter, as it travels to peers (`data`, a BoC) and to contracts. */
export interface Voucher {
  tokens: bigint;
  data: Buffer;
}

/**
 * Signs counters. Only the anchored level is ever signed: what a save_state seen on chain covers and the disk holds, so
 * that no crash and no restored backup can make this proxy contradict its own signature.
 *
 * The query id is the counter itself: one voucher per amount, the same bytes whenever it is asked for.
 */
export class VoucherBook {
  private readonly key: KeyObject;
  private readonly excessesTo: Address;
  private readonly cache = new WeakMap<ClientAccount | WorkerAccount, Voucher>();

  /** @param excessesTo default receiver of what is left of the attached value; peers may replace it */
  constructor(key: KeyObject, excessesTo: Address) {
    this.key = key;
    this.excessesTo = excessesTo;
  }

  charge(account: ClientAccount): Voucher {
    return this.current(account, Op.extClientChargeSigned);
  }

  payout(account: WorkerAccount): Voucher {
    return this.current(account, Op.extWorkerPayoutRequestSigned);
  }

  /** The final counter of a closing client. */
  refund(account: ClientAccount): Voucher {
    return this.sign(account, Op.extClientGrantRefundSigned, account.levels.sign());
  }

  private current(account: ClientAccount | WorkerAccount, op: number): Voucher {
    const tokens = account.levels.sign();
    const cached = this.cache.get(account);
    if (cached?.tokens === tokens) return cached;
    const voucher = this.sign(account, op, tokens);
    this.cache.set(account, voucher);
    return voucher;
  }

  private sign(account: ClientAccount | WorkerAccount, op: number, tokens: bigint): Voucher {
    const contract = Address.parseRaw(account.contract);
    const data = signVoucher({ op, queryId: tokens, tokens, contract, excessesTo: this.excessesTo, key: this.key });
    return { tokens, data };
  }
}
