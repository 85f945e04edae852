import { daoBodies, ExitCode } from '../../wrappers';
import { createDaoWorld, DAY, type DaoWorld, TON } from '../support/dao-world';
import { expectRejection } from '../support/rejection';
import {
  asWorld,
  createStaked,
  deposit,
  epochOf,
  expectSound,
  freeze,
  owedTo,
  RESERVE,
  SILENT,
  say,
  speak,
  sync,
  THROWING,
  whileReplaced,
  withdraw,
} from '../support/stake-acts';
import { exitCodeOf, feesOf, txsOf } from '../support/trace';
import { balanceOf, startEachTestFrom } from '../support/world';

describe('a deposit', () => {
  let dao: DaoWorld;
  startEachTestFrom(async () => {
    dao = await createStaked();
    return asWorld(dao);
  });
  const stake = () => dao.stakes[0]!;
  const read = () => stake().getData();
  const today = () => epochOf(dao.now());
  const body = (amount: bigint) => daoBodies.stakeDeposit({ queryId: 1n, amount });
  const member = () => dao.members[0]!;

  it('counts from the next day', async () => {
    await deposit(dao, 0, 50n * TON);
    const info = await expectSound(dao, 0, 1_050n * TON);
    expect(info.labels.get(today() + 1)).toBe(50n * TON);
    expect(await stake().getWeightAt(today())).toBe(1_000n * TON);
    expect(await stake().getWeightAt(today() + 1)).toBe(1_050n * TON);
    expect((await dao.dao.getData()).total).toBe(3_050n * TON);
  });

  it('keeps the amount, and all of the value but fees comes back', async () => {
    const [before, held] = [
      await balanceOf(asWorld(dao), member().address),
      await balanceOf(asWorld(dao), stake().address),
    ];
    const result = await deposit(dao, 0, 50n * TON);
    expect(result.transactions.map(exitCodeOf)).toEqual(result.transactions.map(() => 0));
    const kept = (await balanceOf(asWorld(dao), stake().address)) - held;
    expect(kept).toBe(50n * TON);
    const paid = before - (await balanceOf(asWorld(dao), member().address));
    expect(paid).toBeLessThanOrEqual(50n * TON + feesOf(result));
  });

  it('is refused from anybody but the member', async () => {
    const attempt = { from: dao.members[1]!, to: stake().address, value: 12n * TON, body: body(10n * TON) };
    await expectRejection(asWorld(dao), attempt, ExitCode.stakeNotOwner);
  });

  it('is refused when its value does not cover the amount and the way', async () => {
    const attempt = { from: member(), to: stake().address, value: 10n * TON, body: body(10n * TON) };
    await expectRejection(asWorld(dao), attempt, ExitCode.lowMsgValue);
  });

  it('of nothing is refused', async () => {
    const attempt = { from: member(), to: stake().address, value: TON, body: body(0n) };
    await expectRejection(asWorld(dao), attempt, ExitCode.stakeNothing);
  });

  it.each([
    ['throws', () => whileReplaced(dao, dao.dao.address, THROWING, () => deposit(dao, 0, 50n * TON))],
    [
      'is frozen',
      async () => {
        const before = (await dao.chain.getContract(dao.dao.address)).account;
        await freeze(dao, dao.dao.address);
        await deposit(dao, 0, 50n * TON);
        await dao.chain.setShardAccount(dao.dao.address, before);
      },
    ],
  ] as const)('that a Dao does not take because it %s can be withdrawn at once', async (_, lose) => {
    await lose();
    expect(await expectSound(dao, 0, 1_050n * TON)).toMatchObject({
      pend: 0n,
      refundable: 50n * TON,
      own: 1_000n * TON,
    });
    const before = await balanceOf(asWorld(dao), member().address);
    await withdraw(dao, 0);
    expect((await balanceOf(asWorld(dao), member().address)) - before).toBeGreaterThan(49n * TON);
    await expectSound(dao, 0, 1_000n * TON);
  });

  it('that the Dao did not take can be sent again', async () => {
    await whileReplaced(dao, dao.dao.address, THROWING, () => deposit(dao, 0, 50n * TON));
    await sync(dao, 0);
    expect(await expectSound(dao, 0, 1_050n * TON)).toMatchObject({ own: 1_050n * TON, refundable: 0n });
    expect((await dao.dao.getData()).total).toBe(3_050n * TON);
  });

  it('that the Dao refuses again waits again', async () => {
    await whileReplaced(dao, dao.dao.address, THROWING, async () => {
      await deposit(dao, 0, 50n * TON);
      await sync(dao, 0);
    });
    expect(await expectSound(dao, 0, 1_050n * TON)).toMatchObject({ refundable: 50n * TON, pend: 0n });
  });

  it('cannot be confirmed beyond what waits', async () => {
    await whileReplaced(dao, dao.dao.address, THROWING, () => deposit(dao, 0, 50n * TON));
    const confirm = daoBodies.stakeActivated({ queryId: 1n, amount: 1n, label: today() + 1 });
    const attempt = { from: dao.dao.address, to: stake().address, value: TON, body: confirm };
    await expectRejection(asWorld(dao), attempt, ExitCode.stakeTooMuch);
  });

  it('that a Dao labels with the past still counts from the next day at the earliest, and never later than the longest warm-up', async () => {
    await whileReplaced(dao, dao.dao.address, SILENT, () => deposit(dao, 0, 30n * TON));
    expect((await read()).pend).toBe(30n * TON);
    for (const label of [0, today() - 5, 65_535]) {
      await speak(
        dao,
        dao.dao.address,
        stake().address,
        daoBodies.stakeActivated({ queryId: 1n, amount: 10n * TON, label }),
      );
    }
    const { labels } = await expectSound(dao, 0, 1_030n * TON);
    expect(labels.get(today() + 1)).toBe(20n * TON);
    expect(labels.get(today() + 15)).toBe(10n * TON);
  });

  it('is sent again only if there is one', async () => {
    const attempt = {
      from: member(),
      to: stake().address,
      value: 2n * TON,
      body: daoBodies.stakeSync({ queryId: 1n }),
    };
    await expectRejection(asWorld(dao), attempt, ExitCode.stakeNothing);
    await expectRejection(asWorld(dao), { ...attempt, value: TON / 1_000n }, ExitCode.lowMsgValue);
    await expectRejection(asWorld(dao), { ...attempt, from: dao.members[2]! }, ExitCode.stakeNotOwner);
  });

  it('counts a new member once, whatever came back on the way', async () => {
    await whileReplaced(dao, dao.dao.address, THROWING, () => deposit(dao, 0, 50n * TON));
    await sync(dao, 0);
    await deposit(dao, 0, 10n * TON);
    expect((await dao.dao.getData()).members).toBe(3);
  });
});

