import { daoParamChecks } from '@cocoon/sdk';
import { Address } from '@ton/core';
import { type DaoParams, daoBodies, ExitCode, packDaoParams } from '../../wrappers';
import { asWorld, createActiveDao, ENOUGH, exitOf, givenDao, goTo, MEMBER_STAKE } from '../support/dao-acts';
import { createDaoWorld, DAY, type DaoWorld, TON } from '../support/dao-world';
import { deliver, expectRejection } from '../support/rejection';
import { balanceOf, START, startEachTestFrom } from '../support/world';

const HOUR = 3_600;

describe('activation of a DAO', () => {
  let it_: DaoWorld;
  startEachTestFrom(async () => {
    it_ = await createDaoWorld({ members: 4, params: { activationStake: 500n * TON, activationMembers: 3 } });
    return asWorld(it_);
  });
  const deposit = (member: number, amount: bigint) =>
    it_.stakes[member]!.sendDeposit(it_.members[member]!.getSender(), { amount });
  const unstake = (member: number, amount: bigint) =>
    it_.stakes[member]!.sendUnstake(it_.members[member]!.getSender(), { amount });
  const attempt = () => ({
    from: it_.members[3]!,
    to: it_.dao.address,
    value: TON,
    body: daoBodies.daoActivate({ queryId: 1n }),
  });
  const refused = (code: number = ExitCode.daoActivation) => expectRejection(asWorld(it_), attempt(), code);
  const since = async () => (await it_.dao.getData()).enoughSince;
  const gather = async () => {
    for (const [member, amount] of [200n, 200n, 100n].entries()) await deposit(member, amount * TON);
  };

  it('waits for the stake: a nanoTON less does not start the clock', async () => {
    for (const [member, amount] of [200n * TON, 200n * TON, 100n * TON - 1n].entries()) await deposit(member, amount);
    expect(await since()).toBe(0);
    it_.advance(8 * DAY);
    await refused();
    await deposit(0, 1n);
    expect(await since()).toBe(it_.now());
  });

  it('waits for the members: one with all the stake does not start the clock', async () => {
    await deposit(0, 1_000n * TON);
    await deposit(1, 1_000n * TON);
    await deposit(0, 1_000n * TON);
    expect(await it_.dao.getData()).toMatchObject({ members: 2, enoughSince: 0 });
    it_.advance(8 * DAY);
    await refused();
    await deposit(2, 1n);
    expect(await since()).toBe(it_.now());
  });

  it('takes seven days from then, to the second, and happens once', async () => {
    await gather();
    expect(await since()).toBe(START);
    goTo(it_, START + 7 * DAY - 1);
    await refused();
    goTo(it_, START + 7 * DAY);
    const result = await deliver(asWorld(it_), attempt());
    expect(exitOf(result, it_.dao.address)).toBe(0);
    expect((await it_.dao.getData()).active).toBe(true);
    await refused();
  });

  it('starts again when stake is missing in between, though only for a second', async () => {
    await gather();
    it_.advance(6 * DAY);
    await unstake(0, 1n);
    expect(await since()).toBe(0);
    it_.advance(1);
    await deposit(0, 1n);
    expect(await since()).toBe(it_.now());
    it_.advance(6 * DAY);
    await refused();
    it_.advance(DAY);
    await deliver(asWorld(it_), attempt());
    expect((await it_.dao.getData()).active).toBe(true);
  });

  it('starts again when a member leaves, also if the stake remains', async () => {
    await gather();
    await deposit(0, 1_000n * TON);
    expect(await since()).toBe(START);
    await unstake(2, 100n * TON);
    expect(await it_.dao.getData()).toMatchObject({ members: 2, enoughSince: 0 });
  });

  it('lasts: everybody leaves and the DAO stays active', async () => {
    await gather();
    it_.advance(7 * DAY);
    await deliver(asWorld(it_), attempt());
    for (const [member, amount] of [200n, 200n, 100n].entries()) await unstake(member, amount * TON);
    expect(await it_.dao.getData()).toMatchObject({ active: true, members: 0, total: 0n });
  });

  it('is refused while the deployed parameters are unsound', async () => {
    await gather();
    await givenDao(it_, { params: { ...it_.params, votingPeriod: 1 } });
    it_.advance(7 * DAY);
    await refused(ExitCode.daoBadParams);
  });

  it('is watched by changes of the parameters, too', async () => {
    await gather();
    const set = async (over: Partial<DaoParams>) => {
      const { params, paramsHash } = await it_.dao.getData();
      const body = daoBodies.daoSetParams({ queryId: 1n, expectedHash: paramsHash, params: { ...params, ...over } });
      await deliver(asWorld(it_), { from: it_.vault, to: it_.dao.address, value: ENOUGH, body });
    };
    await set({ activationMembers: 4 });
    expect(await since()).toBe(0);
    it_.advance(HOUR);
    await set({ activationMembers: 3 });
    expect(await since()).toBe(it_.now());
  });
});

