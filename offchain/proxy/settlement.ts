import { randomUUID } from 'node:crypto';
import {
  CocoonClient,
  CocoonProxy,
  CocoonWorker,
  DefaultValue,
  type OutgoingMessage,
  parseSignedEnvelope,
  type VoucherOptions,
} from '@cocoon/sdk';
import { Address, Cell } from '@ton/core';
import type { Logger } from 'pino';
import type { ActionKind, ActionRow, Ledger } from '../ledger';
import type { ClientAccount, WorkerAccount } from './accounts';
import { ActionLanes, within } from './action-lanes';
import type { Books } from './books';
import { errorText } from './errors';
import type { Voucher, VoucherBook } from './vouchers';

/** The transaction in which a contract carried an action out. `hash` is hex, `account` the contract's raw address. */
export interface ActionOutcome {
  hash: string;
  lt: bigint;
  account: string;
}

export interface SettlementOptions {
  ledger: Ledger;
  books: Books;
  vouchers: VoucherBook;
  logger: Logger;
  now(): number;
  excessesTo: Address;
  /** Sends from our wallet and follows to the destination: resolves when it succeeded there, rejects when it failed or was lost. */
  execute(message: OutgoingMessage): Promise<ActionOutcome>;
  /** Anchors everything finished so far (save_state). */
  commit(): Promise<void>;
  /** Resolves when `check` holds; it is asked again whenever the chain view changed an account. */
  observed(check: () => boolean): Promise<void>;
  /** nanoTON of revenue the proxy contract holds for its owner, as last read. */
  revenue(): bigint;
  /** The same, read from the chain now. */
  readRevenue(): Promise<bigint>;
  thresholds: { charge: bigint; payout: bigint; withdraw: bigint };
  timeoutMs: number;
}

export interface Settled {
  transaction: ActionOutcome;
  /** Adjusted tokens this action settled. */
  tokens: bigint;
  amountNano: bigint;
}

/** Nothing to do, with the numbers that say why. */
export class NothingToSettle extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NothingToSettle';
  }
}

interface Action {
  kind: ActionKind;
  subject: string;
  contract: string;
  tokens: bigint;
  amountNano: bigint;
  message: OutgoingMessage;
  /** The second half of the outcome: the child contract has told the proxy contract, and the chain view has read it. */
  seen(): boolean;
}

/**
 * Moves money: charges clients, pays workers, withdraws revenue. One action at a time per contract; each is on disk
 * before it is sent and followed until its destination carried it out. Vouchers are cumulative, so repeating a lost one
 * is harmless: the contract refuses what it already settled.
 */
export class Settlement {
  private readonly options: SettlementOptions;
  private readonly lanes: ActionLanes;

  constructor(options: SettlementOptions) {
    this.options = options;
    this.lanes = new ActionLanes(options.now);
  }

