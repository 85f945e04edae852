import { Address, beginCell, type Cell, storeStateInit } from '@ton/core';
import { ExitCode, ProposalStatus, packStakeData, stateInitAddress, VoteCode } from '../../wrappers';
import {
  asWorld,
  castBody,
  createProposal,
  ENOUGH,
  expectBounce,
  givenProposal,
  goTo,
  predeploy,
  split,
  vote,
} from '../support/dao-acts';
import { DAY, proposalOf, stakeOf, TON } from '../support/dao-world';
import { deliver } from '../support/rejection';
import { exitCodeOf, txsOf } from '../support/trace';
import { codeOf, startEachTestFrom } from '../support/world';

type Scene = Awaited<ReturnType<typeof createProposal>>;

describe('a vote at a proposal', () => {
  let it_: Scene;
  startEachTestFrom(async () => {
    it_ = await createProposal();
    return asWorld(it_);
  });
  const terms = () => it_.proposal.getData();
  const yes = (amount = 1_000n * TON) => ({ yes: amount });

  describe('window', () => {
    it.each([
      ['a second before the start is not counted', 'startAt', -1, VoteCode.notStarted],
      ['at the start is counted', 'startAt', 0, VoteCode.counted],
      ['a second after the start is counted', 'startAt', 1, VoteCode.counted],
      ['a second before the end is counted', 'endAt', -1, VoteCode.counted],
      ['at the end is not counted', 'endAt', 0, VoteCode.ended],
      ['a second after the end is not counted', 'endAt', 1, VoteCode.ended],
    ] as const)('%s', async (_, edge, shift, code) => {
      const before = await terms();
      // No extension: the end is what it was.
      await givenProposal(it_, { extension: 0 });
      goTo(it_, before[edge] + shift);
      expect(await vote(it_, 1, yes())).toBe(code);
      const { yes: counted, voters } = await terms();
      expect([counted, voters]).toEqual(code === VoteCode.counted ? [1_000n * TON, 1] : [0n, 0]);
      expect((await it_.stakes[1]!.getData()).votes.size).toBe(code === VoteCode.counted ? 1 : 0);
    });

    it('is closed for a cancelled proposal, whatever the time', async () => {
      await it_.proposal.sendCancel(it_.members[0]!.getSender());
      for (const time of [(await terms()).startAt - 1, (await terms()).startAt, (await terms()).endAt]) {
        goTo(it_, time);
        expect(await vote(it_, 1, yes())).toBe(VoteCode.cancelled);
      }
    });

    it.each([
      ['defeated', ProposalStatus.defeated],
      ['scheduling', ProposalStatus.scheduling],
      ['passed', ProposalStatus.passed],
      ['queued', ProposalStatus.queued],
      ['executed', ProposalStatus.executed],
      ['vetoed', ProposalStatus.vetoed],
    ])('is closed for a proposal that is %s, even within its time', async (_, status) => {
      goTo(it_, (await terms()).startAt);
      await givenProposal(it_, { status });
      expect(await vote(it_, 1, yes())).toBe(VoteCode.ended);
      expect((await terms()).yes).toBe(0n);
    });

    it('is closed before the Dao has made the proposal: the answer says so', async () => {
      const { epoch } = await terms();
      const unmade = proposalOf(it_, 9);
      await predeploy(it_, unmade);
      const body = castBody(it_.members[1]!.address, split(1n), { epoch });
      const sent = await deliver(asWorld(it_), { from: it_.stakes[1]!.address, to: unmade.address, value: TON, body });
      expect(exitCodeOf(txsOf(sent, unmade.address)[0]!)).toBe(0);
      expect((await unmade.getData()).status).toBe(ProposalStatus.none);
      expect(await unmade.getPassing()).toBe(false);
    });

    it('refuses a vote for another epoch than the snapshot', async () => {
      const { startAt, epoch } = await terms();
      goTo(it_, startAt);
      for (const wrong of [epoch - 1, epoch + 1]) {
        const sent = await it_.stakes[1]!.sendVote(it_.members[1]!.getSender(), {
          proposal: it_.proposal.address,
          epoch: wrong,
          ...split(TON),
        });
        expect(sent.transactions.length).toBeGreaterThan(2);
      }
      expect((await terms()).yes).toBe(0n);
      expect(await vote(it_, 1, yes())).toBe(VoteCode.counted);
    });
  });

  describe('tally', () => {
    beforeEach(async () => goTo(it_, (await terms()).startAt));

    it('is replaced, not added to, by a second vote of a member', async () => {
      await vote(it_, 1, { yes: 700n * TON, no: 200n * TON, abstain: 100n * TON });
      expect(await terms()).toMatchObject({ yes: 700n * TON, no: 200n * TON, abstain: 100n * TON, voters: 1 });
      await vote(it_, 1, { no: 1n });
      expect(await terms()).toMatchObject({ yes: 0n, no: 1n, abstain: 0n, voters: 1 });
    });

    it('counts voters who vote for nothing no more', async () => {
      await vote(it_, 1, yes());
      await vote(it_, 2, yes());
      await vote(it_, 1, {});
      expect(await terms()).toMatchObject({ yes: 1_000n * TON, voters: 1 });
    });

    it('never exceeds the snapshot: the vote that would do it comes back', async () => {
      await givenProposal(it_, { total: 1_000n * TON });
      expect(await vote(it_, 1, yes())).toBe(VoteCode.counted);
      expect(await vote(it_, 2, { abstain: 1n })).toBeNull();
      expect(await terms()).toMatchObject({ yes: 1_000n * TON, abstain: 0n, voters: 1 });
      const { epoch } = await terms();
      const body = castBody(it_.members[2]!.address, split(0n, 1n), { epoch });
      const attempt = { from: it_.stakes[2]!.address, to: it_.proposal.address, value: ENOUGH, body };
      await expectBounce(it_, attempt, ExitCode.overVote);
      // What the member voted before, nothing, still counts; and it may vote again.
      expect((await it_.stakes[2]!.getData()).votes.size).toBe(0);
    });

    it.each([
      ['more than 64 bits', 1n << 64n],
      ['all that coins can hold', (1n << 120n) - 1n],
    ])('does not overflow by %s', async (_, amount) => {
      const { epoch } = await terms();
      const body = castBody(it_.members[2]!.address, split(amount), { epoch });
      const attempt = { from: it_.stakes[2]!.address, to: it_.proposal.address, value: ENOUGH, body };
      await expectBounce(it_, attempt, ExitCode.overVote);
    });
  });

  describe('sender', () => {
    const attemptBy = async (owner: Scene['members'][number]['address'], from = owner) => {
      const { epoch, startAt } = await terms();
      goTo(it_, startAt);
      return { from, to: it_.proposal.address, value: ENOUGH, body: castBody(owner, split(TON), { epoch }) };
    };
    const refused = async (owner: Scene['vault']['address'], from: Scene['vault']['address']) =>
      expectBounce(it_, await attemptBy(owner, from), ExitCode.daoBadSender);

    it('may not be the member itself', () => refused(it_.members[1]!.address, it_.members[1]!.address));
    it('may not be the Stake of another member', () => refused(it_.members[1]!.address, it_.stakes[2]!.address));
    it('may not be the Dao or the Vault', async () => {
      await refused(it_.members[1]!.address, it_.dao.address);
      await refused(it_.members[1]!.address, it_.vault.address);
    });

    it('may not be the Stake of the same member in another DAO', async () => {
      const owner = it_.members[1]!.address;
      await refused(owner, stakeOf(it_.chain, it_.root.address, owner).address);
    });

    it('may not run other code on the data of a Stake', async () => {
      const owner = it_.members[1]!.address;
      const data = packStakeData({ dao: it_.dao.address, owner });
      await refused(owner, stateInitAddress({ code: codeOf('proposal'), data }));
    });

    it('may not be the Stake in another workchain', async () => {
      const owner = it_.members[1]!.address;
      await refused(owner, new Address(-1, it_.stakes[1]!.address.hash));
    });

    it('may not be an account whose address shares all but its prefix with the Stake: fixed_prefix_length is told apart', async () => {
      const owner = it_.members[1]!.address;
      const { hash } = it_.stakes[1]!.address;
      // The same state init deployed under another prefix: an address that ends as the Stake's does.
      const prefixed = Buffer.from(hash);
      prefixed[0] = prefixed[0]! ^ 0x80;
      await refused(owner, new Address(0, prefixed));
      // And a state init that says so hashes to an address of its own.
      const init: Cell = beginCell()
        .storeBit(true)
        .storeUint(8, 5)
        .storeSlice(
          beginCell()
            .store(storeStateInit({ code: codeOf('stake'), data: packStakeData({ dao: it_.dao.address, owner }) }))
            .asSlice()
            .skip(1),
        )
        .endCell();
      await refused(owner, new Address(0, init.hash()));
    });
  });
});

