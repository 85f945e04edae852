import type { OutgoingMessage } from '@cocoon/sdk';
import { type Account, type Address, beginCell, type Cell, storeStateInit } from '@ton/core';
import type { Blockchain, BlockchainStorage, SmartContract } from '@ton/sandbox';
import type { DeployedContract, LiveAccount, LiveChain } from './chain';
import { type Hop, hopOf } from './trace';

type Sandbox = typeof import('@ton/sandbox');

/**
 * The network's next minute: messages are executed in an emulator on the accounts, prices and clock that the endpoint
 * reports, each account fetched when a message reaches it. Unpaid rent is the one thing the endpoints do not tell.
 */
export class Simulation {
  readonly #chain: Blockchain;
  readonly #sandbox: Sandbox;

  private constructor(sandbox: Sandbox, chain: Blockchain) {
    this.#sandbox = sandbox;
    this.#chain = chain;
  }

  /** @throws Error when the endpoint does not deliver what is needed */
  static async create(live: LiveChain): Promise<Simulation> {
    // Loaded here: reading scripts do without the emulator's start-up time.
    const sandbox = await import('@ton/sandbox');
    const [config, now] = await Promise.all([live.config(), live.now()]);
    const storage = new LiveStorage(sandbox, live, now);
    const chain = await sandbox.Blockchain.create({ config, storage });
    chain.now = now;
    return new Simulation(sandbox, chain);
  }

  /** Executes the message as if `from` had sent it, and everything that follows from it. Effects stay for the next one. */
  async run(from: Address, { to, value, body, init }: OutgoingMessage): Promise<Hop[]> {
    const message = this.#sandbox.internal({
      from,
      to,
      value,
      body,
      ...(init ? { stateInit: init } : {}),
      bounce: true,
    });
    const { transactions } = await this.#chain.sendMessage(message);
    return transactions.flatMap((transaction) => {
      const destination = transaction.inMessage?.info.dest;
      const hop = destination && 'hash' in destination ? hopOf(transaction, destination) : undefined;
      return hop === undefined ? [] : [hop];
    });
  }

  /** The contract after what has been run, undefined when there is none. */
  async contract(address: Address): Promise<DeployedContract | undefined> {
    const { accountState, balance } = await this.#chain.getContract(address);
    if (accountState?.type !== 'active') return undefined;
    const { code, data } = accountState.state;
    return code && data ? { code, data, balance } : undefined;
  }
}

class LiveStorage implements BlockchainStorage {
  readonly #sandbox: Sandbox;
  readonly #live: LiveChain;
  readonly #now: number;
  readonly #contracts = new Map<string, SmartContract>();

  constructor(sandbox: Sandbox, live: LiveChain, now: number) {
    this.#sandbox = sandbox;
    this.#live = live;
    this.#now = now;
  }

  async getContract(blockchain: Blockchain, address: Address): Promise<SmartContract> {
    const key = address.toRawString();
    const known = this.#contracts.get(key);
    if (known !== undefined) return known;
    const account = toAccount(address, await this.#live.account(address), this.#now);
    const shardAccount = { account, lastTransactionHash: 0n, lastTransactionLt: 0n };
    const contract = new this.#sandbox.SmartContract(shardAccount, blockchain);
    this.#contracts.set(key, contract);
    return contract;
  }

  knownContracts(): SmartContract[] {
    return [...this.#contracts.values()];
  }

  clearKnownContracts(): void {
    this.#contracts.clear();
  }
}

function toAccount(address: Address, live: LiveAccount, now: number): Account {
  return {
    addr: address,
    storage: { lastTransLt: 0n, balance: { coins: live.balance }, state: toState(live) },
    storageStats: {
      // The emulator aborts in some action phases when an account claims to occupy nothing.
      used: live.status === 'active' ? sizeOf(live.code, live.data) : { cells: 1n, bits: 100n },
      lastPaid: now,
      duePayment: null,
      storageExtra: null,
    },
  };
}

function toState(live: LiveAccount): Account['storage']['state'] {
  if (live.status === 'frozen') return { type: 'frozen', stateHash: live.stateHash };
  // Code that is a reference into the masterchain's library (some wallets) cannot be run here: such accounts just take coins.
  if (live.status === 'uninit' || live.code.isExotic) return { type: 'uninit' };
  return { type: 'active', state: { code: live.code, data: live.data } };
}

/** What the account pays rent for: every cell once. */
function sizeOf(code: Cell, data: Cell): { cells: bigint; bits: bigint } {
  const seen = new Set<string>();
  let bits = 0n;
  const visit = (cell: Cell): void => {
    const key = cell.hash().toString('hex');
    if (seen.has(key)) return;
    seen.add(key);
    bits += BigInt(cell.bits.length);
    cell.refs.forEach(visit);
  };
  visit(beginCell().store(storeStateInit({ code, data })).endCell());
  return { cells: BigInt(seen.size), bits };
}
