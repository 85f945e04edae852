import { type Address, beginCell, Cell, loadShardAccount, type ShardAccount, storeShardAccount } from '@ton/core';
import { NO_ACCOUNT } from './cells';
import type { AccountRecord } from './records';

export interface AccountView {
  address: Address;
  /** nanoTON */
  balance: bigint;
  status: 'active' | 'uninitialized' | 'frozen';
  code: Cell | null;
  data: Cell | null;
  /** 32 bytes; only when frozen. */
  frozenHash: Buffer | null;
  extraCurrencies: { id: number; amount: bigint }[];
  lastLt: bigint;
  /** 32 bytes, zero when there is no transaction. */
  lastHash: Buffer;
  exists: boolean;
}

function hashOf(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

function view(address: Address, shard: ShardAccount): AccountView {
  const storage = shard.account?.storage;
  const state = storage?.state;
  return {
    address,
    balance: storage?.balance.coins ?? 0n,
    status: state?.type === 'active' ? 'active' : state?.type === 'frozen' ? 'frozen' : 'uninitialized',
    code: state?.type === 'active' ? (state.state.code ?? null) : null,
    data: state?.type === 'active' ? (state.state.data ?? null) : null,
    frozenHash: state?.type === 'frozen' ? hashOf(state.stateHash) : null,
    extraCurrencies: [...(storage?.balance.other ?? [])].map(([id, amount]) => ({ id, amount })),
    lastLt: shard.lastTransactionLt,
    lastHash: hashOf(shard.lastTransactionHash),
    exists: storage !== undefined,
  };
}

/** All accounts: each as the base64 BoC of its ShardAccount, decoded on demand. Keys are raw addresses. */
export class Accounts {
  readonly #bocs = new Map<string, string>();
  readonly #views = new Map<string, AccountView>();

  get size(): number {
    return this.#bocs.size;
  }

  boc(address: string): string {
    return this.#bocs.get(address) ?? NO_ACCOUNT;
  }

  view(address: Address): AccountView {
    const key = address.toRawString();
    const known = this.#views.get(key);
    if (known !== undefined) {
      return known;
    }
    const boc = this.#bocs.get(key);
    const made = view(address, loadShardAccount(Cell.fromBase64(boc ?? NO_ACCOUNT).beginParse()));
    if (boc !== undefined) {
      // Accounts nobody has are not remembered: any client could fill the memory by asking for them.
      this.#views.set(key, made);
    }
    return made;
  }

  set({ address, boc }: AccountRecord): void {
    this.#bocs.set(address, boc);
    this.#views.delete(address);
  }

  *records(): Generator<AccountRecord> {
    for (const [address, boc] of this.#bocs) {
      yield { address, boc };
    }
  }
}

/** An account that has coins and no code yet. The storage figures are what such an account really occupies. */
export function uninitAccount(address: Address, balance: bigint, now: number): string {
  return beginCell()
    .store(
      storeShardAccount({
        account: {
          addr: address,
          storage: { lastTransLt: 0n, balance: { coins: balance }, state: { type: 'uninit' } },
          storageStats: { used: { cells: 1n, bits: 103n }, lastPaid: now, duePayment: null, storageExtra: null },
        },
        lastTransactionLt: 0n,
        lastTransactionHash: 0n,
      }),
    )
    .endCell()
    .toBoc()
    .toString('base64');
}
