import type { ClientRecord, ClientRecords, ProxyBooks } from '@cocoon/sdk';
import { fromNano } from '@ton/core';
import type { Logger } from 'pino';
import type { ClientAccount } from './accounts';
import type { Books } from './books';
import type { ContractReads } from './contract-reads';
import { errorText } from './errors';

export interface PoolOptions {
  books: Books;
  reads: ContractReads;
  logger: Logger;
  /** The proxy contract is closed: it then pays only what clients were charged. */
  closed(): boolean;
  /** Posts a client's newest voucher, unless that has been done; resolves when the client contract has booked it. */
  charge(client: ClientAccount): Promise<unknown>;
  /** Has the client contract tell the proxy contract what its balance is; resolves when the proxy contract has booked it. */
  sync(client: ClientAccount, gainNano: bigint): Promise<unknown>;
  /** The last such action of this client failed, and it is not yet time to try again. */
  resting(client: ClientAccount): boolean;
}

/** Clients that one attempt turns to, dearest first: each costs gas, and whoever asked waits for it. */
const MOST_SYNCS = 16;
/** As many as travel in one transaction of the wallet; more at once would need more coins in it until the change is back. */
const AT_ONCE = 4;
/** nanoTON that make a sync worth its gas when nobody waits for the coins. */
const SYNC_WORTH = 20_000_000n;

/** The proxy contract has too few coins that are nobody else's for a payout. The message says how many and why. */
export class PoolShortError extends Error {
  readonly code = 'pool_short';
  /** nanoTON */
  readonly missing: bigint;

  constructor(missing: bigint, message: string) {
    super(message);
    this.name = 'PoolShortError';
    this.missing = missing;
  }
}

/** A client whose charges the proxy contract does not know of yet. */
interface Debt {
  client: ClientAccount;
  record: ClientRecord;
  /** nanoTON that a charge (where one is due) and a sync would free. */
  gain: bigint;
}

/**
 * Keeps the proxy contract able to pay. It pays a worker only out of coins that belong to neither clients nor its owner, and learns of
 * a charge only with the client's next request that moves coins; a top-up of nothing, which anybody may send, is such a request.
 */
export class Pool {
  private readonly options: PoolOptions;
  /** Payouts under way, and what each takes: the contract may not have paid them when it is asked what it has. */
  private readonly running = new Map<Promise<void>, bigint>();
  private tail: Promise<unknown> = Promise.resolve();

  constructor(options: PoolOptions) {
    this.options = options;
  }

  /**
   * Runs a payout that takes `amount` (nanoTON, worker's and proxy's part) as soon as the contract can carry it out.
   * @throws PoolShortError when it cannot; ChainError
   */
  async pay<T>(amount: bigint, payout: () => Promise<T>): Promise<T> {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    await this.exclusive(async () => {
      await this.cover(amount);
      this.running.set(ended, amount);
    });
    try {
      return await payout();
    } finally {
      this.running.delete(ended);
      end();
    }
  }

  /** Frees about `gap` nanoTON where that is worth the gas, so that the stake is really there: new clients look at that. */
  async restore(gap: bigint): Promise<void> {
    await this.exclusive(() => this.relieve(gap, SYNC_WORTH));
  }

  /** Whether there is anything to free, as far as the records say. */
  worthRestoring(records: ClientRecords): boolean {
    return this.debts(records).some(({ gain }) => gain >= SYNC_WORTH);
  }

  private async cover(amount: bigint): Promise<void> {
    const { reads } = this.options;
    let books = await reads.books();
    if (books === undefined) return;
    const promised = [...this.running.values()].reduce((sum, one) => sum + one, 0n);
    if (books.payable - promised >= amount) return;
    // Too close to tell with payouts under way: once they have ended, what the contract says is true.
    await Promise.all(this.running.keys());
    books = await reads.books();
    if (books === undefined || books.payable >= amount) return;
    await this.relieve(amount - books.payable, 1n);
    books = await reads.books();
    if (books === undefined || books.payable >= amount) return;
    throw this.short(amount, books, await reads.records());
  }

