import {
  daoBodies,
  OperationState,
  packMeta,
  packTitle,
  reasonCell,
  type VoteSplit,
  vaultBodies,
} from '../../../wrappers';
import { type StakeBooks, votesIn, weightIn } from './books';
import { type Contract, DAY, daoParams, epochOf, guardian, HOUR, MEMBERS, members, stranger, TON } from './cast';
import { draftsFor } from './drafts';
import { forge } from './forgeries';
import type { Operation, Split } from './operations';
import { FAIR, type Scene } from './scene';

/** Carries out one operation: puts a message into the pool, or lets time pass. */

/** The member of the union that carries out `D`. */
type Of<D extends Operation['do'], O = Operation> = O extends { do: infer K } ? (D extends K ? O : never) : never;

const deeds: { [D in Operation['do']]: (scene: Scene, operation: Of<D>) => void } = {
  deposit(scene, { member, tons, pay }) {
    const amount = BigInt(tons) * TON + BigInt(tons);
    const body = daoBodies.stakeDeposit({ queryId: 0n, amount });
    // A Stake's first message brings its code, and the reserve.
    const deploys = scene.stake(member) === undefined;
    const opts = { value: amount + pay + (deploys ? TON / 10n : 0n), says: `stakes ${amount} nanoTON`, deploys };
    scene.post(members[member]!, scene.cast.stakes[member]!, body, opts);
  },
  unstake(scene, { member: first, what, quarters, pay }) {
    const member = likely(scene, first, ({ own, out }) => own + out > 0n);
    const { own = 0n, out = 0n } = scene.stake(member) ?? {};
    const part = (coins: bigint) => (coins * BigInt(quarters)) / 4n;
    const amount = what === 'own' ? part(own) : what === 'beyond' ? own + part(out) : own + out + 1n;
    say(scene, member, daoBodies.stakeUnstake({ queryId: 0n, amount }), pay, `unstakes ${amount} nanoTON`);
  },
  delegate(scene, { member: first, to, pay }) {
    const member = likely(scene, first, ({ own }) => own > 0n);
    const { delegate, out = 0n } = scene.stake(member) ?? {};
    // Mostly what can go well: to the same delegate as before.
    const target = out > 0n && delegate && to % 2 === 0 ? delegate : members[to]!;
    const says = `delegates to ${scene.cast.nameOf(target)}`;
    say(scene, member, daoBodies.stakeDelegate({ queryId: 0n, delegate: target }), pay, says);
  },
  undelegate(scene, { member: first, pay }) {
    const member = likely(scene, first, ({ out }) => out > 0n);
    say(scene, member, daoBodies.stakeUndelegate({ queryId: 0n }), pay, 'undelegates');
  },
  sync(scene, { member: first, pay }) {
    const member = likely(scene, first, ({ exit, unsynced, refundable }) => exit + unsynced + refundable > 0n);
    say(scene, member, daoBodies.stakeSync({ queryId: 0n }), pay, 'syncs');
  },
  withdraw(scene, { member: first, pay }) {
    const member = likely(scene, first, ({ refundable, releases }) => refundable > 0n || releases.size > 0);
    say(scene, member, daoBodies.stakeWithdraw({ queryId: 0n }), pay, 'withdraws');
  },
  vote(scene, { member: first, which, quarters, split, over, shift, pay }) {
    const member = likely(scene, first, ({ own, inn }) => own + inn > 0n);
    const to = proposalAt(scene, which);
    const epoch = (scene.proposal(to.number)?.epoch ?? epochOf(scene.pool.now)) + shift;
    const books = scene.stake(member);
    const weight = ((books ? weightIn(books, epoch) : 0n) * BigInt(quarters)) / 4n + (over ? 1n : 0n);
    const parts = divide(weight, split);
    const body = daoBodies.stakeVote({ queryId: 0n, proposal: to.address, epoch, ...parts });
    const says = `votes ${parts.yes}/${parts.no}/${parts.abstain} on ${to.name} (epoch ${epoch})`;
    say(scene, member, body, pay, says);
  },
  voteAstray(scene, { member }) {
    const epoch = epochOf(scene.pool.now) - 1;
    const books = scene.stake(member);
    const yes = books ? weightIn(books, epoch) : 0n;
    const body = daoBodies.stakeVote({ queryId: 0n, proposal: stranger, epoch, yes, no: 0n, abstain: 0n });
    say(scene, member, body, FAIR, 'votes on the stranger');
  },
  answerAstray(scene, { which, nonceOff, code }) {
    const votes = scene.strangersVotes;
    const vote = votes[which % Math.max(1, votes.length)];
    if (vote === undefined) return;
    const nonce = vote.nonce + nonceOff;
    const body = daoBodies.voteAck({ queryId: 0n, nonce, code, endsBy: 0xffffffff });
    scene.post(stranger, scene.cast.stakes[vote.member]!, body, { says: `answers vote ${nonce} with ${code}` });
  },
  propose(scene, { member, actions, pay }) {
    const draft = {
      title: packTitle('T'),
      meta: packMeta({ uri: 'u', sha256: Buffer.alloc(32, 1) }),
      actions: actions === 'none' ? null : draftsFor(scene.cast)[actions].actions,
    };
    const body = daoBodies.stakePropose({ queryId: 0n, ...draft });
    say(scene, member, body, daoParams.bond + pay, `proposes (${actions})`);
  },
  finalize(scene, { which, pay }) {
    const body = daoBodies.proposalFinalize({ queryId: 0n });
    scene.post(stranger, proposalAt(scene, which), body, { value: pay, says: 'finalizes' });
  },
  cancel(scene, { which, member }) {
    const body = daoBodies.proposalCancel({ queryId: 0n });
    scene.post(members[member]!, proposalAt(scene, which), body, { says: 'cancels' });
  },
  execute(scene, { which, right, pay }) {
    const { number: id, name } = likelyOperation(scene, which);
    const drafts = draftsFor(scene.cast);
    const voted = scene.proposal(id)?.actions ?? drafts.payment.actions;
    const actions = right ? voted : drafts[voted.equals(drafts.rules.actions) ? 'payment' : 'rules'].actions;
    const body = vaultBodies.vaultExecute({ queryId: 0n, id, actions });
    const says = `executes ${right ? '' : 'something else than '}${name}`;
    scene.post(stranger, scene.cast.vault, body, { value: pay, says });
  },
  veto(scene, { which, byGuardian }) {
    const { number: id, name } = likelyOperation(scene, which);
    const body = vaultBodies.vaultVeto({ queryId: 0n, id, reason: reasonCell('no') });
    scene.post(byGuardian ? guardian : stranger, scene.cast.vault, body, { says: `vetoes ${name}` });
  },
  pause(scene, { days }) {
    const body = vaultBodies.vaultPause({ queryId: 0n, seconds: days * DAY });
    scene.post(guardian, scene.cast.vault, body, { says: `stops it for ${days} days` });
  },
  forge,
  wait(scene, { until, by }) {
    const { pool } = scene;
    const newest = scene.proposal(Math.max(1, scene.dao().nextId - 1));
    const waiting = [...scene.vault().operations.values()].findLast(({ state }) => state === OperationState.waiting);
    const times: Record<typeof until, number> = {
      seconds: pool.now + 1 + by,
      hours: pool.now + HOUR * (3 + by),
      midnight: (epochOf(pool.now) + 1) * DAY + by,
      start: (newest?.startAt ?? 0) + by,
      end: (newest?.endAt ?? 0) + by,
      eta: (waiting?.eta ?? 0) + by,
      expiry: (waiting?.expires ?? 0) + by,
      release: pool.now + 21 * DAY,
    };
    pool.now = Math.max(pool.now, times[until]);
    scene.story.act(`it is ${new Date(pool.now * 1_000).toISOString().slice(0, 19)}`);
  },
};

