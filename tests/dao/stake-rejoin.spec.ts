import { beginCell } from '@ton/core';
import { internal } from '@ton/sandbox';
import { Op } from '../../wrappers';
import type { DaoWorld } from '../support/dao-world';
import { TON } from '../support/dao-world';
import {
  asWorld,
  createStaked,
  deposit,
  expectSound,
  SILENT,
  sync,
  unstake,
  whileReplaced,
} from '../support/stake-acts';
import { startEachTestFrom } from '../support/world';

/** A member leaves and joins again while the Dao cannot be told that it left: docs/governance.md, "Known and left". */

const ALL = 1_000n * TON;
let dao: DaoWorld;
startEachTestFrom(async () => {
  dao = await createStaked();
  return asWorld(dao);
});
/** The dao_stake_sub that told that all had left comes back. */
const leaveReturns = (amount: bigint) => {
  const body = beginCell().storeUint(0xffffffff, 32).storeUint(Op.daoStakeSub, 32).storeUint(2n, 64);
  body.storeCoins(amount).storeBit(true);
  const message = { from: dao.dao.address, to: dao.stakes[0]!.address, value: TON, body: body.endCell() };
  return dao.chain.sendMessage(internal({ ...message, bounced: true, bounce: false }));
};
const books = async () => {
  const { total, members } = await dao.dao.getData();
  return { total, members };
};

it('a leave that comes back makes the member one of the DAO again, and is told once more', async () => {
  await whileReplaced(dao, dao.dao.address, SILENT, () => unstake(dao, 0, ALL));
  await leaveReturns(ALL);
  expect(await dao.stakes[0]!.getData()).toMatchObject({ unsynced: ALL, own: 0n });
  await sync(dao, 0);
  expect(await dao.stakes[0]!.getData()).toMatchObject({ unsynced: 0n });
  expect(await books()).toEqual({ total: 2n * ALL, members: 2 });
});

it('one that comes back after the member has joined again leaves stake and total exact, and counts the member twice', async () => {
  await whileReplaced(dao, dao.dao.address, SILENT, () => unstake(dao, 0, ALL));
  await deposit(dao, 0, 5n * TON);
  await leaveReturns(ALL);
  await sync(dao, 0);
  expect(await expectSound(dao, 0, ALL + 5n * TON)).toMatchObject({ own: 5n * TON, unsynced: 0n });
  expect(await books()).toEqual({ total: 2n * ALL + 5n * TON, members: 4 });
  await unstake(dao, 0, 5n * TON);
  expect(await books()).toEqual({ total: 2n * ALL, members: 3 });
});
