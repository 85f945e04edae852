import { beginCell, type Cell, toNano } from '@ton/core';
import { type DaoAction, ExitCode, Op, OperationState, packActions, vaultBodies } from '../../wrappers';
import { conserving } from '../support/conservation';
import { expectRejection } from '../support/rejection';
import { reservesOf, sentBy } from '../support/trace';
import {
  actsOf,
  carryOut,
  createVaultWorld,
  DAY,
  exitsOf,
  firstTx,
  makeReady,
  pay,
  payments,
  rentOf,
  scheduleBody,
  setTreasury,
  takenBy,
  tell,
  VALUE,
  type VaultWorld,
} from '../support/vault-world';
import { balanceOf, startEachTestFrom } from '../support/world';

/** An operation that passed is executed within its time, once, and exactly as it was voted on (E1, E2, E6, E9). */

let it: VaultWorld;
let act: ReturnType<typeof actsOf>;
let actions: DaoAction[];

startEachTestFrom(async () => {
  it = await createVaultWorld();
  act = actsOf(it);
  return it.world;
});

beforeEach(() => {
  actions = payments(it.people.payee.address, 2);
});

const refused = (code: number, opts: { id?: number; actions?: Cell } = {}) => {
  const id = opts.id ?? 7;
  const body = vaultBodies.vaultExecute({ queryId: 3n, id, actions: opts.actions ?? packActions(actions) });
  return expectRejection(it.world, { from: it.people.executor, to: it.vault.address, value: VALUE, body }, code);
};

describe('execution', () => {
  test('sends what was voted on, tells the Proposal and returns the unspent value', async () => {
    const { vault, people } = it;
    await makeReady(it, 7, actions);
    const balance = await balanceOf(it.world, vault.address);
    const { result, gain } = await conserving(it.world, () => act.execute(7, actions));
    const sent = sentBy(firstTx(it, result));
    expect(sent.map(({ op, mode, bounce }) => ({ op, mode, bounce }))).toEqual([
      { op: 'payout', mode: 17, bounce: true },
      { op: 'payout', mode: 17, bounce: true },
      { op: 'opDone', mode: 17, bounce: false },
      { op: 'stakeExcess', mode: 130, bounce: false },
    ]);
    expect(sent.map(({ to }) => to.toString())).toEqual(
      [people.payee, people.payee, people.proposal, people.executor].map(({ address }) => address.toString()),
    );
    expect(takenBy(people.payee.address, result).map(({ value }) => value)).toEqual(actions.map(({ value }) => value));
    const done = sent[2]!.body.beginParse();
    expect([done.loadUint(32), done.loadUint(64), done.loadUint(32)]).toEqual([Op.opDone, 7, 7]);
    expect(sent[3]!.body.equals(beginCell().storeUint(Op.stakeExcess, 32).storeUint(7, 64).endCell())).toBe(true);
    // The treasury loses what the actions carry, to the nanoTON; the executor pays everything else.
    const rent = rentOf(vault.address, result);
    const value = actions[0]!.value + actions[1]!.value;
    expect(gain(vault.address)).toBe(-value - rent);
    expect(reservesOf(firstTx(it, result))).toEqual([{ coins: balance - value - rent, mode: 16 }]);
    expect(gain(people.executor.address)).toBeGreaterThan(-toNano('0.02'));
    expect(await vault.getOperation(7)).toMatchObject({ state: OperationState.done });
  });

  test('ten actions are sent in their order', async () => {
    actions = payments(it.people.payee.address, 10);
    await makeReady(it, 7, actions);
    const result = await act.execute(7, actions);
    const taken = takenBy(it.people.payee.address, result);
    expect(taken.map(({ value }) => value)).toEqual(actions.map(({ value }) => value));
    expect(taken.map(({ body }) => body.hash().toString('hex'))).toEqual(
      actions.map(({ body }) => body!.hash().toString('hex')),
    );
  });

  test('anybody may execute, and carry any number of operations out in any order', async () => {
    const other = payments(it.people.otherPayee.address, 1);
    await act.schedule(7, actions);
    await makeReady(it, 8, other);
    const { stranger, carrier } = it.world.actors;
    expect(exitsOf(it, await act.execute(8, other, { from: stranger }))).toEqual([0]);
    expect(exitsOf(it, await act.execute(7, actions, { from: carrier }))).toEqual([0]);
  });

  test('deploys a contract with a state init, and sends an empty body for none', async () => {
    const code = beginCell().storeUint(1, 8).endCell();
    const init = { code, data: beginCell().endCell() };
    actions = [{ to: it.people.payee.address, value: toNano('1'), body: null, init }, pay(it.people.payee.address, 5n)];
    const result = await carryOut(it, 7, actions);
    const [first, second] = firstTx(it, result).outMessages.values();
    expect(first!.init?.code?.equals(code)).toBe(true);
    expect([first!.body.bits.length, first!.body.refs.length]).toEqual([0, 0]);
    expect(second!.init ?? null).toBeNull();
  });
});

