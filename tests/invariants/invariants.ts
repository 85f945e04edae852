import { type Address, fromNano } from '@ton/core';
import { CocoonState, ExitCode, exitCodeName, Op, parseRootData, parseSignedEnvelope } from '../../wrappers';
import type { Delivery } from '../support/message-pool';
import { CLIENT_DELAY, CLIENTS, clientAt, clients, nameOf, people, proxy, root, WORKER_FEE, WORKERS } from './cast';
import { opNumber } from './observer';
import { idOf, type Scene } from './scene';

/**
 * What must be true of all contracts together. `always` holds after every delivery, whatever is still on its way;
 * `quiet` holds whenever nothing is. A check answers undefined, or says what is wrong.
 * INV-02, INV-04 and INV-08 are promises about how a story ends; they are checked by acting (see endings.ts).
 */
export interface Invariant {
  id: string;
  says: string;
  when: 'always' | 'quiet';
  check(scene: Scene, last: Delivery | undefined): string | undefined;
}

const ton = (coins: bigint) => `${fromNano(coins)} TON`;
const positive = (coins: bigint) => (coins > 0n ? coins : 0n);

type PerClient = Record<(typeof CLIENTS)[number], bigint>;

/** What each client paid in, did not get back and may no longer take: charged, or lost. */
export function lostBy(scene: Scene): PerClient {
  const claims = scene.claims();
  return perClient((name) => scene.ledger.inPool(name) - claims[name]);
}

/** Claims as far as coins were brought for them; what goes beyond comes from nothing, and INV-03 says so. */
function backedClaims(scene: Scene): PerClient {
  const claims = scene.claims();
  return perClient((name) => least(claims[name], positive(scene.ledger.inPool(name))));
}

function perClient(amount: (name: (typeof CLIENTS)[number]) => bigint): PerClient {
  return Object.fromEntries(CLIENTS.map((name) => [name, amount(name)])) as PerClient;
}

const least = (one: bigint, other: bigint) => (one < other ? one : other);

