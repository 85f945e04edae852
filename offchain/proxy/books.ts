import type { Address } from '@ton/core';
import type { Ledger, LedgerRecord } from '../ledger';
import { ClientAccount, WorkerAccount } from './accounts';
import type { ProxyIdentity } from './identity';

/** Every account of this proxy contract, in memory and in the ledger. Keys are raw owner addresses. */
export class Books {
  readonly clients = new Map<string, ClientAccount>();
  readonly workers = new Map<string, WorkerAccount>();
  readonly identity: ProxyIdentity;
  private readonly ledger: Ledger;

  /** Loads what the ledger knows about this proxy contract. Accounts of other contracts stay in the file, untouched. */
  constructor(ledger: Ledger, identity: ProxyIdentity) {
    this.ledger = ledger;
    this.identity = identity;
    const proxy = identity.address.toRawString();
    for (const row of ledger.all('client'))
      if (row.proxy === proxy) this.clients.set(row.owner, new ClientAccount(row));
    for (const row of ledger.all('worker'))
      if (row.proxy === proxy) this.workers.set(row.owner, new WorkerAccount(row));
  }

  /** The account of a client that may not have been seen before; nothing is written until something is known about it. */
  openClient(owner: Address): ClientAccount {
    const key = owner.toRawString();
    const known = this.clients.get(key);
    if (known) return known;
    const account = new ClientAccount({
      owner: key,
      proxy: this.identity.address.toRawString(),
      contract: this.identity.clientContract(owner).toRawString(),
      state: 'unknown',
      balanceNano: 0n,
      stakeNano: this.identity.params.minClientStake,
      unbackedNano: 0n,
      tokensCharged: 0n,
      tokensUsed: 0n,
      secretHash: '00'.repeat(32),
      lastRequestAt: 0,
    });
    this.clients.set(key, account);
    return account;
  }

  openWorker(owner: Address): WorkerAccount {
    const key = owner.toRawString();
    const known = this.workers.get(key);
    if (known) return known;
    const account = new WorkerAccount({
      owner: key,
      proxy: this.identity.address.toRawString(),
      contract: this.identity.workerContract(owner).toRawString(),
      state: 'unknown',
      tokensPaid: 0n,
      tokensEarned: 0n,
      lastRequestAt: 0,
    });
    this.workers.set(key, account);
    return account;
  }

  /** A connection of this worker ended. Accounts nothing is known about are forgotten: anybody can name an address. */
  leaveWorker(account: WorkerAccount): void {
    account.connections--;
    const blank = account.state === 'unknown' && account.levels.max === 0n;
    if (account.connections === 0 && blank) this.workers.delete(account.owner);
  }

  /**
   * Writes the present state of accounts together with other records, all or nothing. Resolves when they would survive
   * `kill -9`; the written level follows when they are on disk, and only then can the amounts be anchored and signed.
   */
  async write(
    accounts: readonly (ClientAccount | WorkerAccount)[],
    records: readonly LedgerRecord[] = [],
  ): Promise<void> {
    const marks = accounts.map((account) => ({ levels: account.levels, tokens: account.levels.max }));
    const rows = accounts.map(
      (account): LedgerRecord =>
        account instanceof ClientAccount
          ? { kind: 'client', row: account.row() }
          : { kind: 'worker', row: account.row() },
    );
    const written = this.ledger.write([...rows, ...records]);
    await written;
    this.ledger.flushed().then(
      () => {
        for (const { levels, tokens } of marks) levels.markWritten(tokens);
      },
      // A failed sync is already the ledger's health; the amounts simply never become signable.
      () => undefined,
    );
  }

  /** Accounts whose newest counters are not known to be on disk: under way there, or kept by a ledger that could not write. */
  unwritten(): (ClientAccount | WorkerAccount)[] {
    return [...this.clients.values(), ...this.workers.values()].filter(({ levels }) => levels.max > levels.written);
  }

  /** Accounts with tokens on disk that no save_state covers yet. */
  unanchored(): boolean {
    for (const { levels } of this.clients.values()) if (levels.max > levels.anchored) return true;
    for (const { levels } of this.workers.values()) if (levels.max > levels.anchored) return true;
    return false;
  }

  snapshot(seqno: number): void {
    for (const { levels } of this.clients.values()) levels.snapshot(seqno);
    for (const { levels } of this.workers.values()) levels.snapshot(seqno);
  }

  anchor(seqno: number): void {
    for (const { levels } of this.clients.values()) levels.anchor(seqno);
    for (const { levels } of this.workers.values()) levels.anchor(seqno);
  }
}
