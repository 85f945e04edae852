import { Address } from '@ton/core';
import { daoBodies, ExitCode } from '../../wrappers';
import { DAY, type DaoWorld, proposalOf, propose, stakeOf, TON } from '../support/dao-world';
import { expectRejection } from '../support/rejection';
import {
  asWorld,
  createStaked,
  delegate,
  deposit,
  epochOf,
  expectRefused,
  expectSound,
  freeze,
  SILENT,
  say,
  speak,
  sync,
  THROWING,
  undelegate,
  unstake,
  vote,
  whileReplaced,
  withdraw,
} from '../support/stake-acts';
import { exitCodeOf, txsOf } from '../support/trace';
import { startEachTestFrom } from '../support/world';

let dao: DaoWorld;
startEachTestFrom(async () => {
  dao = await createStaked();
  return asWorld(dao);
});

const ALL = 1_000n * TON;
const a = () => dao.stakes[0]!;
const b = () => dao.stakes[1]!;
const readA = () => a().getData();
const readB = () => b().getData();
const today = () => epochOf(dao.now());
const byMember = (body: ReturnType<typeof daoBodies.stakeSync>, value = 2n * TON) => ({
  from: dao.members[0]!,
  to: a().address,
  value,
  body,
});
const delegateBody = (to: Address) => daoBodies.stakeDelegate({ queryId: 1n, delegate: to });
const undelegateBody = daoBodies.stakeUndelegate({ queryId: 1n });

describe('delegation', () => {
  it('moves the weight for snapshots from tomorrow on and no coins', async () => {
    await delegate(dao, 0, 1);
    expect(await expectSound(dao, 0, ALL)).toMatchObject({ own: 0n, out: ALL, busy: 0 });
    expect(await expectSound(dao, 1, ALL)).toMatchObject({ own: ALL, inn: ALL });
    expect([await a().getWeightAt(today()), await b().getWeightAt(today())]).toEqual([0n, ALL]);
    expect([await a().getWeightAt(today() + 1), await b().getWeightAt(today() + 1)]).toEqual([0n, 2n * ALL]);
    expect((await dao.dao.getData()).total).toBe(3n * ALL);
  });

  it('counts no unit twice in a proposal of today, wherever it moves', async () => {
    await propose(dao, 2);
    const epoch = today();
    dao.advance(DAY);
    await vote(dao, 0, proposalOf(dao, 1).address, epoch, { yes: ALL });
    await delegate(dao, 0, 1);
    dao.advance(DAY);
    const { address } = proposalOf(dao, 1);
    const body = { yes: ALL + 1n, no: 0n, abstain: 0n, proposal: address, epoch, queryId: 1n };
    const over = { from: dao.members[1]!, to: b().address, value: 2n * TON, body: daoBodies.stakeVote(body) };
    await expectRejection(asWorld(dao), over, ExitCode.stakeTooMuch);
    await undelegate(dao, 0);
    dao.advance(DAY);
    expect([await a().getWeightAt(epoch), await b().getWeightAt(epoch)]).toEqual([0n, ALL]);
    await vote(dao, 1, address, epoch, { no: ALL });
    const { yes, no, total } = await proposalOf(dao, 1).getData();
    expect([yes, no, total]).toEqual([ALL, ALL, 3n * ALL]);
  });

  it('and its end keep the warm-up of what moves', async () => {
    await whileReplaced(dao, dao.dao.address, SILENT, () => deposit(dao, 0, 70n * TON));
    const label = today() + 7;
    const activated = daoBodies.stakeActivated({ queryId: 1n, amount: 70n * TON, label });
    await speak(dao, dao.dao.address, a().address, activated);
    await delegate(dao, 0, 1);
    expect((await readB()).labels.get(label)).toBe(ALL + 70n * TON);
    await undelegate(dao, 0);
    expect((await readA()).labels).toEqual(new Map([[label, ALL + 70n * TON]]));
    expect(await a().getWeightAt(label - 1)).toBe(0n);
    expect(await b().getWeightAt(today())).toBe(ALL);
  });

  it('brings a Stake to life for a delegate that has none', async () => {
    const someone = await dao.chain.treasury('newcomer');
    await say(dao, 0, delegateBody(someone.address));
    const stake = stakeOf(dao.chain, dao.dao.address, someone.address);
    expect(await stake.getData()).toMatchObject({ inn: ALL, own: 0n });
    expect(await readA()).toMatchObject({ busy: 0, out: ALL });
  });

  it('of what is staked later goes to the same delegate when it is sent again', async () => {
    await delegate(dao, 0, 1);
    await deposit(dao, 0, 5n * TON);
    expect(await readA()).toMatchObject({ own: 5n * TON, out: ALL });
    await delegate(dao, 0, 1);
    expect(await expectSound(dao, 0, ALL + 5n * TON)).toMatchObject({ own: 0n, out: ALL + 5n * TON });
    expect((await readB()).inn).toBe(ALL + 5n * TON);
  });

  it('is not passed on', async () => {
    await delegate(dao, 0, 1);
    await delegate(dao, 1, 2);
    expect(await readB()).toMatchObject({ own: 0n, inn: ALL, out: ALL });
    expect((await dao.stakes[2]!.getData()).inn).toBe(ALL);
  });

  it('in a circle moves each member its own stake', async () => {
    await delegate(dao, 0, 1);
    await delegate(dao, 1, 2);
    await delegate(dao, 2, 0);
    for (const i of [0, 1, 2]) expect(await expectSound(dao, i, ALL)).toMatchObject({ own: 0n, inn: ALL, out: ALL });
    for (const i of [2, 0, 1]) await undelegate(dao, i);
    for (const i of [0, 1, 2]) expect(await expectSound(dao, i, ALL)).toMatchObject({ own: ALL, inn: 0n, out: 0n });
  });

  it('is refused to oneself, to another workchain, to a second delegate, and of nothing', async () => {
    for (const to of [dao.members[0]!.address, new Address(-1, Buffer.alloc(32, 1))]) {
      await expectRejection(asWorld(dao), byMember(delegateBody(to)), ExitCode.badDelegate);
    }
    await delegate(dao, 0, 1);
    const again = byMember(delegateBody(dao.members[1]!.address));
    await expectRejection(asWorld(dao), again, ExitCode.stakeNothing);
    await expectRejection(asWorld(dao), byMember(delegateBody(dao.members[2]!.address)), ExitCode.badDelegate);
    await expectRejection(asWorld(dao), byMember(again.body, TON / 1_000n), ExitCode.lowMsgValue);
  });

  it('of dust from many members keeps the labels of the delegate within bounds', async () => {
    for (let i = 0; i < 20; i += 1) {
      const from = await dao.chain.treasury(`dust ${i}`);
      const body = daoBodies.delegateIn({ queryId: 1n, amount: 1n, top: today() + i * 7, from: from.address });
      await speak(dao, stakeOf(dao.chain, dao.dao.address, from.address).address, b().address, body);
      dao.advance(DAY / 4);
    }
    const { inn, labels } = await expectSound(dao, 1, ALL);
    expect(inn).toBe(20n);
    expect(Math.max(...labels.keys())).toBeLessThanOrEqual(today() + 15);
  });
});

