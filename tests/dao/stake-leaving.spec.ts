import { daoBodies, ExitCode } from '../../wrappers';
import { DAY, type DaoWorld, propose, TON } from '../support/dao-world';
import { expectRejection } from '../support/rejection';
import {
  asWorld,
  createStaked,
  delegate,
  expectSound,
  sync,
  THROWING,
  undelegate,
  unstake,
  whileReplaced,
  withdraw,
} from '../support/stake-acts';
import { startEachTestFrom } from '../support/world';

let dao: DaoWorld;
startEachTestFrom(async () => {
  dao = await createStaked();
  return asWorld(dao);
});

const ALL = 1_000n * TON;
const read = () => dao.stakes[0]!.getData();
const attempt = (body: ReturnType<typeof daoBodies.stakeSync>, value = 2n * TON) => ({
  from: dao.members[0]!,
  to: dao.stakes[0]!.address,
  value,
  body,
});

describe('stake that leaves', () => {
  it('is paid in three days if it was not used, not a second earlier', async () => {
    await unstake(dao, 0, ALL);
    dao.advance(3 * DAY - 1);
    const body = daoBodies.stakeWithdraw({ queryId: 1n });
    await withdraw(dao, 0);
    await expectSound(dao, 0, ALL);
    await expectRejection(asWorld(dao), attempt(body, TON / 1_000n), ExitCode.lowMsgValue);
    dao.advance(1);
    await withdraw(dao, 0);
    await expectSound(dao, 0, 0n);
  });

  it('is paid 21 days after its last use', async () => {
    await propose(dao, 0);
    const used = dao.now();
    await unstake(dao, 0, TON);
    expect((await read()).releases).toEqual(new Map([[used + 21 * DAY, TON]]));
  });

  it('in many parts is kept in eight releases', async () => {
    for (let i = 0; i < 10; i += 1) {
      await unstake(dao, 0, TON);
      dao.advance(60);
    }
    expect((await expectSound(dao, 0, ALL)).releases.size).toBe(8);
    dao.advance(3 * DAY);
    await withdraw(dao, 0);
    await expectSound(dao, 0, ALL - 10n * TON);
  });

  it('cannot be more than there is, nor nothing', async () => {
    const body = (amount: bigint) => daoBodies.stakeUnstake({ queryId: 1n, amount });
    await expectRejection(asWorld(dao), attempt(body(ALL + 1n)), ExitCode.stakeTooMuch);
    await expectRejection(asWorld(dao), attempt(body(0n)), ExitCode.stakeNothing);
    await expectRejection(asWorld(dao), attempt(body(TON), TON / 1_000n), ExitCode.lowMsgValue);
  });

  it('is nothing while none has asked to leave: a withdrawal of nothing is refused, today and after years of rent', async () => {
    const nothing = {
      from: dao.members[0]!,
      to: dao.stakes[0]!.address,
      value: TON,
      body: daoBodies.stakeWithdraw({ queryId: 3n }),
    };
    await expectRejection(asWorld(dao), nothing, ExitCode.stakeNothing);
    dao.advance(2_000 * DAY);
    await expectRejection(asWorld(dao), nothing, ExitCode.stakeNothing);
  });

  it('without the Dao hearing of it is told with stake_sync', async () => {
    await whileReplaced(dao, dao.dao.address, THROWING, () => unstake(dao, 0, ALL));
    expect(await expectSound(dao, 0, ALL)).toMatchObject({ unsynced: ALL, unbonding: ALL });
    await sync(dao, 0);
    expect(await dao.dao.getData()).toMatchObject({ total: 2n * ALL, members: 2 });
  });

  it.each([5, 20])("after %i idle years is the member's as on the first day", async (years) => {
    await delegate(dao, 0, 1);
    dao.advance(years * 365 * DAY);
    await undelegate(dao, 0);
    await unstake(dao, 0, ALL);
    await expectSound(dao, 0, ALL);
    dao.advance(21 * DAY);
    await withdraw(dao, 0);
    await expectSound(dao, 0, 0n);
  });
});

describe('a proposal that the Dao does not take', () => {
  it('brings its bond back', async () => {
    const before = await dao.members[0]!.getBalance();
    await whileReplaced(dao, dao.dao.address, THROWING, () => propose(dao, 0));
    expect(before - (await dao.members[0]!.getBalance())).toBeLessThan(TON / 10n);
    await expectSound(dao, 0, ALL);
  });
});
