import { type Address, beginCell, type Cell } from '@ton/core';
import { daoBodies, ExitCode, VoteCode } from '../../wrappers';
import { headerOnly, UNKNOWN_OP, withTrailingBit, withTrailingRef } from '../support/bodies';
import { DAY, type DaoWorld, TON } from '../support/dao-world';
import { expectRejection } from '../support/rejection';
import {
  asWorld,
  createStaked,
  deposit,
  epochOf,
  expectRefused,
  expectSound,
  owedTo,
  SILENT,
  speak,
  voteBody,
  whileReplaced,
} from '../support/stake-acts';
import { startEachTestFrom } from '../support/world';

/** Everything that a Stake takes, from everybody who may not send it (A1), and what a Dao that has turned evil can do to it (A6). */

let dao: DaoWorld;
startEachTestFrom(async () => {
  dao = await createStaked();
  return asWorld(dao);
});

const queryId = 1n;
const to = () => dao.stakes[0]!.address;
type Role = 'member' | 'other member' | 'Dao' | 'other Stake' | 'Vault';
const senders: Record<Role, () => Address> = {
  member: () => dao.members[0]!.address,
  'other member': () => dao.members[1]!.address,
  Dao: () => dao.dao.address,
  'other Stake': () => dao.stakes[2]!.address,
  Vault: () => dao.vault.address,
};

interface Receiver {
  body: () => Cell;
  by?: Role;
  code: number;
}
const text = () => daoBodies.topUp({ queryId });
const { stakeNotOwner, daoBadSender } = ExitCode;
const receivers: Record<string, Receiver> = {
  deposit: { body: () => daoBodies.stakeDeposit({ queryId, amount: 1n }), by: 'member', code: stakeNotOwner },
  unstake: { body: () => daoBodies.stakeUnstake({ queryId, amount: 1n }), by: 'member', code: stakeNotOwner },
  withdraw: { body: () => daoBodies.stakeWithdraw({ queryId }), by: 'member', code: stakeNotOwner },
  sync: { body: () => daoBodies.stakeSync({ queryId }), by: 'member', code: stakeNotOwner },
  delegate: {
    body: () => daoBodies.stakeDelegate({ queryId, delegate: dao.members[1]!.address }),
    by: 'member',
    code: stakeNotOwner,
  },
  undelegate: { body: () => daoBodies.stakeUndelegate({ queryId }), by: 'member', code: stakeNotOwner },
  vote: { body: () => voteBody(to(), epochOf(dao.now()), { yes: 1n }), by: 'member', code: stakeNotOwner },
  propose: {
    body: () => daoBodies.stakePropose({ queryId, title: text(), meta: text(), actions: null }),
    by: 'member',
    code: stakeNotOwner,
  },
  'activation of a deposit': {
    body: () => daoBodies.stakeActivated({ queryId, amount: 0n, label: 1 }),
    by: 'Dao',
    code: daoBadSender,
  },
  'result of a proposal': {
    body: () => daoBodies.proposeResult({ queryId, code: 0, id: 1, hardEnd: 1 }),
    by: 'Dao',
    code: daoBadSender,
  },
  'answer to a vote': {
    body: () => daoBodies.voteAck({ queryId, nonce: 1, code: VoteCode.counted, endsBy: 1 }),
    code: daoBadSender,
  },
  'delegation to it': {
    body: () => daoBodies.delegateIn({ queryId, amount: 1n, top: 1, from: dao.members[1]!.address }),
    code: daoBadSender,
  },
  'end of a delegation to it': {
    body: () => daoBodies.undelegate({ queryId, amount: 0n, from: dao.members[1]!.address }),
    code: daoBadSender,
  },
};

describe.each(Object.entries(receivers))('%s', (name, { body, by, code }) => {
  test.each((Object.keys(senders) as Role[]).filter((role) => role !== by))('is refused from the %s', async (role) => {
    await expectRefused(dao, { from: senders[role](), to: to(), body: body(), value: 30n * TON }, code);
  });

  test('is refused with anything behind it, or cut short', async () => {
    // From the sender whom it is taken from, where there is one.
    const from = by === undefined ? dao.stakes[1]!.address : senders[by]();
    const short = beginCell().storeBits(body().beginParse().loadBits(60)).endCell();
    await expectRefused(dao, { from, to: to(), body: short, value: 30n * TON }, 9);
    // Nobody has an answer to bring: that is found first.
    const longer = name === 'answer to a vote' ? daoBadSender : 9;
    for (const wrong of [withTrailingBit(body()), withTrailingRef(body())]) {
      await expectRefused(dao, { from, to: to(), body: wrong, value: 30n * TON }, longer);
    }
  });
});

describe('what a Stake does not know', () => {
  it('comes back: an unknown operation, text, no operation at all', async () => {
    const from = dao.members[1]!;
    for (const [body, code] of [
      [headerOnly(UNKNOWN_OP), ExitCode.unknownOp],
      [beginCell().storeUint(0, 32).storeStringTail('hello').endCell(), ExitCode.unknownOp],
      [beginCell().storeUint(5, 20).endCell(), 9],
      [beginCell().endCell(), 9],
    ] as const) {
      await expectRejection(asWorld(dao), { from, to: to(), value: TON, body }, code);
    }
  });

  it('is not a top-up, which stays and changes nothing', async () => {
    await speak(dao, dao.members[1]!.address, to(), daoBodies.topUp({ queryId }));
    await expectSound(dao, 0, 1_000n * TON);
  });
});

describe('a Dao that has turned evil', () => {
  it('cannot move, confirm or invent a coin of a member, and the member leaves with everything', async () => {
    await whileReplaced(dao, dao.dao.address, SILENT, async () => {
      await deposit(dao, 0, 5n * TON);
      const evil = dao.dao.address;
      const more = { queryId, amount: 5n * TON + 1n, label: 1 };
      await expectRefused(dao, { from: evil, to: to(), body: daoBodies.stakeActivated(more) }, ExitCode.stakeTooMuch);
      for (const code of [0, 1, 255]) {
        await speak(dao, evil, to(), daoBodies.proposeResult({ queryId, code, id: 5, hardEnd: 0 }));
      }
      await speak(dao, evil, to(), daoBodies.stakeActivated({ queryId, amount: 5n * TON, label: 0 }));
      await expectSound(dao, 0, 1_005n * TON);
      await dao.stakes[0]!.sendUnstake(dao.members[0]!.getSender(), { amount: 1_005n * TON });
      dao.advance(3 * DAY);
      const before = await dao.members[0]!.getBalance();
      await dao.stakes[0]!.sendWithdraw(dao.members[0]!.getSender());
      expect((await dao.members[0]!.getBalance()) - before).toBeGreaterThan(1_004n * TON);
      expect(owedTo(await dao.stakes[0]!.getData())).toBe(0n);
    });
  });
});