function sum(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

export const solvency: Invariant = {
  id: 'INV-01',
  says: 'the pool and what is on its way to it cover all escrow, the revenue and what was charged but not yet paid',
  when: 'always',
  check(scene) {
    const { ledger, pool } = scene;
    const state = scene.proxy();
    const revenue = state?.balance ?? 0n;
    const claims = sum(Object.values(backedClaims(scene)));
    const charged = sum(CLIENTS.map((name) => ledger.inPool(name))) - claims;
    const unpaid = charged - ledger.workersPaid - ledger.revenue;
    const held = pool.balanceOf(proxy.address) + scene.depositsInFlight() + ledger.rent;
    const owed = claims + revenue + positive(unpaid);
    const detail = `escrow ${ton(claims)}, revenue ${ton(revenue)}, unpaid ${ton(unpaid)}, stake ${ton(ledger.stake)}`;
    if (held < owed) return `${ton(held)} are there for ${ton(owed)}: ${detail}`;
    if (scene.keyIsHonest && state && state.state !== CocoonState.closed) {
      const all = claims + revenue + ledger.stake + unpaid;
      if (held < all) return `with the stake, ${ton(held)} are there for ${ton(all)}: ${detail}`;
    }
    if (!state?.books.kept) return undefined;
    const { escrow, earned } = state.books;
    const booked = escrow + state.balance + positive(earned);
    const coins = pool.balanceOf(proxy.address) + ledger.rent;
    if (coins < booked) return `the books say ${ton(booked)}, the pool holds ${ton(coins)}`;
    return undefined;
  },
};

export const claimsStand: Invariant = {
  id: 'INV-03',
  says: 'no claim is erased and none grows from nothing: what a client lost, vouchers charged; what a worker counts, it was paid',
  when: 'quiet',
  check(scene) {
    const lost = lostBy(scene);
    for (const name of CLIENTS) {
      const { charged, capped, undone, givenAway } = scene.ledger.clients[name];
      const detail = `client ${name} paid in, less what came back, ${ton(scene.ledger.inPool(name))}; the contracts record ${ton(scene.recorded(name))}; charged ${ton(charged)}`;
      if (lost[name] > charged) return `${ton(lost[name] - charged)} are erased: ${detail}`;
      if (lost[name] < -givenAway) return `${ton(-lost[name])} come from nothing: ${detail}`;
      if (!capped && undone === 0n && lost[name] !== charged) return `a charge was not taken in full: ${detail}`;
    }
    for (const name of WORKERS) {
      const tokens = scene.worker(name)?.tokens ?? 0n;
      const { paid } = scene.ledger.workers[name];
      if (tokens * WORKER_FEE !== paid) {
        return `worker ${name} counts ${tokens} tokens, ${ton(tokens * WORKER_FEE)}, and was paid ${ton(paid)}`;
      }
    }
    return undefined;
  },
};

export const ownerTakesOnlyItsOwn: Invariant = {
  id: 'INV-05',
  says: "the proxy's owner, and with a stolen key the workers too, get no more than stake, earnings and coins that are nobody's",
  when: 'always',
  check(scene) {
    const { ledger } = scene;
    const free = ledger.stake + ledger.unclaimed + ledger.rent;
    if (scene.keyIsHonest) {
      const allowed = free + ledger.revenue;
      if (ledger.ownerReceived <= allowed) return undefined;
      return `the owner got ${ton(ledger.ownerReceived)} of ${ton(allowed)}`;
    }
    const taken = ledger.ownerReceived + ledger.workersPaid;
    const allowed = free + sum(Object.values(lostBy(scene)).map(positive));
    if (taken <= allowed) return undefined;
    return `owner and workers got ${ton(taken)} of ${ton(allowed)}`;
  },
};

export const coinsAreConserved: Invariant = {
  id: 'INV-06',
  says: 'no coin appears or vanishes: accounts, messages and fees add up to what people brought',
  when: 'always',
  check({ pool }) {
    const total = pool.total();
    return total === 0n ? undefined : `${total} nanoTON too many`;
  },
};

export const chargesGetThrough: Invariant = {
  id: 'INV-07',
  says: "the proxy can post its latest charge until the client's delay is over, and no forced refund comes sooner",
  when: 'always',
  check(scene, last) {
    const name = last && clientAt(last.message.info.dest);
    if (name === undefined || !last || last.message.info.bounced) return undefined;
    const { message, ok, exitCode, dataBefore, now } = last;
    const op = opNumber(message.body);
    if (op === Op.ownerClientRequestRefund && ok && scene.client(name)?.state === CocoonState.closed) {
      const since = scene.ledger.clients[name].closingSince ?? now;
      if (now - since <= CLIENT_DELAY) return `client ${name} forced its refund after ${now - since} seconds`;
    }
    const honest =
      scene.keyIsHonest && message.info.src.equals(people.carrier) && message.info.value.coins >= scene.fair;
    if (op !== Op.extClientChargeSigned || !honest || !dataBefore || ok) return undefined;
    const superseded = exitCode === ExitCode.oldMessage || exitCode === ExitCode.closed;
    return superseded ? undefined : `the charge of client ${name} is refused with ${codeOf(exitCode)}`;
  },
};

export const stateStaysSound: Invariant = {
  id: 'INV-09',
  says: 'every data cell parses, and a stranger changes no data but by paying in or bringing a voucher',
  when: 'always',
  check(scene, last) {
    try {
      scene.proxy();
      for (const name of CLIENTS) scene.client(name);
      for (const name of WORKERS) scene.worker(name);
      const data = scene.pool.dataOf(root.address);
      if (data && last?.message.info.dest.equals(root.address)) parseRootData(data);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    if (!last?.dataBefore || !last.message.info.src.equals(people.stranger) || mayChange(scene, last)) return undefined;
    const { dest } = last.message.info;
    return last.dataAfter?.equals(last.dataBefore) ? undefined : `a stranger changed the data of ${nameOf(dest)}`;
  },
};

const ANYBODYS: readonly number[] = [Op.extClientTopUp, Op.extProxyIncreaseStake, Op.extProxyPayoutRequest];

function mayChange(scene: Scene, { message }: Delivery): boolean {
  if (ANYBODYS.includes(opNumber(message.body) ?? -1)) return true;
  try {
    return scene.signatures.has(parseSignedEnvelope(message.body).signature.toString('hex'));
  } catch {
    return false; // not a voucher at all
  }
}

export const booksAddUp: Invariant = {
  id: 'INV-10',
  says: "the proxy's books add up: records sum to the escrow, none is empty, none is less than its client may take",
  when: 'quiet',
  check(scene) {
    const books = scene.proxy()?.books;
    if (!books?.kept) return undefined;
    const records = [...books.clients.values()];
    const total = sum(records.map(({ escrow }) => escrow));
    if (total !== books.escrow) return `records of ${ton(total)}, an escrow of ${ton(books.escrow)}`;
    if (records.length !== books.count) return `${records.length} records, counted as ${books.count}`;
    if (records.some(({ escrow, ahead }) => escrow === 0n && ahead === 0n)) return 'an empty record is kept';
    for (const name of CLIENTS) {
      const kept = books.clients.get(idOf(clients[name].address));
      const claim = scene.recorded(name);
      if ((kept?.escrow ?? 0n) < claim)
        return `${ton(kept?.escrow ?? 0n)} for client ${name}, who may take ${ton(claim)}`;
      if (kept && !sameAddress(kept.owner, clients[name].owner))
        return `the record of client ${name} names another owner`;
    }
    return undefined;
  },
};

function sameAddress(one: Address, other: Address): boolean {
  return one.equals(other);
}

function codeOf(exitCode: number | undefined): string {
  return exitCode === undefined ? 'no gas' : `${exitCode} ${exitCodeName(exitCode) ?? 'unnamed'}`;
}

export const INVARIANTS: readonly Invariant[] = [
  coinsAreConserved,
  stateStaysSound,
  solvency,
  ownerTakesOnlyItsOwn,
  claimsStand,
  chargesGetThrough,
  booksAddUp,
];

/** @throws InvariantBroken with the story so far */
export function check(scene: Scene, last: Delivery | undefined): void {
  const quiet = scene.pool.size === 0;
  for (const invariant of INVARIANTS) {
    if (invariant.when === 'quiet' && !quiet) continue;
    const wrong = invariant.check(scene, last);
    if (wrong !== undefined) report(scene, invariant, wrong);
  }
}

/** @throws InvariantBroken, unless INVARIANT_ONLY=… says that somebody is after another one */
export function report(scene: Scene, { id, says }: Pick<Invariant, 'id' | 'says'>, wrong: string): void {
  const only = process.env.INVARIANT_ONLY;
  if (only === undefined || only === id) throw new InvariantBroken(id, says, wrong, scene);
}

class InvariantBroken extends Error {
  constructor(id: string, says: string, wrong: string, scene: Scene) {
    super(
      `${id} is broken: ${wrong}\n  It says: ${says}.\n  At ${scene.prices} prices, this happened:\n${scene.story}`,
    );
    this.name = 'InvariantBroken';
  }
}
