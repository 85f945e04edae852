import { Address, beginCell, type Cell } from '@ton/core';
import { internal } from '@ton/sandbox';
import { daoBodies, ExitCode, Op, ProposalStatus, VoteCode } from '../../wrappers';
import { createProposal, expectBounce, givenDao, goTo, MEMBER_STAKE, stateHash } from '../support/dao-acts';
import { TON } from '../support/dao-world';
import {
  asWorld,
  delegate,
  epochOf,
  expectRefused,
  SILENT,
  speak,
  undelegate,
  vote,
  whileReplaced,
} from '../support/stake-acts';
import { exitCodeOf, isBounce, sentBy, txsOf } from '../support/trace';
import { startEachTestFrom } from '../support/world';

/** V8: an answer counts only from the account that was asked, in the basechain; what comes back is believed as far as it goes. */

let it_: Awaited<ReturnType<typeof createProposal>>;
startEachTestFrom(async () => {
  it_ = await createProposal();
  goTo(it_, (await it_.proposal.getData()).startAt);
  return asWorld(it_);
});
const queryId = 1n;
const stake = () => it_.stakes[1]!;
/** The chain has no third workchain that a message could come from. */
const inMasterchain = (address: Address) => new Address(-1, address.hash);

describe('an account of the masterchain with the number of the true one', () => {
  it('acknowledges no vote', async () => {
    const { proposal } = it_;
    const epoch = epochOf(it_.now()) - 1;
    await whileReplaced(it_, proposal.address, SILENT, () => vote(it_, 1, proposal.address, epoch, { yes: TON }));
    const key = proposal.address.hash.toString('hex');
    const { nonce, pending } = (await stake().getData()).votes.get(key)!;
    expect(pending).not.toBeNull();
    const body = daoBodies.voteAck({ queryId, nonce, code: VoteCode.counted, endsBy: it_.now() + 9 });
    const from = inMasterchain(proposal.address);
    await expectRefused(it_, { from, to: stake().address, body }, ExitCode.daoBadSender);
    // The true one does.
    await speak(it_, proposal.address, stake().address, body);
    expect((await stake().getData()).votes.get(key)).toMatchObject({ yes: TON, pending: null });
  });

  it('confirms neither a delegation nor its end', async () => {
    const delegateStake = it_.stakes[2]!.address;
    const from = inMasterchain(delegateStake);
    await whileReplaced(it_, delegateStake, SILENT, () => delegate(it_, 1, 2));
    const ok = daoBodies.delegateOk({ queryId });
    await expectRefused(it_, { from, to: stake().address, body: ok }, ExitCode.daoBadSender);
    await speak(it_, delegateStake, stake().address, ok);
    await whileReplaced(it_, delegateStake, SILENT, () => undelegate(it_, 1));
    const end = daoBodies.undelegateOk({ queryId, amount: MEMBER_STAKE, top: 1 });
    await expectRefused(it_, { from, to: stake().address, body: end }, ExitCode.daoBadSender);
    expect(await stake().getData()).toMatchObject({ own: 0n, out: MEMBER_STAKE });
  });

  it('speaks neither as a Stake nor as an open proposal', async () => {
    const owner = it_.members[1]!.address;
    const add = daoBodies.daoStakeAdd({ queryId, amount: TON, joins: true, owner });
    const closed = daoBodies.proposalClosed({ queryId, id: 1, result: ProposalStatus.defeated });
    const passed = daoBodies.proposalPassed({ queryId, id: 1, klass: 0, actionsHash: Buffer.alloc(32) });
    const claims: [Address, Cell, number][] = [
      [stake().address, add, ExitCode.daoBadSender],
      [it_.proposal.address, closed, ExitCode.unknownProposal],
      [it_.proposal.address, passed, ExitCode.unknownProposal],
    ];
    for (const [account, body, code] of claims) {
      const from = inMasterchain(account);
      await expectBounce(it_, { from, to: it_.dao.address, value: TON, body }, code);
    }
  });
});