describe('a vote that turns the result near the end', () => {
  let it_: Scene;
  startEachTestFrom(async () => {
    it_ = await createProposal();
    return asWorld(it_);
  });
  const terms = () => it_.proposal.getData();
  const lastSecond = async () => goTo(it_, (await terms()).endAt - 1);
  const moved = async (before: number) => (await terms()).endAt - before;

  it('moves the end to a full extension after it', async () => {
    const { endAt } = await terms();
    await lastSecond();
    expect(await vote(it_, 1, { yes: 1_000n * TON })).toBe(VoteCode.counted);
    expect(await it_.proposal.getPassing()).toBe(true);
    expect(await moved(endAt)).toBe(DAY - 1);
  });

  it('moves it also when the result turns to no', async () => {
    await givenProposal(it_, { yes: 1_000n * TON });
    const { endAt } = await terms();
    await lastSecond();
    await vote(it_, 1, { no: 1_000n * TON });
    expect(await it_.proposal.getPassing()).toBe(false);
    expect(await moved(endAt)).toBe(DAY - 1);
  });

  it.each([
    [0, 0],
    [1, 1],
  ])('a vote %d s inside the last extension moves the end by as much', async (inside, shift) => {
    const { endAt } = await terms();
    goTo(it_, endAt - DAY + inside);
    await vote(it_, 1, { yes: 1_000n * TON });
    expect(await moved(endAt)).toBe(shift);
  });

  it('never shortens: a turn long before the end leaves it', async () => {
    const { endAt, startAt } = await terms();
    goTo(it_, startAt);
    await vote(it_, 1, { yes: 1_000n * TON });
    expect(await moved(endAt)).toBe(0);
  });

  it('does not move the end when the result stays', async () => {
    await givenProposal(it_, { yes: 1_000n * TON });
    const { endAt } = await terms();
    await lastSecond();
    await vote(it_, 1, { yes: 500n * TON, no: 500n * TON });
    await vote(it_, 2, { abstain: 1_000n * TON });
    expect(await moved(endAt)).toBe(0);
  });

  it('counts an abstention that reaches the quorum as a turn', async () => {
    const { quorum } = await terms();
    await givenProposal(it_, { yes: quorum - 1n });
    const { endAt } = await terms();
    await lastSecond();
    await vote(it_, 1, { abstain: 1n });
    expect(await it_.proposal.getPassing()).toBe(true);
    expect(await moved(endAt)).toBe(DAY - 1);
  });

  it('does not count a no that reaches no quorum as a turn: opponents bring none', async () => {
    const { quorum } = await terms();
    await givenProposal(it_, { yes: quorum - 1n });
    const { endAt } = await terms();
    await lastSecond();
    await vote(it_, 1, { no: 1n });
    expect(await it_.proposal.getPassing()).toBe(false);
    expect(await moved(endAt)).toBe(0);
  });

  it('never moves the end beyond the hard end, however often the result turns', async () => {
    const { hardEnd } = await terms();
    for (let turn = 0; turn < 5; turn += 1) {
      await lastSecond();
      expect(await vote(it_, 1, turn % 2 === 0 ? { yes: 1_000n * TON } : { no: 1_000n * TON })).toBe(VoteCode.counted);
      expect((await terms()).endAt).toBeLessThanOrEqual(hardEnd);
    }
    expect((await terms()).endAt).toBe(hardEnd);
    goTo(it_, hardEnd);
    expect(await vote(it_, 1, { yes: 1_000n * TON })).toBe(VoteCode.ended);
  });
});