describe('the first deposit', () => {
  let dao: DaoWorld;
  startEachTestFrom(async () => {
    dao = await createDaoWorld({ params: { warmup: 6 } });
    return asWorld(dao);
  });

  it('of a DAO with a warm-up counts that much later', async () => {
    await deposit(dao, 0, 50n * TON);
    const today = epochOf(dao.now());
    const stake = dao.stakes[0]!;
    expect((await stake.getData()).labels).toEqual(new Map([[today + 7, 50n * TON]]));
    expect(await stake.getWeightAt(today + 6)).toBe(0n);
    expect(await stake.getWeightAt(today + 7)).toBe(50n * TON);
  });

  it('leaves a reserve for rent besides the amount', async () => {
    await deposit(dao, 0, 50n * TON);
    expect(await balanceOf(asWorld(dao), dao.stakes[0]!.address)).toBe(50n * TON + RESERVE);
  });

  it('that did not arrive leaves no member behind', async () => {
    await whileReplaced(dao, dao.dao.address, THROWING, () => deposit(dao, 0, 50n * TON));
    expect((await dao.dao.getData()).members).toBe(0);
    await withdraw(dao, 0);
    const info = await dao.stakes[0]!.getData();
    expect(owedTo(info)).toBe(0n);
    await deposit(dao, 0, 50n * TON);
    expect((await dao.dao.getData()).members).toBe(1);
  });

  it('keeps the number of labels within the horizon and the warm-up', async () => {
    const long = await createDaoWorld({ members: 1, params: { warmup: 14 } });
    for (let day = 0; day < 60; day += 1) {
      await deposit(long, 0, TON);
      long.advance(DAY);
      if (day % 10 === 9) await expectSound(long, 0, BigInt(day + 1) * TON);
    }
    const { labels, own } = await long.stakes[0]!.getData();
    expect(labels.size).toBe(46);
    expect(await long.stakes[0]!.getWeightAt(epochOf(long.now()) + 14)).toBe(own);
  });

  it('of a member that left is one of a new member', async () => {
    await deposit(dao, 0, 50n * TON);
    await say(dao, 0, daoBodies.stakeUnstake({ queryId: 1n, amount: 50n * TON }));
    expect(await dao.dao.getData()).toMatchObject({ members: 0, total: 0n });
    const result = await deposit(dao, 0, 5n * TON);
    expect(txsOf(result, dao.dao.address).map(exitCodeOf)).toEqual([0]);
    expect(await dao.dao.getData()).toMatchObject({ members: 1, total: 5n * TON });
  });
});
