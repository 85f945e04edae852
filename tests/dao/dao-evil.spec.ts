import { type Address, beginCell, Cell, internal, storeMessageRelaxed, toNano } from '@ton/core';
import {
  actionsHash,
  bodies,
  DEFAULT_VAULT_LIMITS,
  daoBodies,
  packActions,
  reasonCell,
  vaultBodies,
} from '../../wrappers';
import { asWorld, ENOUGH, goTo, MEMBER_STAKE, stateHash } from '../support/dao-acts';
import { addModel, createDaoWithVault, type DaoVaultWorld, execute, voteThrough } from '../support/dao-vault-world';
import { DAY, proposalOf, TON } from '../support/dao-world';
import { hashOf } from '../support/keys';
import { deliver } from '../support/rejection';
import { expectSound, voteBody } from '../support/stake-acts';
import { exitCodeOf, txsOf } from '../support/trace';
import { balanceOf, startEachTestFrom } from '../support/world';

/** U2 and A6: a majority makes the Dao run code that sends, in the Dao's name, whatever a stranger hands it. */

/** SETCP0; DROP; LDREF; DROP; 64 PUSHINT; SENDRAWMSG */
const RELAY = beginCell().storeUint(0xff0030d4308040fb00n, 72).endCell();

let it_: DaoVaultWorld;
startEachTestFrom(async () => {
  it_ = await createDaoWithVault();
  const body = daoBodies.daoUpgrade({ queryId: 1n, fromVersion: 1, code: RELAY });
  const actions = [{ to: it_.dao.address, value: toNano('1'), body, init: null }];
  await voteThrough(it_, actions);
  const proposal = proposalOf(it_, 1);
  await proposal.sendFinalize(it_.members[2]!.getSender(), { value: ENOUGH });
  goTo(it_, (await proposal.getData()).eta);
  await execute(it_, actions);
  const { accountState } = await it_.chain.getContract(it_.dao.address);
  expect(accountState?.type === 'active' && accountState.state.code!.equals(RELAY)).toBe(true);
  return asWorld(it_);
});

/** The evil Dao sends this. */
const relay = (to: Address, body: Cell, value = 5n * TON) => {
  const message = beginCell().store(storeMessageRelaxed(internal({ to, value: 0n, body, bounce: true })));
  const order = beginCell().storeRef(message).endCell();
  return it_.members[1]!.send({ to: it_.dao.address, value, body: order, bounce: false });
};
const queryId = 1n;