describe('parameters of a DAO', () => {
  let it_: DaoWorld;
  startEachTestFrom(async () => {
    it_ = await createActiveDao();
    return asWorld(it_);
  });
  const body = async (over: Partial<DaoParams>) => {
    const { params, paramsHash } = await it_.dao.getData();
    return daoBodies.daoSetParams({ queryId: 1n, expectedHash: paramsHash, params: { ...params, ...over } });
  };
  const attempt = async (over: Partial<DaoParams>) => ({
    from: it_.vault,
    to: it_.dao.address,
    value: ENOUGH,
    body: await body(over),
  });
  const accepted = async (over: Partial<DaoParams>) => {
    expect(await isSound(over)).toBe(true);
    const before = await balanceOf(asWorld(it_), it_.dao.address);
    const expected = packDaoParams({ ...(await it_.dao.getData()).params, ...over }).hash();
    const result = await deliver(asWorld(it_), await attempt(over));
    expect(exitOf(result, it_.dao.address)).toBe(0);
    expect((await it_.dao.getData()).paramsHash.equals(expected)).toBe(true);
    expect(before - (await balanceOf(asWorld(it_), it_.dao.address))).toBeLessThan(TON / 10_000n);
  };
  const refused = async (over: Partial<DaoParams>) =>
    expectRejection(asWorld(it_), await attempt(over), ExitCode.daoBadParams);
  /** What the SDK's table of bounds says, too. */
  const isSound = async (over: Partial<DaoParams>) =>
    daoParamChecks({ ...(await it_.dao.getData()).params, ...over }).every(({ ok }) => ok);
  const refusedAsTold = async (over: Partial<DaoParams>) => {
    expect(await isSound(over)).toBe(false);
    await refused(over);
  };

  /** What makes room where the sum of all times would be too long, or a floor too low. */
  const short = { votingDelay: 6 * HOUR, votingPeriod: 3 * DAY, extension: 6 * HOUR, criticalTimelock: 3 * DAY };

  it.each<[keyof DaoParams, number | bigint | null, number | bigint | null, Partial<DaoParams>]>([
    ['warmup', 0, 14, {}],
    ['votingDelay', 6 * HOUR, 7 * DAY, short],
    ['votingPeriod', 3 * DAY, 14 * DAY, short],
    ['extension', 6 * HOUR, 2 * DAY, short],
    ['criticalTimelock', 3 * DAY, 14 * DAY, short],
    ['grace', 8 * DAY, 30 * DAY, {}],
    ['thresholdBps', 10, 500, {}],
    ['thresholdFloor', 100n * TON, null, {}],
    ['quorumNormalBps', 400, 4_000, {}],
    ['quorumCriticalBps', 1_500, 5_000, {}],
    ['approvalNormalBps', 5_000, 6_667, {}],
    ['approvalCriticalBps', 6_000, 8_000, {}],
    ['bond', 10n * TON, 1_000n * TON, {}],
    // A quorum below the threshold would be none.
    ['quorumFloor', 100n * TON, null, {}],
  ])('%s is taken from its lowest to its highest value, and none beyond', async (field, least, most, room) => {
    for (const [limit, step] of [
      [least, -1],
      [most, 1],
    ] as const) {
      if (limit === null) continue;
      const beyond = typeof limit === 'bigint' ? limit + BigInt(step) : limit + step;
      if (beyond >= 0) await refusedAsTold({ ...room, [field]: beyond });
      await accepted({ ...room, [field]: limit });
    }
  });

  it('leave a member the time to go: delay, period, extensions and timelock are at most 21 days together', async () => {
    const times = { votingDelay: DAY, votingPeriod: 5 * DAY, extension: DAY, criticalTimelock: 13 * DAY };
    await refusedAsTold({ ...times, votingDelay: DAY + 1 });
    await refusedAsTold({ ...times, votingPeriod: 5 * DAY + 1 });
    await refusedAsTold({ ...times, extension: DAY + 1 });
    await refusedAsTold({ ...times, criticalTimelock: 13 * DAY + 1 });
    await accepted(times);
  });

  it('cannot ask for a floor that nobody reaches, nor raise one that is already too high', async () => {
    // 3 000 TON are staked: 5 % are 150, 40 % are 1 200.
    await refused({ thresholdFloor: 150n * TON + 1n, quorumFloor: 1_200n * TON });
    await refused({ thresholdFloor: 150n * TON, quorumFloor: 1_200n * TON + 1n });
    await accepted({ thresholdFloor: 150n * TON, quorumFloor: 1_200n * TON });
    const { params } = await it_.dao.getData();
    await givenDao(it_, { params: { ...params, thresholdFloor: 1_000n * TON, quorumFloor: 5_000n * TON } });
    await refused({ quorumFloor: 5_000n * TON + 1n });
    await refused({ thresholdFloor: 1_000n * TON + 1n });
    await accepted({ bond: 11n * TON });
  });

  it('measure floors by the stake at the start of the day: who staked today raises none', async () => {
    await it_.stakes[0]!.sendDeposit(it_.members[0]!.getSender(), { amount: 10n * MEMBER_STAKE });
    await refused({ quorumFloor: 1_200n * TON + 1n });
  });

  it('name a root that messages can reach', async () => {
    await refused({ root: new Address(1, it_.root.address.hash) });
    await accepted({ root: new Address(-1, it_.root.address.hash) });
  });

  it('are replaced only as they were when the change was voted on', async () => {
    const stale = await attempt({ bond: 12n * TON });
    await accepted({ bond: 11n * TON });
    await expectRejection(asWorld(it_), stale, ExitCode.staleParams);
  });

  it("are the Vault's to replace, nobody else's", async () => {
    const change = await attempt({ bond: 12n * TON });
    for (const from of [it_.members[0]!, it_.root]) {
      await expectRejection(asWorld(it_), { ...change, from }, ExitCode.notVault);
    }
  });
});
