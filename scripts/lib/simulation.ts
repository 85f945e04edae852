import type { OutgoingMessage } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import type { Fork } from '../../offchain/localnet/fork';
import type { DeployedContract, LiveChain } from './chain';
import { type Hop, hopOf } from './trace';

/** A script's messages on a fork of the network that it would send them to. */
export class Simulation {
  readonly #fork: Fork;

  private constructor(fork: Fork) {
    this.#fork = fork;
  }

  /** @throws Error when the endpoint does not deliver what is needed */
  static async create(live: LiveChain): Promise<Simulation> {
    // Loaded here: reading scripts do without the emulator's start-up time.
    const { Fork } = await import('../../offchain/localnet/fork');
    const source = {
      account: (address: Address) => live.account(address),
      config: () => live.config(),
      time: () => live.now(),
    };
    return new Simulation(await Fork.create(source));
  }

  /** Executes the message as if `from` had sent it, and everything that follows from it. Effects stay for the next one. */
  async run(from: Address, message: OutgoingMessage): Promise<Hop[]> {
    const transactions = await this.#fork.send(from, message);
    return transactions.flatMap((transaction) => {
      const destination = transaction.inMessage?.info.dest;
      const hop = destination && 'hash' in destination ? hopOf(transaction, destination) : undefined;
      return hop === undefined ? [] : [hop];
    });
  }

  /** The contract after what has been run, undefined when there is none. */
  async contract(address: Address): Promise<DeployedContract | undefined> {
    const { code, data, balance } = await this.#fork.account(address);
    return code && data ? { code, data, balance } : undefined;
  }
}
