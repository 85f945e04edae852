import type { Address, Cell } from '@ton/core';
import type { Blockchain } from '@ton/sandbox';
import { type ClientData, CocoonState, parseClientData, parseWorkerData, type WorkerData } from '../../wrappers';
import { MessagePool } from '../support/message-pool';
import { chainAt, type Prices } from '../support/price-sets';
import { parseProxyState } from '../support/proxy-books';
import { START } from '../support/world';
import { CLIENTS, type ClientName, clients, contracts, proxy, type WorkerName, workers } from './cast';
import { Ledger } from './ledger';
import { bouncedRequest, requestIn } from './observer';
import { Story } from './story';
import { Tally } from './tally';
import type { Voucher } from './vouchers';

/** One run: the network, the accountant's books beside it, and the story of what happened. */
export class Scene {
  readonly pool: MessagePool;
  readonly ledger = new Ledger();
  readonly story = new Story();
  /** signatures that the proxy's key made, hex: whoever brings one speaks for the key */
  readonly signatures = new Set<string>();
  /** every voucher that was ever delivered, for others to deliver again */
  readonly vouchers: Voucher[] = [];
  /** clients and workers with whom the proxy is done: it serves no more, as its last voucher has been signed */
  readonly retired = new Set<ClientName | WorkerName>();
  readonly tally = new Tally();

  private constructor(
    chain: Blockchain,
    readonly prices: Prices,
    /** the proxy's key signs what honest software would sign, and nothing else */
    readonly keyIsHonest: boolean,
  ) {
    this.pool = new MessagePool(chain, START);
    for (const { address } of contracts) this.pool.addContract(address);
  }

  static async create(prices: Prices, keyIsHonest: boolean): Promise<Scene> {
    return new Scene(await chainAt(prices), prices, keyIsHonest);
  }

  proxy(): ReturnType<typeof parseProxyState> | undefined {
    return read(this.pool.dataOf(proxy.address), proxyStates, parseProxyState);
  }

  client(name: ClientName): ClientData | undefined {
    return read(this.pool.dataOf(clients[name].address), clientStates, parseClientData);
  }

  worker(name: WorkerName): WorkerData | undefined {
    return read(this.pool.dataOf(workers[name].address), workerStates, parseWorkerData);
  }

  /** What the contracts say that each client may still take, messages on their way included. */
  claims(): Record<ClientName, bigint> {
    const claims = Object.fromEntries(CLIENTS.map((name) => [name, this.recorded(name)])) as Record<ClientName, bigint>;
    for (const message of this.pool.inFlight()) {
      // A refund stays a claim until it is paid; a top-up that bounced is no claim, though the client does not know yet.
      const asked = requestIn(message) ?? bouncedRequest(message);
      if (asked?.from !== 'client' || !asked.body.payload) continue;
      const { payload } = asked.body;
      if (payload.kind === 'refundGranted' || payload.kind === 'refundForce') claims[asked.name] += payload.amount;
      else if (payload.kind === 'topUp' && message.message.info.bounced) claims[asked.name] -= payload.amount;
    }
    // Coins that went back are charged first: below zero there is nothing to claim, and no debt either.
    for (const name of CLIENTS) if (claims[name] < 0n) claims[name] = 0n;
    return claims;
  }

  /** What the client contract records, less what the proxy knows to have gone back, plus what it knows to be still due. */
  recorded(name: ClientName): bigint {
    const proxy = this.proxy();
    const record = proxy?.books.clients.get(idOf(clients[name].address));
    const claim = (this.client(name)?.balance ?? 0n) - (record?.ahead ?? 0n);
    if (proxy?.state !== CocoonState.closed) return claim;
    // A closed proxy serves nobody and pays no more than it holds for a client, whatever the client contract says.
    const held = record?.escrow ?? 0n;
    return claim < held ? claim : held;
  }

  /** nanoTON of top-ups on their way to the pool. */
  depositsInFlight(): bigint {
    let sum = 0n;
    for (const message of this.pool.inFlight()) {
      const asked = requestIn(message);
      if (asked?.from === 'client' && asked.body.payload?.kind === 'topUp') sum += asked.body.payload.amount;
    }
    return sum;
  }

  /** A value that pays for any operation and all that follows from it. */
  get fair(): bigint {
    return this.prices === 'tenfold' ? 6_000_000_000n : 1_000_000_000n;
  }
}

export function idOf(address: Address): string {
  return address.hash.toString('hex');
}

const proxyStates = new WeakMap<Cell, ReturnType<typeof parseProxyState>>();
const clientStates = new WeakMap<Cell, ClientData>();
const workerStates = new WeakMap<Cell, WorkerData>();

/** Cells never change, so each is parsed once. */
function read<T>(data: Cell | undefined, known: WeakMap<Cell, T>, parse: (data: Cell) => T): T | undefined {
  if (data === undefined) return undefined;
  const state = known.get(data) ?? parse(data);
  known.set(data, state);
  return state;
}
