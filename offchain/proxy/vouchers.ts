import type { KeyObject } from 'node:crypto';
import { expiringQueryId, Op } from '@cocoon/sdk';
import { signVoucher } from '@cocoon/sdk/protocol/vouchers';
import { Address } from '@ton/core';
import type { ClientAccount, WorkerAccount } from './accounts';

/** A refund is delivered at once; a copy of its voucher that somebody kept is worth nothing a month later. */
const REFUND_LIFETIME_S = 30 * 86_400;

/** A signed cumulative counter, as it travels to peers (`data`, a BoC) and to contracts. */
export interface Voucher {
  tokens: bigint;
  data: Buffer;
}

/**
 * Signs counters. Only the anchored level is ever signed: what a save_state seen on chain covers and the disk holds, so
 * that no crash and no restored backup can make this proxy contradict its own signature.
 *
 * The query id is the counter itself: one voucher per amount, the same bytes whenever it is asked for. A refund's carries
 * its expiry, because it ends the channel: our contracts refuse it later.
 */
export class VoucherBook {
  private readonly key: KeyObject;
  private readonly excessesTo: Address;
  private readonly now: () => number;
  private readonly cache = new WeakMap<ClientAccount | WorkerAccount, Voucher>();

  /**
   * @param excessesTo default receiver of what is left of the attached value; peers may replace it
   * @param now milliseconds
   */
  constructor(key: KeyObject, excessesTo: Address, now: () => number) {
    this.key = key;
    this.excessesTo = excessesTo;
    this.now = now;
  }

  charge(account: ClientAccount): Voucher {
    return this.current(account, Op.extClientChargeSigned);
  }

  payout(account: WorkerAccount): Voucher {
    return this.current(account, Op.extWorkerPayoutRequestSigned);
  }

  /** The final counter of a closing client. */
  refund(account: ClientAccount): Voucher {
    const queryId = expiringQueryId(Math.floor(this.now() / 1000) + REFUND_LIFETIME_S);
    return this.sign(account, Op.extClientGrantRefundSigned, account.levels.sign(), queryId);
  }

  private current(account: ClientAccount | WorkerAccount, op: number): Voucher {
    const tokens = account.levels.sign();
    const cached = this.cache.get(account);
    if (cached?.tokens === tokens) return cached;
    const voucher = this.sign(account, op, tokens, tokens);
    this.cache.set(account, voucher);
    return voucher;
  }

  private sign(account: ClientAccount | WorkerAccount, op: number, tokens: bigint, queryId: bigint): Voucher {
    const contract = Address.parseRaw(account.contract);
    const data = signVoucher({ op, queryId, tokens, contract, excessesTo: this.excessesTo, key: this.key });
    return { tokens, data };
  }
}
