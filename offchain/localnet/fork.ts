import {
  type Account,
  type Address,
  beginCell,
  Cell,
  type StateInit,
  storeStateInit,
  type Transaction,
} from '@ton/core';
import { Blockchain, type BlockchainStorage, internal, SmartContract } from '@ton/sandbox';

/** What a fork needs to know of an account. */
export interface ForkedAccount {
  /** nanoTON */
  balance: bigint;
  status: 'active' | 'uninit' | 'frozen';
  code?: Cell;
  data?: Cell;
  /** of a frozen one, where the endpoint tells it */
  stateHash?: bigint;
}

/** A network, as its endpoint reports it. */
export interface ForkSource {
  account(address: Address): Promise<ForkedAccount>;
  /** the dictionary of all config parameters */
  config(): Promise<Cell>;
  /** unix seconds */
  time(): Promise<number>;
}

export interface ForkMessage {
  to: Address;
  value: bigint;
  body: Cell;
  init?: StateInit;
}

/**
 * What could happen next on a network: messages are executed in an emulator on the accounts, prices and clock of its endpoint, each
 * account fetched when a message reaches it. Nothing is sent. Unpaid rent is the one thing that endpoints do not tell.
 */
export class Fork {
  readonly #chain: Blockchain;

  private constructor(chain: Blockchain) {
    this.#chain = chain;
  }

  /** @param at its clock, unix seconds; left out: the network's. @throws what the source throws */
  static async create(source: ForkSource, at?: number): Promise<Fork> {
    const [config, time] = await Promise.all([source.config(), source.time()]);
    const now = at ?? time;
    const chain = await Blockchain.create({ config, storage: new SourceStorage(source, now) });
    chain.now = now;
    return new Fork(chain);
  }

  get now(): number {
    return this.#chain.now!;
  }

  /** Executes the message as if `from` had sent it, and everything that follows. Effects stay for the next one. */
  async send(from: Address, { to, value, body, init }: ForkMessage): Promise<Transaction[]> {
    const message = internal({ from, to, value, body, ...(init ? { stateInit: init } : {}), bounce: true });
    return (await this.#chain.sendMessage(message)).transactions;
  }

  /** The account after what has been executed. */
  async account(address: Address): Promise<ForkedAccount> {
    const { accountState, balance } = await this.#chain.getContract(address);
    if (accountState?.type !== 'active') return { balance, status: accountState?.type ?? 'uninit' };
    const { code, data } = accountState.state;
    return { balance, status: 'active', code: code ?? Cell.EMPTY, data: data ?? Cell.EMPTY };
  }

  /** Puts other data into a contract: what has not happened yet, and would have. */
  async putData(address: Address, data: Cell): Promise<void> {
    const contract = await this.#chain.getContract(address);
    const { balance, status, code } = await this.account(address);
    if (status !== 'active') throw new Error(`${address} is no contract`);
    contract.account = shardAccount(address, { balance, status, code: code!, data }, this.now);
  }
}

class SourceStorage implements BlockchainStorage {
  readonly #source: ForkSource;
  readonly #now: number;
  readonly #contracts = new Map<string, SmartContract>();

  constructor(source: ForkSource, now: number) {
    this.#source = source;
    this.#now = now;
  }

  async getContract(blockchain: Blockchain, address: Address): Promise<SmartContract> {
    const key = address.toRawString();
    const known = this.#contracts.get(key);
    if (known !== undefined) return known;
    const contract = new SmartContract(
      shardAccount(address, await this.#source.account(address), this.#now),
      blockchain,
    );
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

function shardAccount(addr: Address, forked: ForkedAccount, now: number) {
  const account: Account = {
    addr,
    storage: { lastTransLt: 0n, balance: { coins: forked.balance }, state: toState(forked) },
    storageStats: {
      // The emulator aborts in some action phases when an account claims to occupy nothing.
      used: forked.status === 'active' ? sizeOf(forked) : { cells: 1n, bits: 100n },
      lastPaid: now,
      duePayment: null,
      storageExtra: null,
    },
  };
  return { account, lastTransactionHash: 0n, lastTransactionLt: 0n };
}

function toState({ status, code, data, stateHash }: ForkedAccount): Account['storage']['state'] {
  if (status === 'frozen') return { type: 'frozen', stateHash: stateHash ?? 0n };
  // Code that is a reference into the masterchain's library (some wallets) cannot be run here: such accounts just take coins.
  if (status === 'uninit' || code === undefined || data === undefined || code.isExotic) return { type: 'uninit' };
  return { type: 'active', state: { code, data } };
}

/** What the account pays rent for: every cell once. */
function sizeOf({ code, data }: ForkedAccount): { cells: bigint; bits: bigint } {
  const seen = new Set<string>();
  let bits = 0n;
  const visit = (cell: Cell): void => {
    const key = cell.hash().toString('hex');
    if (seen.has(key)) return;
    seen.add(key);
    bits += BigInt(cell.bits.length);
    cell.refs.forEach(visit);
  };
  visit(
    beginCell()
      .store(storeStateInit({ code: code ?? null, data: data ?? null }))
      .endCell(),
  );
  return { cells: BigInt(seen.size), bits };
}
