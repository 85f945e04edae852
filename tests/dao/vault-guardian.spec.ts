import { beginCell, type Cell, toNano } from '@ton/core';
import { actionsHash, bodies, ExitCode, OperationState, reasonCell, vaultBodies } from '../../wrappers';
import { conserving } from '../support/conservation';
import { hashOf } from '../support/keys';
import { expectRejection } from '../support/rejection';
import { sentBy } from '../support/trace';
import {
  actsOf,
  createVaultWorld,
  DAY,
  exitsOf,
  firstTx,
  given,
  libraryCell,
  logsOf,
  makeReady,
  payments,
  rentOf,
  VALUE,
  type VaultWorld,
} from '../support/vault-world';
import { startEachTestFrom } from '../support/world';

/** The guardian stops an operation once and pauses seldom, until its term ends; a second pass stands (A9, A3). */

let it: VaultWorld;
let act: ReturnType<typeof actsOf>;

startEachTestFrom(async () => {
  it = await createVaultWorld();
  act = actsOf(it);
  return it.world;
});

const actions = () => payments(it.people.payee.address, 2);
const reason = () => reasonCell('no');
const vetoBody = (id: number, text: Cell = reason()) => vaultBodies.vaultVeto({ queryId: 9n, id, reason: text });
const pauseBody = (seconds: number) => vaultBodies.vaultPause({ queryId: 9n, seconds });
const refused = (body: Cell, code: number, value = VALUE) =>
  expectRejection(it.world, { from: it.people.guardian, to: it.vault.address, value, body }, code);

