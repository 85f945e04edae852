import type { OutgoingMessage } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import { OutcomeError } from '../chain/outcome';
import { type Chain, ChainError } from '../chain/port';
import type { CocoonWalletSender, OutMessage, SentTransaction } from '../chain/wallet';
import { outMessage } from '../node/chain';
import { ActionFailedError, type ChannelWallet } from './actions';

/** The runner's wallet contract, with every message followed to what it did at its destination. */
export class RunnerWallet implements ChannelWallet {
  readonly #sender: CocoonWalletSender;
  readonly #chain: Chain;
  readonly #timeoutMs: number;

  /** @param timeoutMs how long one action may take in all before its outcome counts as unknown (B12) */
  constructor(sender: CocoonWalletSender, chain: Chain, timeoutMs: number) {
    this.#sender = sender;
    this.#chain = chain;
    this.#timeoutMs = timeoutMs;
  }

  get address(): Address {
    return this.#sender.address;
  }

  async balance(): Promise<bigint> {
    return (await this.#chain.account(this.address)).balance;
  }

  async perform(messages: readonly OutgoingMessage[]): Promise<string[]> {
    const deadline = AbortSignal.timeout(this.#timeoutMs);
    let sent: SentTransaction;
    try {
      sent = await this.#sender.send(messages.map(bounceable), { signal: deadline });
    } catch (error) {
      throw new ActionFailedError((error as Error).message, { cause: error });
    }
    const outcomes = await Promise.allSettled(
      messages.map((_, index) =>
        this.#sender.waitForOutcome(sent, index, { signal: deadline, timeoutMs: this.#timeoutMs }),
      ),
    );
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw failure(outcome.reason);
      return outcome.value.hash().toString('hex');
    });
  }
}

/** Bounceable also when it deploys: a stake that the contract refuses must come back instead of lying at an address without code. */
function bounceable(message: OutgoingMessage): OutMessage {
  return { ...outMessage(message), bounce: true };
}

function failure(error: unknown): ActionFailedError {
  const { message } = error as Error;
  if (error instanceof OutcomeError) {
    const unknown = error.code === 'outcome-timeout' || error.code === 'aborted';
    return new ActionFailedError(message, {
      unknown,
      cause: error,
      ...(error.exitCode === undefined ? {} : { exitCode: error.exitCode }),
    });
  }
  // The message is on chain: what cannot be read now can still have happened.
  return new ActionFailedError(message, { unknown: error instanceof ChainError, cause: error });
}
