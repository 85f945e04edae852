import { toNano } from '@ton/core';
import { daoBodies, ProposalStatus, ProposeCode } from '../../wrappers';
import {
  answerOf,
  asWorld,
  createActiveDao,
  givenDao,
  goTo,
  MEMBER_STAKE,
  PROPOSING,
  stateHash,
  vote,
} from '../support/dao-acts';
import { createDaoWorld, DAY, type DaoWorld, proposalOf, propose, TON } from '../support/dao-world';
import { deliver } from '../support/rejection';
import { feesOf } from '../support/trace';
import { balanceOf, dataOf, startEachTestFrom } from '../support/world';

describe('the stake that proposals are measured by', () => {
  let it_: DaoWorld;
  startEachTestFrom(async () => {
    it_ = await createActiveDao({ members: 4 });
    return asWorld(it_);
  });
  const deposit = (member: number, amount: bigint) =>
    it_.stakes[member]!.sendDeposit(it_.members[member]!.getSender(), { amount });
  const unstake = (member: number, amount: bigint) =>
    it_.stakes[member]!.sendUnstake(it_.members[member]!.getSender(), { amount });
  const made = async (member = 0) => {
    expect(answerOf(await propose(it_, member), it_.stakes[member]!.address)).toBe(ProposeCode.accepted);
    return proposalOf(it_, (await it_.dao.getData()).nextId - 1);
  };

  it('is that of the start of the day: a deposit of the day neither votes nor raises the quorum', async () => {
    await deposit(0, 100n * MEMBER_STAKE);
    const proposal = await made(1);
    const { total, quorum, startAt, epoch } = await proposal.getData();
    expect([total, quorum]).toEqual([4n * MEMBER_STAKE, 400n * TON]);
    expect((await it_.dao.getData()).total).toBe(104n * MEMBER_STAKE);
    expect(await it_.stakes[0]!.getWeightAt(epoch)).toBe(MEMBER_STAKE);
    goTo(it_, startAt);
    expect(await vote(it_, 0, { yes: MEMBER_STAKE + 1n })).toBeNull();
    expect(await vote(it_, 0, { yes: MEMBER_STAKE })).toBe(0);
  });

  it('still counts members who leave on the same day', async () => {
    await unstake(3, MEMBER_STAKE);
    const { total } = await (await made()).getData();
    expect(total).toBe(4n * MEMBER_STAKE);
    expect((await it_.dao.getData()).total).toBe(3n * MEMBER_STAKE);
  });

  it('is taken once a day, at the first message after midnight', async () => {
    // The clock stands at midnight.
    await deposit(0, TON);
    expect(await it_.dao.getData()).toMatchObject({ startTotal: 4n * MEMBER_STAKE, epoch: it_.now() / DAY });
    it_.advance(DAY - 1);
    await deposit(0, TON);
    expect((await it_.dao.getData()).startTotal).toBe(4n * MEMBER_STAKE);
    it_.advance(1);
    await deposit(0, TON);
    expect(await it_.dao.getData()).toMatchObject({
      startTotal: 4n * MEMBER_STAKE + 2n * TON,
      total: 4n * MEMBER_STAKE + 3n * TON,
      epoch: it_.now() / DAY,
    });
  });

  it('is right after days without any message', async () => {
    await deposit(0, TON);
    it_.advance(100 * DAY);
    await unstake(3, MEMBER_STAKE);
    expect(await it_.dao.getData()).toMatchObject({
      startTotal: 4n * MEMBER_STAKE + TON,
      total: 3n * MEMBER_STAKE + TON,
    });
  });

  it('never moves back by a clock that lags: the day of the Dao stands', async () => {
    const epoch = it_.now() / DAY + 1;
    await givenDao(it_, { epoch, startTotal: 7n });
    await deposit(0, TON);
    expect(await it_.dao.getData()).toMatchObject({ epoch, startTotal: 7n });
  });

  it('lies in a Dao that does not grow with its members', async () => {
    const sizeOf = async () => {
      const seen = new Set<string>();
      const walk = (cell: Awaited<ReturnType<typeof dataOf>>) => {
        seen.add(cell.hash().toString('hex'));
        for (const ref of cell.refs) walk(ref);
      };
      walk(await dataOf(asWorld(it_), it_.dao.address));
      return seen.size;
    };
    const before = await sizeOf();
    await givenDao(it_, { members: 1_000_000, total: 10_000_000n * TON });
    await deposit(0, TON);
    expect(await sizeOf()).toBe(before);
  });
});