describe('an evil Dao', () => {
  it('moves no coin of a member, whatever it sends to a Stake, and each leaves with everything', async () => {
    const member = it_.members[0]!;
    const stake = it_.stakes[0]!;
    const [from, amount] = [it_.members[1]!.address, MEMBER_STAKE];
    const orders = [
      daoBodies.stakeDeposit({ queryId, amount: TON }),
      daoBodies.stakeUnstake({ queryId, amount }),
      daoBodies.stakeWithdraw({ queryId }),
      daoBodies.stakeSync({ queryId }),
      daoBodies.stakeDelegate({ queryId, delegate: from }),
      daoBodies.stakeUndelegate({ queryId }),
      voteBody(proposalOf(it_, 1).address, 1, { yes: 1n }),
      daoBodies.stakePropose({ queryId, title: Cell.EMPTY, meta: Cell.EMPTY, actions: null }),
      daoBodies.delegateIn({ queryId, amount, top: 1, from }),
      daoBodies.delegateOk({ queryId }),
      daoBodies.undelegate({ queryId, amount: 0n, from }),
      daoBodies.undelegateOk({ queryId, amount, top: 1 }),
      daoBodies.voteAck({ queryId, nonce: 1, code: 0, endsBy: 1 }),
      daoBodies.daoUpgrade({ queryId, fromVersion: 1, code: RELAY }),
    ];
    const before = await stateHash(it_, stake.address);
    for (const order of orders) {
      const [tx] = txsOf(await relay(stake.address, order), stake.address);
      expect(exitCodeOf(tx!)).not.toBe(0);
      expect(await stateHash(it_, stake.address)).toBe(before);
    }
    // What the Dao may say changes nothing that is the member's.
    await relay(stake.address, daoBodies.proposeResult({ queryId, code: 0, id: 9, hardEnd: 9 }));
    await relay(stake.address, daoBodies.stakeActivated({ queryId, amount: 0n, label: 1 }));
    await expectSound(it_, 0, MEMBER_STAKE);

    await stake.sendUnstake(member.getSender(), { amount });
    it_.advance(22 * DAY);
    const had = await balanceOf(asWorld(it_), member.address);
    await stake.sendWithdraw(member.getSender());
    expect((await balanceOf(asWorld(it_), member.address)) - had).toBeGreaterThan(amount - TON / 10n);
  });

  it('changes neither limits, guardian, governor nor network of the Vault, executes nothing and moves no coin of it', async () => {
    const { treasurer, dao } = it_;
    const limits = { ...DEFAULT_VAULT_LIMITS, delayNormal: 1 };
    const body = bodies.rootDelModelType({ queryId, hash: hashOf('model 1') });
    const orders = [
      vaultBodies.vaultSetLimits({ queryId, limits }),
      vaultBodies.vaultSetGovernor({ queryId, governor: it_.members[1]!.address }),
      vaultBodies.vaultSetGuardian({ queryId, guardian: null, until: 0 }),
      vaultBodies.vaultSetNetwork({ queryId, root: dao.address, registrar: null }),
      vaultBodies.vaultInit({ queryId, governor: dao.address, guardian: null, until: 0 }),
      vaultBodies.vaultClaimGovernor({ queryId }),
      vaultBodies.vaultExecute({ queryId, id: 9, actions: packActions(addModel(it_)) }),
      vaultBodies.vaultVeto({ queryId, id: 1, reason: reasonCell('no') }),
      vaultBodies.vaultPause({ queryId, seconds: DAY }),
      vaultBodies.vaultRevoke({ queryId, body }),
      vaultBodies.vaultRegistry({ queryId, body }),
    ];
    const before = await stateHash(it_, treasurer.address);
    const treasury = await balanceOf(asWorld(it_), treasurer.address);
    for (const order of orders) {
      const [tx] = txsOf(await relay(treasurer.address, order), treasurer.address);
      expect(exitCodeOf(tx!)).not.toBe(0);
      expect(await stateHash(it_, treasurer.address)).toBe(before);
    }
    expect(treasury - (await balanceOf(asWorld(it_), treasurer.address))).toBeLessThan(TON / 1_000n);
  });

  it('waits for the shortest delay of the Vault with all that it schedules, whatever class it says; the guardian may still veto', async () => {
    const { treasurer } = it_;
    const { limits } = await treasurer.getStorage();
    const actions = addModel(it_);
    for (const [id, kind] of [0, 1, 2, 255].entries()) {
      const order = vaultBodies.vaultSchedule({
        queryId,
        id: 100 + id,
        class: kind,
        actionsHash: actionsHash(actions),
        proposal: it_.members[1]!.address,
      });
      await relay(treasurer.address, order);
      const operation = await treasurer.getOperation(100 + id);
      expect(operation!.eta - it_.now()).toBe(kind === 0 ? limits.delayNormal : limits.delayCritical);
      expect(operation!.eta - it_.now()).toBeGreaterThanOrEqual(DAY);
    }
    goTo(it_, it_.now() + limits.delayNormal - 1);
    const [early] = txsOf(await execute(it_, actions, 100), treasurer.address);
    expect(exitCodeOf(early!)).not.toBe(0);
    const veto = vaultBodies.vaultVeto({ queryId, id: 100, reason: reasonCell('evil') });
    await deliver(asWorld(it_), { from: it_.guardian, to: treasurer.address, value: ENOUGH, body: veto });
    it_.advance(1);
    const [vetoed] = txsOf(await execute(it_, actions, 100), treasurer.address);
    expect(exitCodeOf(vetoed!)).not.toBe(0);
  });

  it('keeps no deposit that it does not confirm: the coins never leave the Stake, and the member takes them back at once', async () => {
    const [member, stake] = [it_.members[1]!, it_.stakes[1]!];
    const had = await balanceOf(asWorld(it_), member.address);
    // The relay fails on the news of it, which comes back.
    await stake.sendDeposit(member.getSender(), { amount: 7n * TON });
    expect(await expectSound(it_, 1, MEMBER_STAKE + 7n * TON)).toMatchObject({ refundable: 7n * TON, pend: 0n });
    await stake.sendWithdraw(member.getSender());
    await expectSound(it_, 1, MEMBER_STAKE);
    expect(had - (await balanceOf(asWorld(it_), member.address))).toBeLessThan(TON / 5n);
  });
});