describe('a proposal that passed', () => {
  it('is handed on or comes back to itself, to the nanoTON: with too little for the way it never vanishes in the Dao', async () => {
    const start = it_.chain.snapshot();
    const body = daoBodies.proposalPassed({ queryId, id: 1, klass: 0, actionsHash: Buffer.alloc(32) });
    const told = async (value: bigint) => {
      await it_.chain.loadFrom(start);
      return speak(it_, it_.proposal.address, it_.dao.address, body, value);
    };
    const isHandedOn = async (value: bigint) => txsOf(await told(value), it_.vault.address).length > 0;
    let [low, high] = [0n, TON];
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if (await isHandedOn(middle)) high = middle;
      else low = middle;
    }
    const result = await told(low);
    expect(exitCodeOf(txsOf(result, it_.dao.address)[0]!)).not.toBe(0);
    expect(txsOf(result, it_.proposal.address).map(({ inMessage }) => isBounce(inMessage!))).toEqual([true]);
  });
});

describe('what comes back to the Dao', () => {
  const bounced = (from: Address, op: number, tail: (b: ReturnType<typeof beginCell>) => unknown, value = TON) => {
    const body = beginCell().storeUint(0xffffffff, 32).storeUint(op, 32).storeUint(queryId, 64);
    tail(body);
    return it_.chain.sendMessage(
      internal({ from, to: it_.dao.address, value, body: body.endCell(), bounced: true, bounce: false }),
    );
  };

  it('of a schedule tells the proposal of that number, with the rest of the value, and changes nothing in the Dao', async () => {
    const before = await stateHash(it_, it_.dao.address);
    const result = await bounced(it_.vault.address, Op.vaultSchedule, (b) => b.storeUint(1, 32));
    const [sent, ...more] = sentBy(txsOf(result, it_.dao.address)[0]!);
    expect(more).toEqual([]);
    expect([sent!.op, sent!.to.equals(it_.proposal.address)]).toEqual(['scheduleFailed', true]);
    expect(TON - sent!.value).toBeLessThan(TON / 100n);
    expect(await stateHash(it_, it_.dao.address)).toBe(before);
  });

  it('of a schedule whose place is free by now reaches nobody', async () => {
    await givenDao(it_, { open: new Map() });
    const before = await stateHash(it_, it_.dao.address);
    const result = await bounced(it_.vault.address, Op.vaultSchedule, (b) => b.storeUint(1, 32));
    expect(exitCodeOf(txsOf(result, it_.dao.address)[0]!)).toBe(0);
    expect(sentBy(txsOf(result, it_.dao.address)[0]!)).toEqual([]);
    expect(await stateHash(it_, it_.dao.address)).toBe(before);
  });

  it('of a proposal that could not be made frees its place; of another account it frees none', async () => {
    const before = await stateHash(it_, it_.dao.address);
    await bounced(it_.stakes[0]!.address, Op.proposalInit, () => undefined);
    expect(await stateHash(it_, it_.dao.address)).toBe(before);
    const result = await bounced(it_.proposal.address, Op.proposalInit, () => undefined);
    expect((await it_.dao.getData()).open.size).toBe(0);
    const back = sentBy(txsOf(result, it_.dao.address)[0]!);
    expect(back.map(({ op, to }) => [op, to.equals(it_.members[0]!.address)])).toEqual([['stakeExcess', true]]);
  });

  it.each(['daoStakeAdd', 'proposalPassed', 'topUp'] as const)(
    'as %s, which it never sends, changes nothing',
    async (op) => {
      const before = await stateHash(it_, it_.dao.address);
      const result = await bounced(it_.vault.address, Op[op], (b) => b.storeUint(1, 32));
      expect(sentBy(txsOf(result, it_.dao.address)[0]!)).toEqual([]);
      expect(await stateHash(it_, it_.dao.address)).toBe(before);
    },
  );
});

describe('a vote that comes back', () => {
  it('with the nonce of an earlier one leaves the pending one', async () => {
    const { proposal } = it_;
    const epoch = epochOf(it_.now()) - 1;
    await whileReplaced(it_, proposal.address, SILENT, () => vote(it_, 1, proposal.address, epoch, { yes: TON }));
    const key = proposal.address.hash.toString('hex');
    const { nonce } = (await stake().getData()).votes.get(key)!;
    const returned = (number: number) => {
      const body = beginCell()
        .storeUint(0xffffffff, 32)
        .storeUint(Op.castVote, 32)
        .storeUint(queryId, 64)
        .storeUint(number, 32);
      const message = { from: proposal.address, to: stake().address, value: TON, body: body.endCell() };
      return it_.chain.sendMessage(internal({ ...message, bounced: true, bounce: false }));
    };
    await returned(nonce - 1);
    expect((await stake().getData()).votes.get(key)!.pending).not.toBeNull();
    await returned(nonce);
    expect((await stake().getData()).votes.get(key)).toBeUndefined();
  });
});