describe('the coins of a whole life of a proposal', () => {
  it('are all accounted for: stakes, bond, rent and fees', async () => {
    const it_ = await createActiveDao();
    const proposal = proposalOf(it_, 1);
    const accounts = () =>
      [it_.dao, proposal, it_.vault, it_.root, ...it_.members, ...it_.stakes].map(({ address }) => address);
    const sum = async () => {
      let coins = 0n;
      for (const account of accounts()) coins += await balanceOf(asWorld(it_), account);
      return coins;
    };
    const conserved = async (act: () => Promise<{ transactions: Parameters<typeof feesOf>[0]['transactions'] }>) => {
      const before = await sum();
      const result = await act();
      expect(before - (await sum())).toBe(feesOf(result));
      return result;
    };
    const bondAt = async () => (await balanceOf(asWorld(it_), proposal.address)) >= it_.params.bond;
    await conserved(() => propose(it_, 0));
    expect(await bondAt()).toBe(true);
    const { startAt, endAt, epoch, finalizeBy } = await proposal.getData();
    goTo(it_, startAt);
    for (const member of [1, 2]) {
      await conserved(() =>
        it_.stakes[member]!.sendVote(it_.members[member]!.getSender(), {
          proposal: proposal.address,
          epoch,
          yes: MEMBER_STAKE,
          no: 0n,
          abstain: 0n,
        }),
      );
      expect(await bondAt()).toBe(true);
    }
    goTo(it_, endAt);
    await conserved(() => proposal.sendFinalize(it_.members[2]!.getSender()));
    expect(await bondAt()).toBe(false);
    expect((await proposal.getData()).status).toBe(ProposalStatus.executed);
    goTo(it_, finalizeBy + 180 * DAY);
    await conserved(() => proposal.sendCleanup(it_.members[2]!.getSender()));
    // Every member leaves with all it staked.
    for (const member of [0, 1, 2]) {
      await conserved(() =>
        it_.stakes[member]!.sendUnstake(it_.members[member]!.getSender(), { amount: MEMBER_STAKE }),
      );
    }
    it_.advance(30 * DAY);
    for (const member of [0, 1, 2]) {
      const before = await balanceOf(asWorld(it_), it_.members[member]!.address);
      await conserved(() => it_.stakes[member]!.sendWithdraw(it_.members[member]!.getSender()));
      const gained = (await balanceOf(asWorld(it_), it_.members[member]!.address)) - before;
      expect(MEMBER_STAKE - gained).toBeLessThan(TON / 10n);
    }
  });
});