describe('the end of a delegation', () => {
  it('returns exactly what was delegated; what others delegated stays', async () => {
    await delegate(dao, 0, 1);
    await delegate(dao, 2, 1);
    await undelegate(dao, 0);
    expect(await expectSound(dao, 0, ALL)).toMatchObject({ own: ALL, out: 0n, busy: 0 });
    expect(await readB()).toMatchObject({ own: ALL, inn: ALL });
    expect(await readA()).toMatchObject({ labels: new Map([[today() + 1, ALL]]) });
  });

  it('is refused with nothing delegated and with too little value', async () => {
    await expectRejection(asWorld(dao), byMember(undelegateBody), ExitCode.stakeNothing);
    await expectRejection(asWorld(dao), byMember(undelegateBody, TON / 1_000n), ExitCode.lowMsgValue);
  });

  it('of more than was delegated is refused by the delegate', async () => {
    await delegate(dao, 0, 1);
    const body = daoBodies.undelegate({ queryId: 1n, amount: ALL + 1n, from: dao.members[0]!.address });
    await expectRefused(dao, { from: a().address, to: b().address, body }, ExitCode.stakeTooMuch);
  });

  it('that comes back can be asked for again', async () => {
    await delegate(dao, 0, 1);
    await whileReplaced(dao, b().address, THROWING, () => undelegate(dao, 0));
    expect(await expectSound(dao, 0, ALL)).toMatchObject({ out: ALL, own: 0n, busy: 0 });
    await undelegate(dao, 0);
    expect(await readA()).toMatchObject({ out: 0n, own: ALL, busy: 0 });
  });
});