export function perform(scene: Scene, operation: Operation): void {
  const deed = deeds[operation.do] as (scene: Scene, operation: Operation) => void;
  deed(scene, operation);
}

function say(scene: Scene, member: number, body: Parameters<Scene['post']>[2], value: bigint, says: string): void {
  scene.post(members[member]!, scene.cast.stakes[member]!, body, { value, says });
}

/** The next member of whose Stake this is true; the last member, once it has one, does whatever comes to its mind. */
function likely(scene: Scene, first: number, test: (books: StakeBooks) => boolean): number {
  if (first === MEMBERS - 1 && scene.stake(first) !== undefined) return first;
  for (let i = 0; i < MEMBERS; i += 1) {
    const member = (first + i) % MEMBERS;
    const books = scene.stake(member);
    if (books !== undefined && test(books)) return member;
  }
  return first;
}

/** One of the proposals made so far, or the next, which does not exist. */
function proposalAt(scene: Scene, which: number): Contract {
  const made = scene.dao().nextId - 1;
  return scene.cast.proposal(which === 6 || made === 0 ? made + 1 : made - (which % made));
}

/** One that waits in the Vault, or any proposal. */
function likelyOperation(scene: Scene, which: number): Contract {
  const waiting = [...scene.vault().operations].filter(([, { state }]) => state === OperationState.waiting);
  const found = waiting[which % Math.max(1, waiting.length)];
  return which === 6 || found === undefined ? proposalAt(scene, which) : scene.cast.proposal(found[0]);
}

function divide(weight: bigint, split: Split): VoteSplit {
  const parts = { yes: 0n, no: 0n, abstain: 0n };
  if (split !== 'mixed') return { ...parts, [split]: weight };
  const [yes, no] = [weight / 2n, weight / 3n];
  return { yes, no, abstain: weight - votesIn({ yes, no, abstain: 0n }) };
}