  /** Actions whose end a previous run did not see. The contracts' states, which the chain view reads, are the truth. */
  async recover(): Promise<void> {
    const { ledger, logger, now } = this.options;
    for (const row of ledger.all('action')) {
      if (row.status !== 'sent') continue;
      logger.warn(
        { action: row.id, kind: row.kind, contract: row.contract },
        'outcome unknown after a restart; the contract state decides',
      );
      await ledger.write([
        { kind: 'action', row: { ...row, status: 'lost', error: 'the proxy restarted', endedAt: now() } },
      ]);
    }
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
    const proxy = books.identity.address.toRawString();
    if (!this.lanes.resting(proxy) && due(this.options.revenue(), thresholds.withdraw)) {
      this.background(proxy, () => this.withdrawNow());
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
    const undo = client.chargeStarted(voucher.tokens);
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
    return this.run({ ...action, seen: () => client.chain.tokensUsed >= voucher.tokens }, undo);
  }

  private async payNow(worker: WorkerAccount): Promise<Settled> {
    const { vouchers, books } = this.options;
    const voucher = vouchers.payout(worker);
    const tokens = voucher.tokens - worker.tokensPaid;
    if (tokens <= 0n) {
      throw new NothingToSettle(
        `nothing to pay: ${worker.levels.max} tokens earned, ${worker.tokensPaid} already paid`,
      );
    }
    const undo = worker.payoutStarted(voucher.tokens);
    const options = { ...this.voucherOptions(voucher), value: DefaultValue.clientOperation };
    const message = CocoonWorker.buildPayout(Address.parseRaw(worker.contract), options);
    const amountNano = tokens * books.identity.prices.workerFeePerToken;
    const action = {
      kind: 'payout' as const,
      subject: worker.owner,
      contract: worker.contract,
      tokens,
      amountNano,
      message,
    };
    return this.run({ ...action, seen: () => worker.tokensPaid >= voucher.tokens }, undo);
  }

  private async refund(client: ClientAccount): Promise<Settled> {
    const voucher = this.options.vouchers.refund(client);
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
    return this.run({ ...action, seen: () => client.chain.state === 'closed' });
  }

  private async withdrawNow(): Promise<Settled> {
    const { books, excessesTo } = this.options;
    const amountNano = await this.options.readRevenue();
    if (amountNano === 0n)
      throw new NothingToSettle(
        'nothing to withdraw: the proxy contract holds no revenue; it grows with each worker payout',
      );
    const contract = books.identity.address;
    const message = CocoonProxy.buildPayout(contract, { excessesTo });
    const facts = {
      subject: books.identity.owner.toRawString(),
      contract: contract.toRawString(),
      tokens: 0n,
      amountNano,
    };
    return this.run({ kind: 'withdraw', ...facts, message, seen: () => true });
  }

  private voucherOptions(voucher: Voucher): VoucherOptions {
    const { signature, payloadCell, queryId } = parseSignedEnvelope(Cell.fromBoc(voucher.data)[0]!);
    return { queryId, excessesTo: this.options.excessesTo, signature, payload: payloadCell };
  }

  private async run(action: Action, undo: () => void = () => undefined): Promise<Settled> {
    const { ledger, logger, now, timeoutMs } = this.options;
    const { message, seen, ...facts } = action;
    const row: ActionRow = {
      ...facts,
      id: randomUUID(),
      status: 'sent',
      error: null,
      txHash: null,
      txLt: null,
      createdAt: now(),
      endedAt: null,
    };
    try {
      await ledger.append([{ kind: 'action', row }]);
      const transaction = await within(
        this.carryOut(message, seen),
        timeoutMs,
        `no outcome of the ${action.kind} on ${action.contract} within ${timeoutMs / 1000} s`,
      );
      this.lanes.succeeded(action.contract);
      const done: ActionRow = {
        ...row,
        status: 'done',
        txHash: transaction.hash,
        txLt: transaction.lt,
        endedAt: now(),
      };
      await ledger.write([{ kind: 'action', row: done }]);
      logger.info(
        {
          kind: action.kind,
          contract: action.contract,
          tokens: action.tokens.toString(),
          amountNano: action.amountNano.toString(),
          tx: transaction.hash,
        },
        'settled',
      );
      return { transaction, tokens: action.tokens, amountNano: action.amountNano };
    } catch (error) {
      undo();
      this.lanes.failed(action.contract);
      const failed: ActionRow = { ...row, status: 'failed', error: errorText(error), endedAt: now() };
      await ledger.write([{ kind: 'action', row: failed }]).catch(() => undefined);
      throw error;
    }
  }

  private async carryOut(message: OutgoingMessage, seen: () => boolean): Promise<ActionOutcome> {
    const outcome = await this.options.execute(message);
    await this.options.observed(seen);
    return outcome;
  }

  private background(contract: string, work: () => Promise<Settled>): void {
    if (this.lanes.busy(contract)) return;
    this.lanes.run(contract, work).catch((error: unknown) => {
      if (error instanceof NothingToSettle) return;
      this.options.logger.error({ contract, reason: errorText(error) }, 'settlement failed, trying again later');
    });
  }
}

function due(amount: bigint, threshold: bigint): boolean {
  return amount > 0n && amount >= threshold;
}