describe('while a delegation is under way', () => {
  /** The delegate does not answer yet. */
  const start = () => whileReplaced(dao, b().address, SILENT, () => delegate(dao, 0, 1));

  it('no other begins, and the member may still unstake and vote', async () => {
    await start();
    expect((await readA()).busy).toBe(1);
    for (const body of [delegateBody(dao.members[1]!.address), undelegateBody]) {
      await expectRejection(asWorld(dao), byMember(body), ExitCode.stakeBusy);
    }
    await deposit(dao, 0, 3n * TON);
    const result = await unstake(dao, 0, 3n * TON);
    expect(txsOf(result, a().address).map(exitCodeOf)).toEqual([0]);
  });

  it('only the delegate can confirm it, and once', async () => {
    await start();
    const ok = daoBodies.delegateOk({ queryId: 1n });
    for (const from of [dao.stakes[2]!.address, dao.members[0]!.address, dao.dao.address]) {
      await expectRefused(dao, { from, to: a().address, body: ok }, ExitCode.daoBadSender);
    }
    await speak(dao, b().address, a().address, ok);
    expect((await readA()).busy).toBe(0);
    await expectRefused(dao, { from: b().address, to: a().address, body: ok }, ExitCode.stakeBusy);
    const end = daoBodies.undelegateOk({ queryId: 1n, amount: ALL, top: 0 });
    await expectRefused(dao, { from: b().address, to: a().address, body: end }, ExitCode.stakeBusy);
  });

  it('an answer that belongs to its end is refused', async () => {
    await start();
    const end = daoBodies.undelegateOk({ queryId: 1n, amount: ALL, top: 0 });
    await expectRefused(dao, { from: b().address, to: a().address, body: end }, ExitCode.stakeBusy);
    await expectRefused(dao, { from: dao.stakes[2]!.address, to: a().address, body: end }, ExitCode.daoBadSender);
  });

  it('stake that leaves is told to the delegate and then to the Dao once it is confirmed', async () => {
    await start();
    await unstake(dao, 0, 400n * TON);
    expect(await expectSound(dao, 0, ALL)).toMatchObject({ exit: 400n * TON, out: 600n * TON, busy: 1 });
    const entered = daoBodies.delegateIn({ queryId: 1n, amount: ALL, top: 0, from: dao.members[0]!.address });
    await speak(dao, a().address, b().address, entered);
    expect(await expectSound(dao, 0, ALL)).toMatchObject({ exit: 0n, out: 600n * TON, busy: 0, unsynced: 0n });
    expect((await readB()).inn).toBe(600n * TON);
    expect((await dao.dao.getData()).total).toBe(3n * ALL - 400n * TON);
  });

  it.each([
    ['throws', () => whileReplaced(dao, b().address, THROWING, () => delegate(dao, 0, 1))],
    [
      'is frozen',
      async () => {
        await freeze(dao, b().address);
        await delegate(dao, 0, 1);
      },
    ],
  ])('a delegate that %s gives all back, to count from tomorrow', async (_, lose) => {
    await lose();
    expect(await expectSound(dao, 0, ALL)).toMatchObject({ own: ALL, out: 0n, busy: 0, exit: 0n });
    expect((await readA()).labels).toEqual(new Map([[today() + 1, ALL]]));
    const other = await delegate(dao, 0, 2);
    expect(txsOf(other, a().address).map(exitCodeOf)).toEqual([0, 0]);
  });
});

describe('leaving while delegated', () => {
  it('starts at once, tells the delegate, then the Dao', async () => {
    await delegate(dao, 0, 1);
    await unstake(dao, 0, 300n * TON);
    expect(await expectSound(dao, 0, ALL)).toMatchObject({ out: 700n * TON, exit: 0n, unbonding: 300n * TON });
    expect((await readB()).inn).toBe(700n * TON);
    expect((await dao.dao.getData()).total).toBe(3n * ALL - 300n * TON);
  });

  it('needs nothing of the delegate: coins are paid though it never answers, and totals stay conservative', async () => {
    await delegate(dao, 0, 1);
    await whileReplaced(dao, b().address, SILENT, () => unstake(dao, 0, ALL));
    expect(await expectSound(dao, 0, ALL)).toMatchObject({ exit: ALL, busy: 2, unbonding: ALL, out: 0n });
    expect((await dao.dao.getData()).total).toBe(3n * ALL);
    dao.advance(21 * DAY);
    await withdraw(dao, 0);
    await expectSound(dao, 0, 0n);
  });

  it('that the delegate sends back is told again with stake_sync', async () => {
    await delegate(dao, 0, 1);
    await whileReplaced(dao, b().address, THROWING, () => unstake(dao, 0, ALL));
    expect(await expectSound(dao, 0, ALL)).toMatchObject({ exit: ALL, busy: 0 });
    await expectRejection(asWorld(dao), byMember(undelegateBody), ExitCode.stakeBusy);
    await sync(dao, 0);
    expect(await expectSound(dao, 0, ALL)).toMatchObject({ exit: 0n, unsynced: 0n, busy: 0 });
    expect(await dao.dao.getData()).toMatchObject({ total: 2n * ALL, members: 2 });
    expect((await readB()).inn).toBe(0n);
  });

  it('waits for the delegate before stake_sync can say it again', async () => {
    await delegate(dao, 0, 1);
    await whileReplaced(dao, b().address, SILENT, () => unstake(dao, 0, ALL));
    await expectRejection(asWorld(dao), byMember(daoBodies.stakeSync({ queryId: 1n })), ExitCode.stakeBusy);
  });

  it('takes what is not delegated first, and both are told', async () => {
    await delegate(dao, 0, 1);
    await deposit(dao, 0, 50n * TON);
    await unstake(dao, 0, 80n * TON);
    expect(await expectSound(dao, 0, ALL + 50n * TON)).toMatchObject({ own: 0n, out: 970n * TON, exit: 0n });
    expect((await readB()).inn).toBe(970n * TON);
    expect((await dao.dao.getData()).total).toBe(3n * ALL - 30n * TON);
  });
});
