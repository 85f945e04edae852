import { type Address, fromNano } from '@ton/core';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import type { Clock } from '../node/clock';

/** Below this the wallet contract obeys nobody (2 TON); some gas is added. nanoTON */
export const WALLET_NEEDS = 2_100_000_000n;

/** Knows the balance of the node wallet, and warns when it is too low to act. */
export class WalletWatch {
  readonly #chain: Chain;
  readonly #address: Address;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #balance: bigint | undefined;
  #cancelTimer: () => void = () => undefined;
  #stopped = false;

  constructor(options: { chain: Chain; address: Address; intervalMs: number; clock: Clock; logger: Logger }) {
    this.#chain = options.chain;
    this.#address = options.address;
    this.#intervalMs = options.intervalMs;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** nanoTON; undefined until it has been read. */
  get balance(): bigint | undefined {
    return this.#balance;
  }

  /** What to do about it; undefined when there is enough, or nobody knows. */
  get problem(): string | undefined {
    if (this.#balance === undefined || this.#balance >= WALLET_NEEDS) return undefined;
    return `the wallet ${this.#address} has ${fromNano(this.#balance)} TON and needs ${fromNano(WALLET_NEEDS)} to deploy contracts and to cash earnings in: top it up`;
  }

  start(): void {
    void this.#tick();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  /** Reads it now; what is known stays when the chain does not answer. */
  async refresh(): Promise<void> {
    const before = this.problem;
    try {
      this.#balance = (await this.#chain.account(this.#address)).balance;
    } catch (error) {
      this.#logger.debug({ err: error }, 'the balance of the wallet could not be read');
    }
    if (before === undefined && this.problem !== undefined) this.#logger.warn(this.problem);
  }

  async #tick(): Promise<void> {
    await this.refresh();
    if (!this.#stopped) this.#cancelTimer = this.#clock.after(this.#intervalMs, () => void this.#tick());
  }
}
