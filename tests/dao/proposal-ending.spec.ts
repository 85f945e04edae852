import { Address } from '@ton/core';
import { daoBodies, ExitCode, type ProposalInfo, ProposalStatus, packActions, vaultBodies } from '../../wrappers';
import {
  asWorld,
  createProposal,
  ENOUGH,
  expectBounce,
  givenDao,
  givenProposal,
  goTo,
  vote,
} from '../support/dao-acts';
import { DAY, TON } from '../support/dao-world';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, isBounce, opOf, storageFeeOf, txsOf } from '../support/trace';
import { balanceOf, startEachTestFrom } from '../support/world';

type Scene = Awaited<ReturnType<typeof createProposal>>;
const QUORUM = 300n * TON;
const passing = { yes: QUORUM, no: 0n, abstain: 0n };

describe('the end of a proposal', () => {
  let it_: Scene;
  startEachTestFrom(async () => {
    const it = await createProposal({ actions: null });
    it_ = it;
    return asWorld(it);
  });
  const terms = () => it_.proposal.getData();
  const over = async () => goTo(it_, (await terms()).endAt);
  const finalize = (value = ENOUGH) =>
    deliver(asWorld(it_), {
      from: it_.members[2]!,
      to: it_.proposal.address,
      value,
      body: daoBodies.proposalFinalize({ queryId: 3n }),
    });
  const refuses = (body: Parameters<typeof deliver>[1]['body'], code: number, from = it_.members[2]!, value = ENOUGH) =>
    expectRejection(asWorld(it_), { from, to: it_.proposal.address, value, body }, code);
  const refusesFinalize = () => refuses(daoBodies.proposalFinalize({ queryId: 3n }), ExitCode.proposalState);

  it.each<[string, Partial<ProposalInfo>, boolean]>([
    ['the quorum exactly, all for it: passes', { yes: QUORUM }, true],
    ['one nanoTON less than the quorum: fails', { yes: QUORUM - 1n }, false],
    ['the quorum with abstentions: passes', { yes: 1n, abstain: QUORUM - 1n }, true],
    ['a quorum only with those against: fails', { yes: QUORUM - 1n, no: 100n * TON }, false],
    ['a tie: fails', { yes: QUORUM, no: QUORUM }, false],
    ['one nanoTON more for than against: passes', { yes: QUORUM + 1n, no: QUORUM }, true],
    ['abstentions only: fails', { abstain: 3_000n * TON }, false],
    ['nobody: fails', {}, false],
    [
      'critical, exactly its share: passes',
      { critical: true, approvalBps: 6_667, yes: 6_667n * TON, no: 3_333n * TON },
      true,
    ],
    [
      'critical, one nanoTON too many against: fails',
      { critical: true, approvalBps: 6_667, yes: 6_667n * TON, no: 3_333n * TON + 1n },
      false,
    ],
    [
      'critical, two thirds are less than 66.67 %: fails',
      { critical: true, approvalBps: 6_667, yes: 2_000n * TON, no: 1_000n * TON },
      false,
    ],
    ['normal, exactly its share of 60 %: fails', { approvalBps: 6_000, yes: 600n * TON, no: 400n * TON }, false],
    ['normal, a nanoTON above its share: passes', { approvalBps: 6_000, yes: 600n * TON + 1n, no: 400n * TON }, true],
  ])('%s', async (_, votes, passes) => {
    await givenProposal(it_, votes);
    expect(await it_.proposal.getPassing()).toBe(passes);
    await over();
    await finalize();
    expect((await terms()).status).toBe(passes ? ProposalStatus.executed : ProposalStatus.defeated);
    expect((await it_.dao.getData()).open.size).toBe(0);
  });

  it('is not there a second before the end, and is there at the end', async () => {
    goTo(it_, (await terms()).endAt - 1);
    await refusesFinalize();
    await over();
    await finalize();
    expect((await terms()).status).toBe(ProposalStatus.defeated);
  });

  it('is after the extension, not after the first end', async () => {
    const { endAt } = await terms();
    goTo(it_, endAt - 1);
    await vote(it_, 1, { yes: 1_000n * TON });
    goTo(it_, endAt);
    await refusesFinalize();
    await over();
    await finalize();
    expect((await terms()).status).toBe(ProposalStatus.executed);
  });

  it.each([
    ['the proposer, when the quorum was reached and the proposal failed', { yes: 1n, abstain: QUORUM }, 0],
    ['the proposer, when it was reached and the proposal was voted down', { yes: QUORUM, no: 2n * QUORUM }, 0],
    ['the proposer, when the proposal passed', passing, 0],
    ['the Vault, when the quorum was not reached', { yes: QUORUM - 1n }, 1],
  ] as const)('the bond goes to %s, once', async (_, votes, to) => {
    await givenProposal(it_, votes);
    await over();
    const payees = [it_.members[0]!.address, it_.vault.address];
    const before = await Promise.all(payees.map((payee) => balanceOf(asWorld(it_), payee)));
    const held = await balanceOf(asWorld(it_), it_.proposal.address);
    const result = await finalize();
    const after = await Promise.all(payees.map((payee) => balanceOf(asWorld(it_), payee)));
    const gained = after.map((balance, index) => balance - before[index]!);
    expect(gained[1 - to]).toBe(0n);
    expect(it_.params.bond - gained[to]!).toBeLessThan(TON / 1_000n);
    // Rent apart, the proposal has spent nothing but the bond.
    const rent = txsOf(result, it_.proposal.address).reduce((sum, tx) => sum + storageFeeOf(tx), 0n);
    const kept = await balanceOf(asWorld(it_), it_.proposal.address);
    expect(kept).toBe(held - rent - it_.params.bond);
    await refusesFinalize();
    expect(await balanceOf(asWorld(it_), it_.proposal.address)).toBeGreaterThan(kept - TON / 1_000n);
  });

  it('is refused for too low a value, to the nanoTON the same way', async () => {
    await over();
    await refuses(daoBodies.proposalFinalize({ queryId: 3n }), ExitCode.lowMsgValue, it_.members[2]!, TON / 200n);
  });

  it('does nothing more once the proposal is executed, defeated, cancelled, queued or vetoed', async () => {
    await over();
    for (const status of [
      ProposalStatus.defeated,
      ProposalStatus.cancelled,
      ProposalStatus.scheduling,
      ProposalStatus.queued,
      ProposalStatus.executed,
      ProposalStatus.vetoed,
    ]) {
      await givenProposal(it_, { ...passing, status });
      await refusesFinalize();
    }
  });

  describe('cancel', () => {
    const cancel = daoBodies.proposalCancel({ queryId: 4n });

    it('returns the bond and frees the place until the start of voting', async () => {
      goTo(it_, (await terms()).startAt - 1);
      const before = await balanceOf(asWorld(it_), it_.members[0]!.address);
      await deliver(asWorld(it_), { from: it_.members[0]!, to: it_.proposal.address, value: ENOUGH, body: cancel });
      const gained = (await balanceOf(asWorld(it_), it_.members[0]!.address)) - before;
      expect(it_.params.bond - gained).toBeLessThan(TON / 20n);
      expect((await terms()).status).toBe(ProposalStatus.cancelled);
      expect((await it_.dao.getData()).open.size).toBe(0);
      await refuses(cancel, ExitCode.proposalState, it_.members[0]!);
    });

    it('is refused from the start of voting on', async () => {
      goTo(it_, (await terms()).startAt);
      await refuses(cancel, ExitCode.proposalState, it_.members[0]!);
    });

    it('is refused to everybody but the proposer', async () => {
      await refuses(cancel, ExitCode.notProposer, it_.members[1]!);
      await refuses(cancel, ExitCode.notProposer, it_.vault);
      const attempt = { from: it_.stakes[0]!.address, to: it_.proposal.address, value: ENOUGH, body: cancel };
      await expectBounce(it_, attempt, ExitCode.notProposer);
    });

    it('is refused for too low a value', () => refuses(cancel, ExitCode.lowMsgValue, it_.members[0]!, TON / 200n));
  });

  describe('cleanup', () => {
    const cleanup = daoBodies.proposalCleanup({ queryId: 5n });

    it.each([
      ['its last moment to be finalized', {}, 'finalizeBy'],
      ['the end of its operation, if that is later', { expires: 2_000_000_000 }, 'expires'],
    ] as const)('removes it 180 days after %s, and what it holds goes to the Vault', async (_, change, edge) => {
      await givenProposal(it_, { status: ProposalStatus.queued, ...change });
      const due = (await terms())[edge] + 180 * DAY;
      goTo(it_, due - 1);
      await refuses(cleanup, ExitCode.proposalState);
      goTo(it_, due);
      const [held, before] = [
        await balanceOf(asWorld(it_), it_.proposal.address),
        await balanceOf(asWorld(it_), it_.vault.address),
      ];
      const attempt = { from: it_.members[2]!, to: it_.proposal.address, value: ENOUGH, body: cleanup };
      await deliver(asWorld(it_), attempt);
      expect((await it_.chain.getContract(it_.proposal.address)).accountState?.type).toBeUndefined();
      const gained = (await balanceOf(asWorld(it_), it_.vault.address)) - before;
      expect(held + ENOUGH - gained).toBeLessThan(TON / 10n);
    });

    it('never removes one that nobody has finalized: its bond is still to be paid', async () => {
      goTo(it_, (await terms()).finalizeBy + 1_000 * DAY);
      await refuses(cleanup, ExitCode.proposalState);
      await finalize();
      expect((await terms()).status).toBe(ProposalStatus.defeated);
    });
  });

  it('comes late, after the last moment to be scheduled, without harm: the bond is paid, the place is free', async () => {
    goTo(it_, (await terms()).finalizeBy);
    const before = await balanceOf(asWorld(it_), it_.vault.address);
    await finalize();
    expect((await balanceOf(asWorld(it_), it_.vault.address)) - before).toBeGreaterThan(it_.params.bond - TON / 1_000n);
    expect((await it_.dao.getData()).open.size).toBe(0);
  });
});

