import type { Delivery, InFlight } from '../../support/message-pool';
import { owedTo, readStake, type StakeBooks, sumOf, votesIn, weightIn } from './books';
import { type Contract, epochOf, members, TON } from './cast';
import { NO_VOTES, same } from './oracle';
import { said } from './said';
import type { Scene } from './scene';

/** What must be true of a Stake after each message to it. */

/** Kept for rent besides the member's coins, and once all of them have been withdrawn. */
const RESERVE = TON / 10n;
const EMPTY_RESERVE = TON / 50n;
/** The horizon and the longest warm-up. */
const MOST_LABELS = 46;
const MOST_RECEIPTS = 24;
const MOST_RELEASES = 8;

export function atStake(scene: Scene, last: Delivery, contract: Contract): string | undefined {
  const books = scene.stake(contract.number);
  if (books === undefined) return undefined;
  return (
    coinsLeave(last, contract) ??
    covered(scene, books, contract) ??
    conserved(scene, books, contract) ??
    labelled(scene, books, contract, last.now) ??
    receipts(scene, books, contract) ??
    bounded(books, contract)
  );
}

const coinsOf = ({ message }: InFlight): bigint => message.info.value.coins;

/** I5: only a withdrawal takes coins out, and to nobody but the member; all else passes on what the message brought. */
function coinsLeave(last: Delivery, { number, name }: Contract): string | undefined {
  const { message, ok, gain, rent, sent, fees, dataBefore, dataAfter } = last;
  const owner = members[number]!;
  const away = sent.filter((item) => !item.message.info.dest.equals(owner));
  const brought = message.info.value.coins;
  if (sumOf(away.map(coinsOf)) > brought) return `I5 ${name} sends more than the message brought`;
  const { op } = said(message);
  const withdraws = ok && op === 'stakeWithdraw' && !message.info.bounced;
  if (!withdraws) return gain + rent < 0n ? `I5 ${name} loses ${-gain - rent} nanoTON with ${op}` : undefined;
  const due = owedTo(readStake(dataBefore!)!) - owedTo(readStake(dataAfter!)!);
  const paid = sumOf(sent.map(coinsOf));
  if (away.length > 0 || paid < due + brought - fees) return `I5 ${paid} nanoTON are paid, ${due} were due`;
  return undefined;
}

function covered(scene: Scene, books: StakeBooks, contract: Contract): string | undefined {
  const owed = owedTo(books);
  const born = scene.oracle.accounts[contract.number]!.deposited > 0n;
  const reserve = born && owed > 0n ? RESERVE : EMPTY_RESERVE;
  const coins = scene.pool.balanceOf(contract.address) + scene.rentOf(contract);
  return coins < owed + reserve ? `I3 ${contract.name} holds ${coins}, owes ${owed} and a reserve` : undefined;
}

function conserved(scene: Scene, books: StakeBooks, contract: Contract): string | undefined {
  const { deposited, paid } = scene.oracle.accounts[contract.number]!;
  const owed = owedTo(books);
  return deposited === owed + paid ? undefined : `C1 ${contract.name} took ${deposited}, paid ${paid} and has ${owed}`;
}

/** V5: what may vote is what the rules say, in the snapshots of these days. */
function labelled(scene: Scene, books: StakeBooks, { number, name }: Contract, now: number): string | undefined {
  const { lots } = scene.oracle.accounts[number]!;
  const held = books.own + books.inn;
  if (sumOf(books.labels.values()) > held) return `I3 more is labelled at ${name} than it has`;
  if (lots.sum() !== held) return `V5 ${name} votes with ${held}, it was given ${lots.sum()}`;
  const today = epochOf(now);
  for (let epoch = today - 2; epoch <= today + 6; epoch += 1) {
    const [weight, right] = [weightIn(books, epoch), lots.weightAt(epoch)];
    if (weight !== right) return `V5 ${name} has ${weight} votes in epoch ${epoch} (today ${today}), not ${right}`;
  }
  return undefined;
}

function receipts(scene: Scene, books: StakeBooks, { number, name }: Contract): string | undefined {
  const known = scene.oracle.accounts[number]!.receipts;
  if (books.votes.size !== known.size) return `V8 ${name} has ${books.votes.size} receipts, not ${known.size}`;
  for (const [proposal, { acked, pending, nonce }] of known) {
    const receipt = books.votes.get(proposal);
    if (receipt === undefined) return `V8 ${name} has no receipt of its vote`;
    const samePending = same(receipt.pending ?? NO_VOTES, pending ?? NO_VOTES);
    const right = same(receipt, acked) && samePending && receipt.nonce === nonce;
    if (!right || (pending === null) !== (receipt.pending === null)) {
      return `V8 ${name} has a receipt of ${votesIn(receipt)} votes, not of ${votesIn(acked)}`;
    }
  }
  return undefined;
}

function bounded(books: StakeBooks, { name }: Contract): string | undefined {
  const { labels, votes, releases, receipts } = books;
  if (votes.size !== receipts) return `I10 ${name} counts ${receipts} receipts and has ${votes.size}`;
  const full = labels.size > MOST_LABELS || votes.size > MOST_RECEIPTS || releases.size > MOST_RELEASES;
  return full
    ? `I10 ${name} keeps ${labels.size} labels, ${votes.size} receipts, ${releases.size} releases`
    : undefined;
}