describe.each(['current', 'tenfold'] as const)('whatever value an operation comes with, at %s prices', (prices) => {
  let it_: DaoWorld;
  let value: bigint;
  startEachTestFrom(async () => {
    it_ = await createDaoWorld({ prices });
    for (const stake of it_.stakes) {
      const index = it_.stakes.indexOf(stake);
      const [amount, attached] = [MEMBER_STAKE, MEMBER_STAKE + 10n * TON];
      await stake.sendDeposit(it_.members[index]!.getSender(), { amount, value: attached });
    }
    it_.advance(7 * DAY);
    await it_.dao.sendTopUp(it_.vault.getSender(), { value: 20n * TON });
    return asWorld(it_);
  });
  const ready = async () => {
    await it_.dao.sendActivate(it_.members[0]!.getSender(), { value: 10n * TON });
    await it_.stakes[0]!.sendPropose(it_.members[0]!.getSender(), {
      ...PROPOSING,
      bond: it_.params.bond,
      value: it_.params.bond + 20n * TON,
    });
    expect((await it_.dao.getData()).open.size).toBe(1);
  };
  /** Runs `act` with 25 values up to `most`, each from the same state. */
  const sweep = async (most: bigint, act: () => Promise<void>) => {
    const fresh = it_.chain.snapshot();
    for (let step = 0n; step <= 24n; step += 1n) {
      await it_.chain.loadFrom(fresh);
      value = (most * step) / 24n + 1n;
      await act();
    }
  };
  const spends = prices === 'current' ? toNano('0.05') : toNano('3');

  it('activation happens or does not', async () => {
    const outcomes = new Set<boolean>();
    await sweep(spends, async () => {
      await it_.dao.sendActivate(it_.members[0]!.getSender(), { value });
      outcomes.add((await it_.dao.getData()).active);
    });
    expect(outcomes).toEqual(new Set([false, true]));
  });

  it('a proposal is made with its bond and its place, or neither', async () => {
    await it_.dao.sendActivate(it_.members[0]!.getSender(), { value: 10n * TON });
    const outcomes = new Set<number>();
    await sweep(2n * (it_.params.bond + spends), async () => {
      const before = await balanceOf(asWorld(it_), it_.members[0]!.address);
      const held = await balanceOf(asWorld(it_), it_.stakes[0]!.address);
      await it_.stakes[0]!.sendPropose(it_.members[0]!.getSender(), { ...PROPOSING, bond: it_.params.bond, value });
      const { size } = (await it_.dao.getData()).open;
      outcomes.add(size);
      const lost = before - (await balanceOf(asWorld(it_), it_.members[0]!.address));
      const kept = await balanceOf(asWorld(it_), proposalOf(it_, 1).address);
      expect(size === 1).toBe(kept >= it_.params.bond);
      // Refused: only fees are lost. The Stake never pays for it from the member's stake.
      if (size === 0) expect(lost).toBeLessThan(spends);
      expect(held - (await balanceOf(asWorld(it_), it_.stakes[0]!.address))).toBeLessThan(spends / 100n);
    });
    expect(outcomes).toEqual(new Set([0, 1]));
  });

  it('a proposal is cancelled with its place free and its bond back, or stays as it was', async () => {
    await ready();
    const outcomes = new Set<number>();
    await sweep(spends, async () => {
      const before = await stateHash(it_, proposalOf(it_, 1).address);
      await proposalOf(it_, 1).sendCancel(it_.members[0]!.getSender(), { value });
      const { status } = await proposalOf(it_, 1).getData();
      outcomes.add(status);
      expect((await it_.dao.getData()).open.size).toBe(status === ProposalStatus.cancelled ? 0 : 1);
      const held = await balanceOf(asWorld(it_), proposalOf(it_, 1).address);
      expect(held >= it_.params.bond).toBe(status !== ProposalStatus.cancelled);
      if (status === ProposalStatus.live) expect(await stateHash(it_, proposalOf(it_, 1).address)).toBe(before);
    });
    expect(outcomes).toEqual(new Set([ProposalStatus.live, ProposalStatus.cancelled]));
  });

  it('a proposal is finalized with its place free and its bond paid, or stays as it was', async () => {
    await ready();
    goTo(it_, (await proposalOf(it_, 1).getData()).endAt);
    const outcomes = new Set<number>();
    await sweep(2n * spends, async () => {
      const body = daoBodies.proposalFinalize({ queryId: 1n });
      const before = await balanceOf(asWorld(it_), it_.vault.address);
      await deliver(asWorld(it_), { from: it_.members[1]!, to: proposalOf(it_, 1).address, value, body });
      const { status } = await proposalOf(it_, 1).getData();
      outcomes.add(status);
      const ended = status === ProposalStatus.defeated;
      expect((await it_.dao.getData()).open.size).toBe(ended ? 0 : 1);
      expect((await balanceOf(asWorld(it_), it_.vault.address)) > before).toBe(ended);
    });
    expect(outcomes).toEqual(new Set([ProposalStatus.live, ProposalStatus.defeated]));
  });
});
