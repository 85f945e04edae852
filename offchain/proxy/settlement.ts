import {
  CocoonClient,
  CocoonProxy,
  CocoonWorker,
  DefaultValue,
  parseSignedEnvelope,
  type VoucherOptions,
} from '@cocoon/sdk';
import { Address, Cell } from '@ton/core';
import type { ClientAccount, WorkerAccount } from './accounts';
import { ActionLanes, NothingToSettle } from './action-lanes';
import { ActionRunner, type ActionRunnerOptions, type Settled } from './actions';
import type { Books } from './books';
import type { ContractReads } from './contract-reads';
import type { ProxyState } from './deploy';
import { errorText } from './errors';
import { Pool } from './pool';
import type { Voucher, VoucherBook } from './vouchers';

export interface SettlementOptions extends ActionRunnerOptions {
  books: Books;
  vouchers: VoucherBook;
  excessesTo: Address;
  /** Anchors everything finished so far (save_state). */
  commit(): Promise<void>;
  /** The proxy contract as last read, and as it is now. */
  contract(): ProxyState | undefined;
  readContract(): Promise<ProxyState | undefined>;
  reads: ContractReads;
  thresholds: { charge: bigint; payout: bigint; withdraw: bigint };
}

/**
 * Moves money: charges clients, pays workers, withdraws revenue. One action at a time per contract; each is on disk
 * before it is sent and followed until its destination carried it out. Vouchers are cumulative, so repeating a lost one
 * is harmless: the contract refuses what it already settled.
 */
export class Settlement {
  private readonly options: SettlementOptions;
  private readonly lanes: ActionLanes;
  private readonly actions: ActionRunner;
  private readonly pool: Pool;
  private warnedOfGap = false;

  constructor(options: SettlementOptions) {
    this.options = options;
    this.lanes = new ActionLanes(options.now);
    this.actions = new ActionRunner(options);
    this.pool = new Pool({
      books: options.books,
      reads: options.reads,
      logger: options.logger,
      closed: () => (options.contract()?.state ?? 0) === 2,
      charge: (client) => this.lanes.run(client.contract, () => this.chargeNow(client)).catch(unlessNothing),
      sync: (client, gain) => this.lanes.run(client.contract, () => this.syncNow(client, gain)),
      resting: (client) => this.lanes.resting(client.contract),
    });
  }

  /** Actions whose end a previous run did not see. */
  async recover(): Promise<void> {
    await this.actions.recover();
  }

  /** Starts every action that is due. Failures are logged and retried later with growing pauses. */
  tick(): void {
    const { books, thresholds } = this.options;
    const { pricePerToken, workerFeePerToken } = books.identity.prices;
    for (const client of books.clients.values()) {
      if (this.lanes.resting(client.contract)) continue;
      const closing =
        client.chain.state === 'closing' && client.running === 0 && client.levels.max === client.levels.anchored;
      if (closing) this.background(client.contract, () => this.refund(client));
      else if (client.chain.state === 'normal' && due(client.chargeable() * pricePerToken, thresholds.charge)) {
        this.background(client.contract, () => this.chargeNow(client));
      }
    }
    for (const worker of books.workers.values()) {
      if (this.lanes.resting(worker.contract) || worker.state === 'closed') continue;
      if (due(worker.payable() * workerFeePerToken, thresholds.payout))
        this.background(worker.contract, () => this.payNow(worker));
    }
    const contract = this.options.contract();
    const proxy = books.identity.address.toRawString();
    if (!this.lanes.resting(proxy) && due(contract?.withdrawable ?? 0n, thresholds.withdraw)) {
      this.background(proxy, () => this.withdrawNow());
    }
    if (contract) this.keepBacked(contract);
  }

  /**
   * Workers are paid before the contract knows what clients were charged, and what it advances comes out of the stake. New clients
   * look whether the stake is there before they pay anything in.
   */
  private keepBacked({ state, stake, backedStake, clients }: ProxyState): void {
    const least = this.options.books.identity.params.minProxyStake;
    const gap = (stake < least ? stake : least) - backedStake;
    if (state !== 0 || clients === null || gap <= 0n) {
      this.warnedOfGap = false;
    } else if (this.pool.worthRestoring(clients)) {
      if (!this.lanes.resting(POOL)) this.background(POOL, () => this.pool.restore(gap));
    } else if (!this.warnedOfGap) {
      this.warnedOfGap = true;
      this.options.logger.warn(
        { backedStakeNano: backedStake.toString(), missingNano: gap.toString() },
        'part of the stake was paid to workers in advance and no client owes enough to be worth a charge; new clients stay away until the stake is raised by what is missing',
      );
    }
  }

  /** Charges everything the client has used, after anchoring it. Rejects with NothingToSettle or the reason of failure. */
  async charge(client: ClientAccount): Promise<Settled> {
    if (client.levels.max > client.levels.anchored) await this.options.commit();
    return this.lanes.run(client.contract, () => this.chargeNow(client));
  }

  /** Pays everything the worker has earned, after anchoring it. */
  async payout(worker: WorkerAccount): Promise<Settled> {
    if (worker.levels.max > worker.levels.anchored) await this.options.commit();
    return this.lanes.run(worker.contract, () => this.payNow(worker));
  }

  withdraw(): Promise<Settled> {
    return this.lanes.run(this.options.books.identity.address.toRawString(), () => this.withdrawNow());
  }

  /** Resolves when no action is under way. */
  async idle(): Promise<void> {
    await this.lanes.idle();
  }

