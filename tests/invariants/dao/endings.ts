import { daoBodies, ProposalStatus } from '../../../wrappers';
import type { Delivery } from '../../support/message-pool';
import { owedTo, sumOf, votesIn } from './books';
import { DAY, members, stranger } from './cast';
import { InvariantBroken } from './invariants';
import { NO_VOTES, same } from './oracle';
import { drain, type Scene } from './scene';

/** How histories must be able to end, whatever happened before, by the doing of honest members alone. */

type Each = (delivery: Delivery) => void;

/** A member may have to say it once for stake that left the delegate, for the Dao, and for a deposit, and again after each. */
const ROUNDS = 6;

/** R6: everybody syncs until there is nothing to sync; then all books agree. */
export async function comeToRest(scene: Scene, each: Each): Promise<void> {
  await drain(scene, each);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { number } of scene.cast.stakes) {
      const { exit = 0n, unsynced = 0n, refundable = 0n } = scene.stake(number) ?? {};
      if (exit + unsynced + refundable === 0n) continue;
      scene.post(members[number]!, scene.cast.stakes[number]!, daoBodies.stakeSync({ queryId: 0n }), { says: 'syncs' });
    }
    if (scene.pool.size === 0) break;
    await drain(scene, each);
  }
  const wrong = atRest(scene);
  if (wrong !== undefined) throw new InvariantBroken(wrong, scene);
}

function atRest(scene: Scene): string | undefined {
  const { cast, oracle } = scene;
  const known = cast.stakes.map(({ number }) => scene.stake(number));
  const lent = new Map<string, bigint>();
  for (const [i, books] of known.entries()) {
    if (books === undefined) continue;
    const { name } = cast.stakes[i]!;
    const { pend, exit, unsynced, refundable, busy, out, delegate } = books;
    if (busy !== 0) return `D3 ${name} waits for its delegate for ever`;
    if (pend + exit + unsynced + refundable > 0n) {
      return `R6 ${name} does not come to rest: ${pend} pending, ${exit} leaving, ${unsynced} unsynced, ${refundable} refundable`;
    }
    const to = delegate?.toRawString() ?? '';
    lent.set(to, (lent.get(to) ?? 0n) + out);
    for (const [proposal, { pending }] of books.votes) {
      const astray = proposal === stranger.hash.toString('hex');
      if (pending !== null && !astray) return `L4 a vote of ${name} waits for its answer for ever`;
    }
  }
  for (const [i, books] of known.entries()) {
    const owed = lent.get(members[i]!.toRawString()) ?? 0n;
    if ((books?.inn ?? 0n) !== owed) return `I4 ${cast.stakes[i]!.name} votes with ${books?.inn}, it was lent ${owed}`;
  }
  const active = sumOf(known.map((books) => (books ? books.own + books.out : 0n)));
  if (scene.dao().total !== active) return `I2 at rest the Dao counts ${scene.dao().total} of ${active}`;
  for (const [id, { counted }] of oracle.polls) {
    if (scene.proposal(id)?.status === ProposalStatus.scheduling)
      return `L3 Proposal ${id} waits for the Vault for ever`;
    const account = cast.proposal(id).address.hash.toString('hex');
    for (const [voter, split] of counted) {
      const receipt = known[voter]?.votes.get(account);
      if (!same(receipt ?? NO_VOTES, split)) {
        return `I4 Proposal ${id} counts ${votesIn(split)} votes that ${cast.stakes[voter]!.name} does not know of`;
      }
    }
  }
  return undefined;
}

/** R6: proposals end, everybody unstakes, waits and withdraws, and has every coin back. */
export async function everybodyLeaves(scene: Scene, each: Each): Promise<void> {
  for (const { number, address } of scene.cast.stakes) {
    const { own = 0n, out = 0n } = scene.stake(number) ?? {};
    if (own + out === 0n) continue;
    const body = daoBodies.stakeUnstake({ queryId: 0n, amount: own + out });
    scene.post(members[number]!, { ...scene.cast.stakes[number]!, address }, body, { says: 'unstakes all' });
  }
  await comeToRest(scene, each);
  scene.pool.now += 22 * DAY;
  for (const id of scene.oracle.polls.keys()) {
    const status = scene.proposal(id)?.status;
    if (status !== ProposalStatus.live) continue;
    scene.post(stranger, scene.cast.proposal(id), daoBodies.proposalFinalize({ queryId: 0n }), { says: 'finalizes' });
  }
  for (const { number } of scene.cast.stakes) {
    const books = scene.stake(number);
    if (books === undefined || owedTo(books) === 0n) continue;
    scene.post(members[number]!, scene.cast.stakes[number]!, daoBodies.stakeWithdraw({ queryId: 0n }), {
      says: 'withdraws',
    });
  }
  await drain(scene, each);
  const wrong = allGone(scene);
  if (wrong !== undefined) throw new InvariantBroken(wrong, scene);
}

function allGone(scene: Scene): string | undefined {
  for (const { number, name } of scene.cast.stakes) {
    const books = scene.stake(number);
    const { deposited, paid } = scene.oracle.accounts[number]!;
    if (deposited !== paid) return `R6 ${name} paid ${paid} of ${deposited}`;
    if (books !== undefined && books.own + books.inn + books.out > 0n) return `R6 ${name} is not empty`;
  }
  if (scene.dao().total !== 0n) return `R6 the Dao counts ${scene.dao().total} when all have left`;
  for (const id of scene.oracle.polls.keys()) {
    if (scene.proposal(id)?.status === ProposalStatus.live) return `R6 Proposal ${id} does not end`;
  }
  return undefined;
}