describe('a passed proposal with actions', () => {
  let it_: Scene;
  startEachTestFrom(async () => {
    const target = new Address(0, Buffer.alloc(32, 9));
    const actions = packActions([{ to: target, value: TON, body: null, init: null }]);
    it_ = await createProposal({ actions });
    await givenProposal(it_, { critical: false, ...passing });
    goTo(it_, (await it_.proposal.getData()).endAt);
    return asWorld(it_);
  });
  const status = async () => (await it_.proposal.getData()).status;
  const finalize = () => it_.proposal.sendFinalize(it_.members[2]!.getSender(), { value: ENOUGH });
  const tell = (from: Scene['vault'] | Scene['vault']['address'], body: Parameters<typeof deliver>[1]['body']) =>
    deliver(asWorld(it_), { from, to: it_.proposal.address, value: TON, body });
  const scheduled = () => vaultBodies.opScheduled({ queryId: 1n, id: 1, eta: 1_900_000_000, expires: 1_900_600_000 });

  it('is handed to the Vault with its class, the hash of its actions and its address', async () => {
    const result = await finalize();
    expect(await status()).toBe(ProposalStatus.scheduling);
    const schedule = txsOf(result, it_.vault.address)[0]!.inMessage!;
    expect(opOf(schedule.body)).toBe('vaultSchedule');
    const s = schedule.body.beginParse().skip(96);
    expect([s.loadUint(32), s.loadUint(8)]).toEqual([1, 0]);
    const payload = await it_.proposal.getPayload();
    expect(s.loadBuffer(32).equals(payload!.actions!.hash())).toBe(true);
    expect(s.loadAddress().equals(it_.proposal.address)).toBe(true);
    // The place is taken until the Vault has answered.
    expect((await it_.dao.getData()).open.size).toBe(1);
  });

  it('waits, is executed or vetoed as the Vault says, and each only once', async () => {
    await finalize();
    await tell(it_.vault, scheduled());
    expect(await it_.proposal.getData()).toMatchObject({
      status: ProposalStatus.queued,
      eta: 1_900_000_000,
      expires: 1_900_600_000,
    });
    expect((await it_.dao.getData()).open.size).toBe(0);
    for (const [body, end] of [
      [vaultBodies.opDone({ queryId: 1n, id: 1 }), ProposalStatus.executed],
      [vaultBodies.opVetoed({ queryId: 1n, id: 1 }), ProposalStatus.vetoed],
    ] as const) {
      await givenProposal(it_, { status: ProposalStatus.queued });
      await tell(it_.vault, body);
      expect(await status()).toBe(end);
      for (const again of [body, scheduled(), vaultBodies.opDone({ queryId: 1n, id: 1 })]) {
        const attempt = { from: it_.vault, to: it_.proposal.address, value: TON, body: again };
        await expectRejection(asWorld(it_), attempt, ExitCode.proposalState);
      }
    }
  });

  it('may be finalized again when the Dao could not hand it over, until its last moment', async () => {
    // The Dao no longer knows it: the message comes back.
    const { open } = await it_.dao.getData();
    await givenDao(it_, { open: new Map() });
    const result = await finalize();
    expect(txsOf(result, it_.dao.address).map(exitCodeOf)).toEqual([ExitCode.unknownProposal]);
    expect(isBounce(txsOf(result, it_.proposal.address)[1]!.inMessage!)).toBe(true);
    expect(await status()).toBe(ProposalStatus.passed);
    goTo(it_, (await it_.proposal.getData()).finalizeBy - 1);
    await givenDao(it_, { open });
    await finalize();
    expect(await status()).toBe(ProposalStatus.scheduling);
    await givenProposal(it_, { status: ProposalStatus.passed });
    it_.advance(1);
    const body = daoBodies.proposalFinalize({ queryId: 3n });
    const attempt = { from: it_.members[2]!, to: it_.proposal.address, value: ENOUGH, body };
    await expectRejection(asWorld(it_), attempt, ExitCode.proposalState);
  });

  it('may be finalized again when the Dao says that the Vault did not take it, and pays no second bond', async () => {
    await finalize();
    const held = await balanceOf(asWorld(it_), it_.proposal.address);
    await tell(it_.dao.address, daoBodies.scheduleFailed({ queryId: 1n, id: 1, code: 0 }));
    expect(await status()).toBe(ProposalStatus.passed);
    await finalize();
    expect(await status()).toBe(ProposalStatus.scheduling);
    expect(await balanceOf(asWorld(it_), it_.proposal.address)).toBeGreaterThanOrEqual(held);
  });

  it.each([
    ['queued', ProposalStatus.queued],
    ['executed', ProposalStatus.executed],
    ['vetoed', ProposalStatus.vetoed],
    ['defeated', ProposalStatus.defeated],
    ['live', ProposalStatus.live],
  ])('is not brought back by a late failure notice when it is %s', async (_, before) => {
    await givenProposal(it_, { status: before });
    await tell(it_.dao.address, daoBodies.scheduleFailed({ queryId: 1n, id: 1, code: 0 }));
    expect(await status()).toBe(before);
  });

  it('stays unscheduled for ever when nobody has finalized it in time; the bond goes back', async () => {
    goTo(it_, (await it_.proposal.getData()).finalizeBy);
    const before = await balanceOf(asWorld(it_), it_.members[0]!.address);
    const result = await finalize();
    expect(txsOf(result, it_.vault.address)).toHaveLength(0);
    expect(await status()).toBe(ProposalStatus.passed);
    expect((await balanceOf(asWorld(it_), it_.members[0]!.address)) - before).toBeGreaterThan(
      it_.params.bond - TON / 100n,
    );
    const body = daoBodies.proposalFinalize({ queryId: 3n });
    const attempt = { from: it_.members[2]!, to: it_.proposal.address, value: ENOUGH, body };
    await expectRejection(asWorld(it_), attempt, ExitCode.proposalState);
  });
});