describe('what execution asks for, each alone', () => {
  beforeEach(() => makeReady(it, 7, actions));

  test('that the operation was scheduled', () => refused(ExitCode.unknownOperation, { id: 8 }));

  test('that the timelock is over: one second before, and then', async () => {
    it.world.advance(-1);
    await refused(ExitCode.timelock);
    it.world.advance(1);
    expect(exitsOf(it, await act.execute(7, actions))).toEqual([0]);
  });

  test('that its time is not over: one second after eta', async () => {
    it.world.advance(1);
    expect(exitsOf(it, await act.execute(7, actions))).toEqual([0]);
  });

  test('that its time is not over: at the last second', async () => {
    it.world.advance(14 * DAY - 1);
    expect(exitsOf(it, await act.execute(7, actions))).toEqual([0]);
  });

  test.each([0, 1])('that its time is not over: %i seconds after the end', async (late) => {
    it.world.advance(14 * DAY + late);
    await refused(ExitCode.opExpired);
  });

  test('that it is not vetoed', async () => {
    await act.veto(7);
    await refused(ExitCode.unknownOperation);
  });

  test('that nobody has paused: until the second, and then not', async () => {
    await act.pause(DAY);
    await refused(ExitCode.paused);
    it.world.advance(DAY - 1);
    await refused(ExitCode.paused);
    it.world.advance(1);
    expect(exitsOf(it, await act.execute(7, actions))).toEqual([0]);
  });

  test('that these are the actions', async () => {
    const [first, second] = actions as [DaoAction, DaoAction];
    const others = [
      [second, first],
      [first],
      [first, second, second],
      [{ ...first, value: first.value + 1n }, second],
      [{ ...first, to: it.people.otherPayee.address }, second],
      [first, { ...second, body: null }],
      [first, { ...second, init: { code: beginCell().endCell(), data: beginCell().endCell() } }],
    ];
    for (const other of others) await refused(ExitCode.wrongActions, { actions: packActions(other) });
  });

  test('that the treasury can pay, and keeps its reserve', async () => {
    const value = actions[0]!.value + actions[1]!.value;
    const reserve = toNano('0.05');
    await setTreasury(it, value + reserve - 1n);
    await refused(ExitCode.lowSmcBalance);
    // Nothing is lost: with one nanoTON more it goes.
    await it.people.payee.send({ to: it.vault.address, value: toNano('0.1') });
    await setTreasury(it, value + reserve);
    const result = await act.execute(7, actions);
    expect(exitsOf(it, result)).toEqual([0]);
    expect(await balanceOf(it.world, it.vault.address)).toBe(reserve);
  });

  test('that the value pays for it', async () => {
    const body = vaultBodies.vaultExecute({ queryId: 3n, id: 7, actions: packActions(actions) });
    const attempt = { from: it.people.executor, to: it.vault.address, value: toNano('0.004'), body };
    await expectRejection(it.world, attempt, ExitCode.lowMsgValue);
  });
});

describe('once', () => {
  beforeEach(() => makeReady(it, 7, actions));

  test('a second execution is refused, also in the same second', async () => {
    await act.execute(7, actions);
    await refused(ExitCode.unknownOperation);
  });

  test('an executed operation cannot be scheduled again while its record is kept', async () => {
    await act.execute(7, actions);
    const again = { from: it.people.governor, to: it.vault.address, value: VALUE, body: scheduleBody(it, 7, actions) };
    await expectRejection(it.world, again, ExitCode.opRefused);
    it.world.advance(14 * DAY - 1);
    await expectRejection(it.world, again, ExitCode.opRefused);
  });

  test('executing it again is none of its own effects', async () => {
    const inner = vaultBodies.vaultExecute({ queryId: 4n, id: 8, actions: packActions(actions) });
    const outer = [tell(it.vault.address, inner, toNano('0.5'))];
    await makeReady(it, 8, outer);
    const result = await act.execute(8, outer);
    // The operation is done before its message arrives; what comes back stays in the treasury.
    expect(exitsOf(it, result)).toEqual([0, ExitCode.unknownOperation, 0]);
    expect(await it.vault.getOperation(8)).toMatchObject({ state: OperationState.done });
  });

  test('one operation may execute another, once, and the treasury pays the fees of that alone', async () => {
    const inner = vaultBodies.vaultExecute({ queryId: 4n, id: 7, actions: packActions(actions) });
    const outer = [tell(it.vault.address, inner, toNano('0.5')), tell(it.vault.address, inner, toNano('0.5'))];
    await makeReady(it, 8, outer);
    const { result, gain } = await conserving(it.world, () => act.execute(8, outer));
    expect(exitsOf(it, result).filter((code) => code === ExitCode.unknownOperation)).toHaveLength(1);
    expect(takenBy(it.people.payee.address, result)).toHaveLength(2);
    const spent = actions[0]!.value + actions[1]!.value;
    expect(gain(it.vault.address)).toBeLessThan(-spent);
    expect(gain(it.vault.address)).toBeGreaterThan(-spent - toNano('0.02'));
  });
});

describe('lists that are no lists', () => {
  /** Ready without having been packed by us. */
  async function readyList(list: Cell): Promise<void> {
    await makeReady(it, 9, actions, { hash: list.hash() });
  }
  const link = (next: Cell | null) =>
    beginCell()
      .storeAddress(it.people.payee.address)
      .storeCoins(5n)
      .storeBit(false)
      .storeBit(false)
      .storeMaybeRef(next);

  test('eleven actions are refused, ten are not', async () => {
    let list = link(null).endCell();
    for (let count = 1; count < 10; count += 1) list = link(list).endCell();
    const eleven = link(list).endCell();
    await readyList(eleven);
    await refused(ExitCode.wrongActions, { id: 9, actions: eleven });
    await makeReady(it, 10, actions, { hash: list.hash() });
    const body = vaultBodies.vaultExecute({ queryId: 3n, id: 10, actions: list });
    expect(exitsOf(it, await act.send(it.people.executor, body))).toEqual([0]);
  });

  test.each([
    ['empty', () => beginCell().endCell()],
    ['longer than an action', () => link(null).storeBit(false).endCell()],
    ['with a reference more', () => link(null).storeRef(beginCell()).endCell()],
    ['that ends in something else', () => link(beginCell().storeUint(1, 5).endCell()).endCell()],
  ])('a list %s is refused', async (_, list) => {
    await readyList(list());
    await refused(ExitCode.tvmCellUnderflow, { id: 9, actions: list() });
  });
});
