import { randomUUID } from 'node:crypto';
import type { OutgoingMessage } from '@cocoon/sdk';
import type { Logger } from 'pino';
import type { ActionKind, ActionRow, Ledger } from '../ledger';
import { within } from './action-lanes';
import { errorText } from './errors';

/** The transaction in which a contract carried an action out. `hash` is hex, `account` the contract's raw address. */
export interface ActionOutcome {
  hash: string;
  lt: bigint;
  account: string;
}

export interface Settled {
  transaction: ActionOutcome;
  /** Adjusted tokens this action settled. */
  tokens: bigint;
  amountNano: bigint;
}

export interface Action {
  kind: ActionKind;
  /** Owner of the contract, raw. */
  subject: string;
  contract: string;
  tokens: bigint;
  amountNano: bigint;
  message: OutgoingMessage;
  /** The last part of the outcome: the child contract has told the proxy contract, and the chain view has read it. */
  seen(): boolean;
}

export interface ActionRunnerOptions {
  ledger: Ledger;
  logger: Logger;
  now(): number;
  /**
   * Sends from our wallet and follows to the destination, and to the proxy contract where that has to do the other half: resolves
   * when all succeeded, rejects when something failed or was lost.
   */
  execute(message: OutgoingMessage): Promise<ActionOutcome>;
  /** Resolves when `check` holds; it is asked again whenever the chain view changed an account. */
  observed(check: () => boolean): Promise<void>;
  timeoutMs: number;
}

/** Carries actions out: each is on disk before it is sent, followed to its end, and its end is on disk too. */
export class ActionRunner {
  private readonly options: ActionRunnerOptions;

  constructor(options: ActionRunnerOptions) {
    this.options = options;
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

  /** Rejects with the reason of failure; it always ends. */
  async run(action: Action): Promise<Settled> {
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
}
