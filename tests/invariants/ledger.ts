import { CLIENTS, type ClientName, PRICE, WORKER_FEE, WORKERS, type WorkerName } from './cast';

/**
 * Who is owed what: the books that an outside accountant would keep from events alone, with no look at any contract.
 * All amounts are nanoTON, counters adjusted tokens. It knows prices and nothing else of how contracts work.
 */

export interface ClientAccount {
  /** tokens that the proxy served, posted or not */
  served: bigint;
  /** tokens that vouchers have charged */
  tokens: bigint;
  /** paid in through the client contract */
  deposited: bigint;
  /** of it: never reached the pool, went back to who brought it */
  undone: bigint;
  /** what the accepted vouchers cost */
  charged: bigint;
  /** not all of `charged` could be taken from coins in the pool: more was charged than was left, or had gone back already */
  capped: boolean;
  /** left the pool for the owner: refunds, and top-ups that a closing proxy did not take */
  refunded: bigint;
  /** refunds by a proxy that has not opened its books: they come out of coins that are nobody's */
  givenAway: bigint;
  /** since when the owner waits for its refund, unix seconds */
  closingSince: number | undefined;
}

export interface WorkerAccount {
  /** tokens worked for, vouchered or not */
  worked: bigint;
  /** nanoTON that left the pool for the owner */
  paid: bigint;
}

export class Ledger {
  readonly clients = Object.fromEntries(CLIENTS.map((name) => [name, newClient()])) as Record<
    ClientName,
    ClientAccount
  >;
  readonly workers = Object.fromEntries(WORKERS.map((name) => [name, newWorker()])) as Record<
    WorkerName,
    WorkerAccount
  >;
  /** paid in as stake */
  stake = 0n;
  /** booked as the proxy owner's revenue */
  revenue = 0n;
  /** left the pool for the proxy owner, values that came with its own messages included */
  ownerReceived = 0n;
  /** came into the pool for nobody in particular, less the fees that it paid (rent apart) */
  unclaimed = 0n;
  /** rent of the pool so far */
  rent = 0n;

  serve(client: ClientName, worker: WorkerName, tokens: bigint): void {
    this.clients[client].served += tokens;
    this.workers[worker].worked += tokens;
  }

  deposit(client: ClientName, coins: bigint): void {
    this.clients[client].deposited += coins;
  }

  undoDeposit(client: ClientName, coins: bigint): void {
    this.clients[client].undone += coins;
  }

  /** @param left what the channel still held before the charge */
  charge(client: ClientName, tokens: bigint, left: bigint): void {
    const account = this.clients[client];
    const price = (tokens - account.tokens) * PRICE;
    account.charged += price;
    account.capped ||= price > left;
    account.tokens = tokens;
  }

  /** A closing proxy does not take a top-up. The client contract counts it all the same, so a later charge may go there. */
  sendBack(client: ClientName, coins: bigint): void {
    this.clients[client].refunded += coins;
    this.clients[client].capped ||= coins > 0n;
  }

  refund(client: ClientName, coins: bigint, fromNobodys: boolean): void {
    this.clients[client].refunded += coins;
    if (fromNobodys) this.clients[client].givenAway += coins;
  }

  payWorker(worker: WorkerName, coins: bigint, revenue: bigint): void {
    this.workers[worker].paid += coins;
    this.revenue += revenue;
  }

  /** What a client paid in that has not come back; the contracts must record as much, but for charges. */
  inPool(client: ClientName): bigint {
    const { deposited, undone, refunded } = this.clients[client];
    return deposited - undone - refunded;
  }

  get workersPaid(): bigint {
    return WORKERS.reduce((sum, name) => sum + this.workers[name].paid, 0n);
  }

  /** nanoTON that a worker earned so far, whether or not a voucher says so. */
  earned(worker: WorkerName): bigint {
    return this.workers[worker].worked * WORKER_FEE;
  }

  /** nanoTON that a client's use cost and no voucher has posted. */
  unposted(client: ClientName): bigint {
    const { served, tokens } = this.clients[client];
    return served > tokens ? (served - tokens) * PRICE : 0n;
  }
}

function newClient(): ClientAccount {
  return {
    ...{ served: 0n, tokens: 0n, deposited: 0n, undone: 0n, charged: 0n, refunded: 0n, givenAway: 0n },
    ...{ capped: false, closingSince: undefined },
  };
}

function newWorker(): WorkerAccount {
  return { worked: 0n, paid: 0n };
}