describe('a veto', () => {
  test('ends the operation, tells the Proposal and writes the reason down, at the cost of the guardian', async () => {
    await act.schedule(7, actions());
    const text = reasonCell('not in our interest');
    const { result, gain } = await conserving(it.world, () => act.veto(7, { reason: text }));
    expect(logsOf(it, result)).toEqual([{ kind: 'veto', queryId: 9n, id: 7, reason: 'not in our interest' }]);
    const internal = firstTx(it, result)
      .outMessages.values()
      .filter(({ info }) => info.type === 'internal');
    expect(internal.map(({ info }) => `${info.dest}`)).toEqual([
      `${it.people.proposal.address}`,
      `${it.people.guardian.address}`,
    ]);
    expect(internal[0]!.body.equals(vaultBodies.opVetoed({ queryId: 9n, id: 7 }))).toBe(true);
    expect(await it.vault.getOperation(7)).toMatchObject({ state: OperationState.vetoed });
    const vetoed = new Map([[actionsHash(actions()).toString('hex'), it.world.now()]]);
    expect(await it.vault.getVetoed()).toEqual(vetoed);
    expect(gain(it.vault.address)).toBe(-rentOf(it.vault.address, result));
    expect(gain(it.people.guardian.address)).toBeGreaterThan(-toNano('0.01'));
    it.world.advance(5 * DAY);
    expect(exitsOf(it, await act.execute(7, actions()))).toEqual([ExitCode.unknownOperation]);
  });

  test('is for what waits: nothing unknown, done, vetoed or expired', async () => {
    await refused(vetoBody(7), ExitCode.unknownOperation);
    await makeReady(it, 7, actions());
    await act.execute(7, actions());
    await refused(vetoBody(7), ExitCode.unknownOperation);
    await act.schedule(8, payments(it.people.payee.address, 1));
    await act.veto(8);
    await refused(vetoBody(8), ExitCode.unknownOperation);
    await act.schedule(9, payments(it.people.payee.address, 3));
    await act.schedule(10, payments(it.people.payee.address, 4));
    it.world.advance(19 * DAY - 1);
    expect(exitsOf(it, await act.veto(9))).toEqual([0]);
    it.world.advance(1);
    await refused(vetoBody(10), ExitCode.opExpired);
  });

  test('is suspensive: the same actions that pass again are executed', async () => {
    await act.schedule(7, actions());
    await act.veto(7);
    await act.schedule(8, actions());
    expect(await it.vault.getOperation(8)).toMatchObject({ unvetoable: true });
    await refused(vetoBody(8), ExitCode.unvetoable);
    it.world.advance(5 * DAY);
    expect(exitsOf(it, await act.execute(8, actions()))).toEqual([0]);
  });

  test('cannot hit the same actions twice, when both wait', async () => {
    await act.schedule(7, actions());
    await act.schedule(8, actions());
    await act.veto(7);
    expect(await it.vault.getOperation(8)).toMatchObject({ unvetoable: false });
    await refused(vetoBody(8), ExitCode.unvetoable);
  });

  test('does not stop other actions, and can hit those', async () => {
    await act.schedule(7, actions());
    await act.veto(7);
    await act.schedule(8, payments(it.people.payee.address, 3));
    expect(await it.vault.getOperation(8)).toMatchObject({ unvetoable: false });
    expect(exitsOf(it, await act.veto(8))).toEqual([0]);
  });

  test('is remembered for 180 days to the second', async () => {
    const hash = actionsHash(actions()).toString('hex');
    await given(it, { vetoed: new Map([[hash, it.world.now() - 180 * DAY + 1]]) });
    await act.schedule(7, actions());
    expect(await it.vault.getOperation(7)).toMatchObject({ unvetoable: true });
    it.world.advance(1);
    await act.schedule(8, actions());
    expect(await it.vault.getOperation(8)).toMatchObject({ unvetoable: false });
    // What was known when it was scheduled stays known.
    await refused(vetoBody(7), ExitCode.unvetoable);
    expect(exitsOf(it, await act.veto(8))).toEqual([0]);
    expect(await it.vault.getVetoed()).toEqual(new Map([[hash, it.world.now()]]));
  });

  test('makes room among eight: the forgotten go, else the oldest', async () => {
    const key = (index: number) => hashOf(`actions ${index}`).toString('hex');
    const now = it.world.now();
    const own = actionsHash(actions()).toString('hex');
    const eight = new Map(Array.from({ length: 8 }, (_, index) => [key(index), now - 100 + ((index * 3) % 8)]));
    await act.schedule(7, actions());
    await given(it, { vetoed: eight });
    await act.veto(7);
    const expected = new Map([...eight, [own, now] as const]);
    expected.delete(key(0));
    expect(sorted(await it.vault.getVetoed())).toEqual(sorted(expected));

    await act.schedule(8, payments(it.people.payee.address, 3));
    const old = now - 180 * DAY;
    await given(it, { vetoed: new Map([...eight, [key(4), old], [key(6), old - 5]]) });
    await act.veto(8);
    expect((await it.vault.getVetoed()).size).toBe(7);
    expect((await it.vault.getVetoed()).has(key(0))).toBe(true);

    const seven = new Map([...eight].slice(1));
    await act.schedule(9, payments(it.people.payee.address, 4));
    await given(it, { vetoed: seven });
    await act.veto(9);
    expect((await it.vault.getVetoed()).size).toBe(8);
  });

  const sorted = (map: Map<string, number>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

  describe('with a reason', () => {
    beforeEach(() => act.schedule(7, actions()));

    test.each([
      ['of 512 bytes', () => reasonCell('x'.repeat(512))],
      ['of none', () => beginCell().endCell()],
    ])('%s is taken', async (_, text) => {
      expect(exitsOf(it, await act.veto(7, { reason: text() }))).toEqual([0]);
    });

    test.each([
      ['of 513 bytes', () => reasonCell('x'.repeat(513))],
      ['that is no bytes', () => beginCell().storeUint(1, 7).endCell()],
      ['with two references', () => beginCell().storeUint(1, 8).storeRef(beginCell()).storeRef(beginCell()).endCell()],
      ['that only points on', () => beginCell().storeRef(reason()).endCell()],
      ['in a library', () => libraryCell(reason().hash())],
      ['that ends in a library', () => beginCell().storeUint(1, 8).storeRef(libraryCell(reason().hash())).endCell()],
    ])('%s is refused', (_, text) => refused(vetoBody(7, text()), ExitCode.badReason));

    test('needs a value that pays for it', () => refused(vetoBody(7), ExitCode.lowMsgValue, toNano('0.004')));
  });
});

describe('a pause', () => {
  test.each([1, 7 * DAY])('of %i seconds stops execution for so long', async (seconds) => {
    await makeReady(it, 7, actions());
    const { result, gain } = await conserving(it.world, () => act.pause(seconds));
    expect(sentBy(firstTx(it, result)).map(({ op }) => op)).toEqual(['stakeExcess']);
    expect(gain(it.vault.address)).toBe(-rentOf(it.vault.address, result));
    const now = it.world.now();
    expect(await it.vault.getData()).toMatchObject({ pausedUntil: now + seconds, lastPause: now });
    it.world.advance(seconds - 1);
    expect(exitsOf(it, await act.execute(7, actions()))).toEqual([ExitCode.paused]);
    it.world.advance(1);
    expect(exitsOf(it, await act.execute(7, actions()))).toEqual([0]);
  });

  test.each([0, 7 * DAY + 1])('of %i seconds is refused', (seconds) =>
    refused(pauseBody(seconds), ExitCode.guardianLimit),
  );

  test('comes once in 60 days, to the second', async () => {
    await act.pause(5);
    it.world.advance(60 * DAY - 1);
    await refused(pauseBody(5), ExitCode.guardianLimit);
    it.world.advance(1);
    expect(exitsOf(it, await act.pause(5))).toEqual([0]);
  });

  test('stops neither schedules nor vetoes', async () => {
    await act.pause(DAY);
    expect(exitsOf(it, await act.schedule(7, actions()))).toEqual([0]);
    expect(exitsOf(it, await act.veto(7))).toEqual([0]);
  });

  test('never makes an operation expire: the grace is longer', async () => {
    await given(it, { limits: { ...(await it.vault.getData()).limits, grace: 8 * DAY } });
    await makeReady(it, 7, actions());
    await act.pause(7 * DAY);
    it.world.advance(7 * DAY);
    expect(exitsOf(it, await act.execute(7, actions()))).toEqual([0]);
  });

  test('needs a value that pays for it', () => refused(pauseBody(5), ExitCode.lowMsgValue, toNano('0.003')));
});

describe('the end of the term', () => {
  const acts = (): [Cell, number][] => [
    [vetoBody(7), 1],
    [pauseBody(5), 2],
    [vaultBodies.vaultRevoke({ queryId: 9n, body: bodies.rootDelModelType({ queryId: 1n, hash: hashOf('m') }) }), 3],
  ];

  test('is the end of every power, to the second', async () => {
    await act.schedule(7, actions());
    await given(it, { guardianUntil: it.world.now() });
    for (const [body] of acts()) await refused(body, ExitCode.notGuardian);
    await given(it, { guardianUntil: it.world.now() + 1 });
    for (const [body] of acts()) expect(exitsOf(it, await act.send(it.people.guardian, body))[0]).toBe(0);
  });

  test('is the end of a pause too', async () => {
    await makeReady(it, 7, actions());
    await given(it, { guardianUntil: it.world.now() + 10 });
    await act.pause(7 * DAY);
    it.world.advance(9);
    expect(exitsOf(it, await act.execute(7, actions()))).toEqual([ExitCode.paused]);
    it.world.advance(1);
    expect(exitsOf(it, await act.execute(7, actions()))).toEqual([0]);
  });

  test('leaves a veto as it was', async () => {
    await act.schedule(7, actions());
    await act.veto(7);
    await given(it, { guardianUntil: it.world.now() });
    it.world.advance(5 * DAY);
    expect(exitsOf(it, await act.execute(7, actions()))).toEqual([ExitCode.unknownOperation]);
  });
});
