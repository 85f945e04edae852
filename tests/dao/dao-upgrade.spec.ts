import { beginCell } from '@ton/core';
import { daoBodies, ExitCode, ProposalStatus } from '../../wrappers';
import { asWorld, createProposal, ENOUGH, exitOf, goTo, MEMBER_STAKE, stateHash, vote } from '../support/dao-acts';
import { DAY, TON } from '../support/dao-world';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, txsOf } from '../support/trace';
import { balanceOf, codeOf, dataOf, startEachTestFrom } from '../support/world';

describe('an upgrade of the Dao', () => {
  let it_: Awaited<ReturnType<typeof createProposal>>;
  startEachTestFrom(async () => {
    it_ = await createProposal();
    return asWorld(it_);
  });
  const upgrade = (fromVersion: number, code = codeOf('dao'), data: ReturnType<typeof codeOf> | null = null) => ({
    from: it_.vault,
    to: it_.dao.address,
    value: ENOUGH,
    body: daoBodies.daoUpgrade({ queryId: 1n, fromVersion, code, data }),
  });
  const codeNow = async () => {
    const { accountState } = await it_.chain.getContract(it_.dao.address);
    return accountState?.type === 'active' ? accountState.state.code!.hash().toString('hex') : '';
  };

  it('keeps all data, raises the version and replaces the code', async () => {
    const { version, ...before } = await it_.dao.getData();
    expect(exitOf(await deliver(asWorld(it_), upgrade(version)), it_.dao.address)).toBe(0);
    const { version: raised, ...after } = await it_.dao.getData();
    expect(raised).toBe(version + 1);
    expect(JSON.stringify(after, (_, v) => (typeof v === 'bigint' ? `${v}` : v))).toBe(
      JSON.stringify(before, (_, v) => (typeof v === 'bigint' ? `${v}` : v)),
    );
    await deliver(asWorld(it_), upgrade(version + 1, codeOf('stake')));
    expect(await codeNow()).toBe(codeOf('stake').hash().toString('hex'));
  });

  it('leaves what it brings behind the data, for the new code; the next one without any leaves it there', async () => {
    const extra = beginCell().storeUint(77, 32).endCell();
    await deliver(asWorld(it_), upgrade(1, codeOf('dao'), extra));
    await deliver(asWorld(it_), upgrade(2));
    expect((await dataOf(asWorld(it_), it_.dao.address)).refs.at(-1)!.equals(extra)).toBe(true);
    expect((await it_.dao.getData()).version).toBe(3);
  });

  it('is refused for another version than the one that runs', async () => {
    for (const version of [0, 2, 65_535]) {
      await expectRejection(asWorld(it_), upgrade(version), ExitCode.daoVersion);
    }
    await deliver(asWorld(it_), upgrade(1));
    await expectRejection(asWorld(it_), upgrade(1), ExitCode.daoVersion);
  });

  it('leaves live proposals as they are: votes count and the end is reported to the upgraded Dao', async () => {
    const before = await stateHash(it_, it_.proposal.address);
    await deliver(asWorld(it_), upgrade(1));
    expect(await stateHash(it_, it_.proposal.address)).toBe(before);
    const { startAt, endAt } = await it_.proposal.getData();
    goTo(it_, startAt);
    expect(await vote(it_, 1, { yes: MEMBER_STAKE })).toBe(0);
    goTo(it_, endAt);
    await it_.proposal.sendFinalize(it_.members[2]!.getSender());
    expect((await it_.proposal.getData()).status).toBe(ProposalStatus.executed);
    expect((await it_.dao.getData()).open.size).toBe(0);
  });

  it("to evil code takes nobody's stake: whatever the Dao says, each member leaves with all", async () => {
    await deliver(asWorld(it_), upgrade(1, codeOf('wallet')));
    const stake = it_.stakes[1]!;
    const member = it_.members[1]!;
    const owner = member.address;
    const held = await balanceOf(asWorld(it_), stake.address);
    for (const body of [
      daoBodies.stakeUnstake({ queryId: 1n, amount: MEMBER_STAKE }),
      daoBodies.stakeWithdraw({ queryId: 1n }),
      daoBodies.undelegate({ queryId: 1n, amount: MEMBER_STAKE, from: owner }),
      daoBodies.undelegateOk({ queryId: 1n, amount: MEMBER_STAKE, top: 1 }),
      daoBodies.delegateOk({ queryId: 1n }),
      daoBodies.voteAck({ queryId: 1n, nonce: 1, code: 0, endsBy: 1 }),
      daoBodies.proposeResult({ queryId: 1n, code: 0, id: 1, hardEnd: 1 }),
      daoBodies.daoUpgrade({ queryId: 1n, fromVersion: 1, code: codeOf('wallet') }),
    ]) {
      const result = await deliver(asWorld(it_), { from: it_.dao.address, to: stake.address, value: TON / 10n, body });
      expect(txsOf(result, stake.address).map(exitCodeOf)).toBeDefined();
      expect((await stake.getData()).own).toBe(MEMBER_STAKE);
      expect(held - (await balanceOf(asWorld(it_), stake.address))).toBeLessThan(TON / 1_000n);
    }
    await stake.sendUnstake(member.getSender(), { amount: MEMBER_STAKE });
    it_.advance(30 * DAY);
    const before = await balanceOf(asWorld(it_), owner);
    await stake.sendWithdraw(member.getSender());
    expect((await balanceOf(asWorld(it_), owner)) - before).toBeGreaterThan(MEMBER_STAKE - TON / 10n);
  });
});
