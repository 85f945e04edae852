import type { ClientData, ClientRecord, ProxyBooks, WorkerData } from '@cocoon/sdk';
import type { ClientAccount } from '../accounts';
import type { Books } from '../books';
import type { ContractReads } from '../contract-reads';
import type { PoolOptions } from '../pool';
import { address, quiet } from './world';

/** The coins of a proxy contract and the balances of its clients, moved as the contracts do it. nanoTON. */
export class FakePool implements ContractReads {
  readonly done: string[] = [];
  readonly resting = new Set<ClientAccount>();
  /** Clients whose charges and syncs fail. */
  readonly broken = new Set<ClientAccount>();
  /** Without it the contract keeps no books, like those of the live network. */
  keepsBooks = true;
  closed = false;
  /** Charges and syncs under way at the same time. */
  mostAtOnce = 0;
  private underWay = 0;
  coins = 0n;
  earned = 0n;
  private readonly held = new Map<string, ClientRecord>();
  private readonly balances = new Map<string, bigint>();
  private readonly accounts: Books;

  constructor(books: Books) {
    this.accounts = books;
  }

  /** A client with so many coins in the pool, of which it has been charged `charged`, and `uncharged` tokens are anchored. */
  addClient(n: number, facts: { escrow: bigint; charged?: bigint; uncharged?: bigint; ahead?: bigint }): ClientAccount {
    const { escrow, charged = 0n, uncharged = 0n, ahead = 0n } = facts;
    const account = this.accounts.openClient(address(n));
    const balance = escrow + ahead - charged;
    account.observe({ state: 'normal', balance, stake: escrow, tokensUsed: 0n, secretHash: Buffer.alloc(32) });
    account.levels.add(uncharged);
    account.levels.markWritten(uncharged);
    account.levels.snapshot(n);
    account.levels.anchor(n);
    this.held.set(account.contract.slice(2), { escrow, ahead, owner: address(n) });
    this.balances.set(account.contract, balance);
    this.coins += escrow;
    return account;
  }

  get payable(): bigint {
    let escrow = 0n;
    for (const record of this.held.values()) escrow += record.escrow;
    return this.coins > escrow ? this.coins - escrow : 0n;
  }

  async books(): Promise<ProxyBooks | undefined> {
    const { payable, earned } = this;
    return this.keepsBooks ? { payable, earned, escrow: this.coins - payable, backedStake: 0n, clients: 0 } : undefined;
  }

  async records(): Promise<ReadonlyMap<string, ClientRecord>> {
    this.done.push('records');
    return new Map([...this.held].map(([key, record]) => [key, { ...record }]));
  }

  async client(contract: string): Promise<ClientData | undefined> {
    const balance = this.balances.get(contract);
    return balance === undefined ? undefined : ({ balance, reopened: false } as ClientData);
  }

  async worker(): Promise<WorkerData | undefined> {
    return undefined;
  }

  /** A charge reaches the client contract, and the view. */
  charge(account: ClientAccount): void {
    const tokens = account.levels.anchored;
    const cost = (tokens - account.chain.tokensUsed) * this.accounts.identity.prices.pricePerToken;
    const before = this.balances.get(account.contract) ?? 0n;
    const balance = before > cost ? before - cost : 0n;
    this.balances.set(account.contract, balance);
    account.observe({ ...account.chain, balance, tokensUsed: tokens });
  }

  sync(account: ClientAccount): void {
    const record = this.held.get(account.contract.slice(2))!;
    const claim = (this.balances.get(account.contract) ?? 0n) - record.ahead;
    const owned = claim < 0n ? 0n : claim < record.escrow ? claim : record.escrow;
    this.earned += record.escrow - owned;
    record.escrow = owned;
  }

  /** @throws when the contract would refuse it */
  payOut(amount: bigint): void {
    if (amount > this.payable) throw new Error('the proxy contract refused: exit code 5');
    this.coins -= amount;
    this.earned -= amount;
  }

  options(books: Books): PoolOptions {
    const act = (what: 'charge' | 'sync') => async (client: ClientAccount) => {
      this.done.push(`${what} ${client.contract}`);
      this.mostAtOnce = Math.max(this.mostAtOnce, ++this.underWay);
      await new Promise((resolve) => setImmediate(resolve));
      this.underWay--;
      if (this.broken.has(client)) {
        this.resting.add(client);
        throw new Error(`the ${what} was refused`);
      }
      this[what](client);
    };
    return {
      books,
      reads: this,
      logger: quiet,
      closed: () => this.closed,
      charge: act('charge'),
      sync: act('sync'),
      resting: (client) => this.resting.has(client),
    };
  }
}