  private async chargeNow(client: ClientAccount): Promise<Settled> {
    const { vouchers, books } = this.options;
    const voucher = vouchers.charge(client);
    const tokens = voucher.tokens - client.chain.tokensUsed;
    if (tokens <= 0n) {
      throw new NothingToSettle(
        `nothing to charge: ${client.levels.max} tokens used, ${client.chain.tokensUsed} already charged`,
      );
    }
    const message = CocoonClient.buildCharge(Address.parseRaw(client.contract), this.voucherOptions(voucher));
    const amountNano = tokens * books.identity.prices.pricePerToken;
    const action = {
      kind: 'charge' as const,
      subject: client.owner,
      contract: client.contract,
      tokens,
      amountNano,
      message,
    };
    const ended = client.chargeStarted(voucher.tokens);
    const seen = () => client.chain.tokensUsed >= voucher.tokens;
    return this.actions.run({ ...action, seen }).finally(ended);
  }

  /** A top-up of nothing: the proxy contract learns what was charged since the client's last request, and can spend it. */
  private async syncNow(client: ClientAccount, gain: bigint): Promise<Settled> {
    const contract = Address.parseRaw(client.contract);
    const message = CocoonClient.buildSync(contract, { excessesTo: this.options.excessesTo, value: SYNC_VALUE });
    const facts = { subject: client.owner, contract: client.contract, tokens: 0n, amountNano: gain };
    return this.actions.run({ kind: 'sync', ...facts, message, seen: () => true });
  }

  private async payNow(worker: WorkerAccount): Promise<Settled> {
    const { vouchers, books, reads } = this.options;
    const contract = await reads.worker(worker.contract);
    // What the contract says is what it will act on: a payout that was booked may have been taken back.
    if (contract) worker.observe(contract.state === 2 ? 'closed' : 'normal', contract.tokens);
    if (worker.state === 'closed') {
      throw new NothingToSettle(`the worker contract ${worker.contract} is closed; its owner can open it again`);
    }
    const voucher = vouchers.payout(worker);
    const tokens = voucher.tokens - worker.tokensPaid;
    if (tokens <= 0n) {
      throw new NothingToSettle(
        `nothing to pay: ${worker.levels.max} tokens earned, ${worker.tokensPaid} already paid`,
      );
    }
    const options = { ...this.voucherOptions(voucher), value: DefaultValue.clientOperation };
    const message = CocoonWorker.buildPayout(Address.parseRaw(worker.contract), options);
    const { pricePerToken, workerFeePerToken } = books.identity.prices;
    const action = {
      kind: 'payout' as const,
      subject: worker.owner,
      contract: worker.contract,
      tokens,
      amountNano: tokens * workerFeePerToken,
      message,
      seen: () => worker.tokensPaid >= voucher.tokens,
    };
    return this.pool.pay(tokens * pricePerToken, () => {
      const ended = worker.payoutStarted(voucher.tokens);
      return this.actions.run(action).finally(ended);
    });
  }

  private async refund(client: ClientAccount): Promise<Settled> {
    const voucher = this.options.vouchers.refund(client);
    const contract = await this.options.reads.client(client.contract);
    if (contract?.reopened && voucher.tokens <= contract.tokensUsed) {
      throw new Error(
        `the channel ${client.contract} was open before, with the same counter (${voucher.tokens}): no voucher can close it again, its owner takes the rest after the delay`,
      );
    }
    const message = CocoonClient.buildGrantRefund(Address.parseRaw(client.contract), this.voucherOptions(voucher));
    const amountNano = client.chain.balance;
    const action = {
      kind: 'refund' as const,
      subject: client.owner,
      contract: client.contract,
      tokens: voucher.tokens,
      amountNano,
      message,
    };
    return this.actions.run({ ...action, seen: () => client.chain.state === 'closed' });
  }

  private async withdrawNow(): Promise<Settled> {
    const { books, excessesTo } = this.options;
    const amountNano = (await this.options.readContract())?.withdrawable ?? 0n;
    if (amountNano === 0n)
      throw new NothingToSettle(
        "nothing to withdraw: the proxy contract holds no revenue beside its clients' and workers' coins; it grows with each worker payout",
      );
    const contract = books.identity.address;
    const message = CocoonProxy.buildPayout(contract, { excessesTo });
    const facts = {
      subject: books.identity.owner.toRawString(),
      contract: contract.toRawString(),
      tokens: 0n,
      amountNano,
    };
    return this.actions.run({ kind: 'withdraw', ...facts, message, seen: () => true });
  }

  private voucherOptions(voucher: Voucher): VoucherOptions {
    const { signature, payloadCell, queryId } = parseSignedEnvelope(Cell.fromBoc(voucher.data)[0]!);
    return { queryId, excessesTo: this.options.excessesTo, signature, payload: payloadCell };
  }

  private background(contract: string, work: () => Promise<unknown>): void {
    if (this.lanes.busy(contract)) return;
    this.lanes.run(contract, work).catch((error: unknown) => {
      if (error instanceof NothingToSettle) return;
      this.options.logger.error({ contract, reason: errorText(error) }, 'settlement failed, trying again later');
    });
  }
}

/** Attached to a sync, nanoTON: what two contracts may keep or need, three times over. Several are under way at once, so no more. */
const SYNC_VALUE = 300_000_000n;

/** Lane of what is done for the proxy contract as a whole. */
const POOL = 'pool';

function unlessNothing(error: unknown): void {
  if (!(error instanceof NothingToSettle)) throw error;
}

function due(amount: bigint, threshold: bigint): boolean {
  return amount > 0n && amount >= threshold;
}
