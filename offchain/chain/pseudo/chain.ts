import { createHash } from 'node:crypto';
import { initialWalletData, packWalletData, stateInitAddress } from '@cocoon/sdk';
import {
  type Address,
  beginCell,
  Cell,
  Dictionary,
  loadTransaction,
  storeTransaction,
  type Transaction,
  type TupleReader,
} from '@ton/core';
import { type AccountState, type Chain, ChainError, type TransactionCursor } from '../port';

/** What the live runners give their wallet in this mode. */
const WALLET_BALANCE = 100_000_000_000n;
const WALLET_SEQNO = 7;
const NO_HASH = Buffer.alloc(32);

interface PseudoAccount {
  balance: bigint;
  code: Cell;
  data: Cell;
  /** Oldest first. */
  transactions: Transaction[];
}

export interface PseudoChainOptions {
  root: Address;
  /** Data of the root contract as it is now; asked at each reading, so that a changed file is seen. */
  rootData(): Cell;
  /** What becomes of a contract's initial data before anybody reads it. */
  presumed(initial: Cell): Cell;
  now(): number;
}

/**
 * The chain of a network that has none: what a runner needs to see is put here by the runner itself. Nothing is sent anywhere,
 * nobody is paid; vouchers are signed and verified as ever.
 */
export class PseudoChain implements Chain {
  readonly #options: PseudoChainOptions;
  readonly #accounts = new Map<string, PseudoAccount>();
  #lt: bigint;

  constructor(options: PseudoChainOptions) {
    this.#options = options;
    // Ledgers remember what they have seen of the chain: after a restart it must have gone on.
    this.#lt = BigInt(options.now()) * 1_000_000n;
  }

  presume({ code, data }: { code: Cell; data: Cell }): void {
    const address = stateInitAddress({ code, data });
    this.#put(address, { balance: 0n, code, data: this.#options.presumed(data), transactions: [] });
  }

  /** The runner's wallet, with more than it needs to be content. */
  openWallet(address: Address, code: Cell, opts: { owner: Address; publicKey: Buffer }): void {
    const data = packWalletData({ ...initialWalletData(opts), seqno: WALLET_SEQNO });
    this.#put(address, { balance: WALLET_BALANCE, code, data, transactions: [] });
  }

  /** A message of `from` arrives at a contract that is here, which accepts it and changes nothing. */
  deliver(from: Address, to: Address, body: Cell): Transaction {
    const account = this.#accounts.get(to.toRawString());
    if (account === undefined) throw noChain(`there is no contract ${to}`);
    const before = account.transactions.at(-1);
    const lt = this.#tick();
    const transaction = accepted({ from, to, body, lt, now: this.#seconds(), before });
    account.transactions.push(transaction);
    return transaction;
  }

  async account(address: Address): Promise<AccountState> {
    if (address.equals(this.#options.root)) {
      const last = { lt: this.#tick(), hash: NO_HASH };
      return { balance: 0n, status: 'active', code: Cell.EMPTY, data: this.#options.rootData(), last };
    }
    const account = this.#accounts.get(address.toRawString());
    const newest = account?.transactions.at(-1);
    const last = newest === undefined ? { lt: this.#tick(), hash: NO_HASH } : cursor(newest);
    if (account === undefined) return { balance: 0n, status: 'uninit', last };
    const { balance, code, data } = account;
    return { balance, status: 'active', code, data, last };
  }

  async transactions(
    address: Address,
    { limit, before }: { limit: number; before?: TransactionCursor },
  ): Promise<Transaction[]> {
    const all = this.#accounts.get(address.toRawString())?.transactions ?? [];
    const older = before === undefined ? all : all.filter(({ lt }) => lt < before.lt);
    return older.slice(-limit).reverse();
  }

  async runMethod(address: Address, name: string): Promise<TupleReader> {
    throw new ChainError(`${address} has no get method ${name}: there is no chain in this mode`, {
      code: 'exit-code',
      retryable: false,
      exitCode: 11,
    });
  }

  async sendBoc(): Promise<void> {
    throw noChain('nothing can be sent');
  }

  async time(): Promise<number> {
    return this.#seconds();
  }

  #put(address: Address, account: PseudoAccount): void {
    const key = address.toRawString();
    if (!this.#accounts.has(key)) this.#accounts.set(key, account);
  }

  #seconds(): number {
    return Math.floor(this.#options.now() / 1000);
  }

  #tick(): bigint {
    const now = BigInt(this.#options.now()) * 1_000_000n;
    this.#lt = now > this.#lt ? now : this.#lt + 1n;
    return this.#lt;
  }
}

function cursor({ lt, hash }: Transaction): { lt: bigint; hash: Buffer } {
  return { lt, hash: hash() };
}

function noChain(what: string): ChainError {
  return new ChainError(`${what}: there is no chain in this mode (--disable-ton), and no money moves`, {
    code: 'message-rejected',
    retryable: false,
  });
}

interface Arrival {
  from: Address;
  to: Address;
  body: Cell;
  lt: bigint;
  now: number;
  before: Transaction | undefined;
}

/** The transaction of a contract that took one message in and sent nothing. */
function accepted({ from, to, body, lt, now, before }: Arrival): Transaction {
  const cell = beginCell()
    .store(
      storeTransaction({
        address: BigInt(`0x${to.hash.toString('hex')}`),
        lt,
        prevTransactionHash: before === undefined ? 0n : BigInt(`0x${before.hash().toString('hex')}`),
        prevTransactionLt: before?.lt ?? 0n,
        now,
        outMessagesCount: 0,
        oldStatus: 'active',
        endStatus: 'active',
        inMessage: {
          info: {
            type: 'internal',
            ihrDisabled: true,
            bounce: true,
            bounced: false,
            src: from,
            dest: to,
            value: { coins: 1n },
            ihrFee: 0n,
            forwardFee: 0n,
            createdLt: lt - 1n,
            createdAt: now,
          },
          init: null,
          body,
        },
        outMessages: Dictionary.empty(),
        totalFees: { coins: 0n },
        stateUpdate: { oldHash: NO_HASH, newHash: createHash('sha256').update(lt.toString()).digest() },
        description: {
          type: 'generic',
          creditFirst: false,
          computePhase: {
            type: 'vm',
            success: true,
            messageStateUsed: false,
            accountActivated: false,
            gasFees: 0n,
            gasUsed: 0n,
            gasLimit: 0n,
            mode: 0,
            exitCode: 0,
            vmSteps: 0,
            vmInitStateHash: 0n,
            vmFinalStateHash: 0n,
          },
          aborted: false,
          destroyed: false,
        },
        // What is read back below has its own.
        raw: Cell.EMPTY,
        hash: () => NO_HASH,
      }),
    )
    .endCell();
  return loadTransaction(cell.beginParse());
}