  /** Charges and syncs clients, those who free most first, until `wanted` is freed. One that fails is left for the next attempt. */
  private async relieve(wanted: bigint, least: bigint): Promise<void> {
    const chosen: Debt[] = [];
    let sum = 0n;
    for (const debt of this.debts(await this.options.reads.records())) {
      if (sum >= wanted || debt.gain < least || chosen.length === MOST_SYNCS) break;
      chosen.push(debt);
      sum += debt.gain;
    }
    while (chosen.length > 0) await Promise.all(chosen.splice(0, AT_ONCE).map((debt) => this.tryToFree(debt)));
  }

  private async tryToFree(debt: Debt): Promise<void> {
    try {
      await this.free(debt);
    } catch (error) {
      const facts = { client: debt.client.owner, reason: errorText(error) };
      this.options.logger.warn(facts, 'a client could not be charged and synced');
    }
  }

  private async free({ client, record }: Debt): Promise<void> {
    const { charge, sync, reads } = this.options;
    // One that is on its way already is waited for.
    if (client.uncharged() > 0n) await charge(client);
    const contract = await reads.client(client.contract);
    const gain = contract === undefined ? 0n : record.escrow - ownedBy(record, contract.balance);
    // Synced by somebody else meanwhile, or the chain view was ahead of the contract.
    if (gain > 0n) await sync(client, gain);
  }

  private debts(records: ClientRecords): Debt[] {
    const { books, resting } = this.options;
    const price = books.identity.prices.pricePerToken;
    const debts: Debt[] = [];
    for (const client of books.clients.values()) {
      const record = records.get(client.contract.slice(client.contract.indexOf(':') + 1));
      const { state, balance } = client.chain;
      if (record === undefined || state === 'closed' || state === 'unknown' || resting(client)) continue;
      const gain = record.escrow - ownedBy(record, balance - client.uncharged() * price);
      if (gain > 0n) debts.push({ client, record, gain });
    }
    return debts.sort((a, b) => (a.gain < b.gain ? 1 : a.gain > b.gain ? -1 : 0));
  }

  private short(amount: bigint, books: ProxyBooks, records: ClientRecords): PoolShortError {
    const { identity, clients } = this.options.books;
    const missing = amount - books.payable;
    const reasons: string[] = [];
    const unposted = this.debts(records).reduce((sum, { gain }) => sum + gain, 0n);
    if (unposted > 0n) reasons.push(`clients owe ${fromNano(unposted)} TON that the contract does not know of yet`);
    const resting = [...clients.values()].filter((client) => this.options.resting(client)).length;
    if (resting > 0) reasons.push(`${resting} clients could not be charged or synced and are tried again later`);
    if (books.earned < 0n)
      reasons.push(`workers were paid ${fromNano(-books.earned)} TON in advance, more than clients were charged`);
    if (books.backedStake < identity.params.minProxyStake)
      reasons.push(`only ${fromNano(books.backedStake)} TON of the stake are there`);
    const why = reasons.length > 0 ? `: ${reasons.join('; ')}` : '';
    const next = this.options.closed()
      ? 'It is closed and pays no more than its clients were charged'
      : 'Charge the clients, raise the stake, or send the contract at least what is missing';
    return new PoolShortError(
      missing,
      `the proxy contract ${identity.address} can pay ${fromNano(books.payable)} TON for workers and this payout takes ${fromNano(amount)} TON, ` +
        `${fromNano(missing)} TON are missing${why}. ${next}`,
    );
  }

  /** One at a time: two that look at the same coins would both think they have them. */
  private exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.tail.then(work);
    this.tail = mine.catch(() => undefined);
    return mine;
  }
}

/** What of the coins held for a client is still the client's when its contract says it has `balance`. */
function ownedBy({ escrow, ahead }: ClientRecord, balance: bigint): bigint {
  const claim = balance - ahead;
  if (claim <= 0n) return 0n;
  return claim < escrow ? claim : escrow;
}
