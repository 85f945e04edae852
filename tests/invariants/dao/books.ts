import { type Address, beginCell, type Cell, type Slice } from '@ton/core';
import {
  parseLabels,
  parseReceipts,
  parseReleases,
  parseSlots,
  parseVaultData,
  type VaultData,
  type VoteReceipt,
  type VoteSplit,
} from '../../../wrappers';

/** What the contracts keep, read from their data cells: get methods would take longer than the messages that are tested. */

export interface StakeBooks {
  own: bigint;
  inn: bigint;
  lastUse: number;
  nonce: number;
  receipts: number;
  labels: Map<number, bigint>;
  votes: Map<string, VoteReceipt>;
  pend: bigint;
  out: bigint;
  exit: bigint;
  refundable: bigint;
  unsynced: bigint;
  delegate: Address | null;
  busy: number;
  joined: boolean;
  releases: Map<number, bigint>;
}

export interface DaoBooks {
  nextId: number;
  total: bigint;
  epoch: number;
  startTotal: bigint;
  members: number;
  active: boolean;
  enoughSince: number;
  /** open proposals */
  open: number[];
  params: Cell;
}

export interface ProposalBooks extends VoteSplit {
  status: number;
  endAt: number;
  voters: number;
  eta: number;
  expires: number;
  epoch: number;
  startAt: number;
  hardEnd: number;
  /** votes */
  quorum: bigint;
  total: bigint;
  proposer: Address;
  bond: bigint;
  /** null: text only */
  actions: Cell | null;
  /** everything that never changes */
  terms: Cell;
}

/** Undefined: a Stake that has never been told anything. */
export const readStake = once((data: Cell): StakeBooks | undefined => {
  const s = data.beginParse();
  s.loadAddress();
  s.loadAddress();
  if (s.remainingBits === 0) return undefined;
  const [own, inn] = [s.loadCoins(), s.loadCoins()];
  const [lastUse, nonce, receipts] = [s.loadUint(32), s.loadUint(32), s.loadUint(8)];
  const labels = parseLabels(s.loadMaybeRef());
  const votes = parseReceipts(s.loadMaybeRef());
  const m = s.loadRef().beginParse();
  s.endParse();
  const [pend, out, exit] = [m.loadCoins(), m.loadCoins(), m.loadCoins()];
  const [refundable, unsynced] = [m.loadCoins(), m.loadCoins()];
  const delegate = m.loadMaybeAddress();
  const [busy, joined, releases] = [m.loadUint(2), m.loadBit(), parseReleases(m.loadMaybeRef())];
  m.endParse();
  const now = { own, inn, lastUse, nonce, receipts, labels, votes };
  return { ...now, pend, out, exit, refundable, unsynced, delegate, busy, joined, releases };
});

export const readDao = once((data: Cell): DaoBooks => {
  const s = data.beginParse();
  s.loadAddress();
  s.skip(16);
  const [nextId, total, epoch, startTotal] = [s.loadUint(32), s.loadCoins(), s.loadUint(16), s.loadCoins()];
  const [members, active, enoughSince] = [s.loadUint(32), s.loadBit(), s.loadUint(32)];
  const open = [...parseSlots(s.loadMaybeRef()).keys()];
  return { nextId, total, epoch, startTotal, members, active, enoughSince, open, params: s.loadRef() };
});

/** Undefined: the Dao has not made it. */
export const readProposal = once((data: Cell): ProposalBooks | undefined => {
  const s = data.beginParse();
  s.loadAddress();
  s.skip(32);
  if (s.remainingBits === 0) return undefined;
  const [status, endAt, voters] = [s.loadUint(8), s.loadUint(32), s.loadUint(32)];
  const [yes, no, abstain] = [s.loadUintBig(64), s.loadUintBig(64), s.loadUintBig(64)];
  const [eta, expires] = [s.loadUint(32), s.loadUint(32)];
  const terms = restOf(s);
  const [epoch, startAt, hardEnd] = [s.loadUint(16), s.loadUint(32), s.loadUint(32)];
  s.skip(32);
  const [quorum, total] = [s.loadUintBig(64), s.loadUintBig(64)];
  const parties = s.loadRef().beginParse();
  parties.loadAddress();
  const [proposer, bond] = [parties.loadAddress(), parties.loadCoins()];
  const actions = s.loadRef().refs[2] ?? null;
  return {
    status,
    endAt,
    voters,
    eta,
    expires,
    yes,
    no,
    abstain,
    epoch,
    startAt,
    hardEnd,
    quorum,
    total,
    proposer,
    bond,
    actions,
    terms,
  };
});

export const readVault = once((data: Cell): VaultData => parseVaultData(data));

function restOf(slice: Slice): Cell {
  return beginCell().storeSlice(slice.clone()).endCell();
}

/** Cells never change, so each is parsed once. */
function once<T>(parse: (data: Cell) => T): (data: Cell) => T {
  const known = new WeakMap<Cell, { value: T }>();
  return (data) => {
    const found = known.get(data) ?? { value: parse(data) };
    known.set(data, found);
    return found.value;
  };
}

export function sumOf(amounts: Iterable<bigint>): bigint {
  let sum = 0n;
  for (const amount of amounts) sum += amount;
  return sum;
}

export const votesIn = ({ yes, no, abstain }: VoteSplit): bigint => yes + no + abstain;

/** Coins of the member. */
export const owedTo = (books: StakeBooks): bigint =>
  books.own + books.out + books.pend + books.refundable + sumOf(books.releases.values());

/** What the books say that their member may vote with in the snapshot of `epoch`. */
export function weightIn({ own, inn, labels }: StakeBooks, epoch: number): bigint {
  let weight = own + inn;
  for (const [label, amount] of labels) if (label > epoch) weight -= amount;
  return weight;
}
