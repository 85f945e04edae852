import { Address, beginCell, type Cell, toNano } from '@ton/core';
import { DEFAULT_VAULT_LIMITS, ExitCode, Op, vaultBodies } from '../../wrappers';
import { withTrailingBit } from '../support/bodies';
import { conserving } from '../support/conservation';
import { expectRejection } from '../support/rejection';
import { exitCodeOf, txsOf } from '../support/trace';
import {
  actsOf,
  carryOut,
  createVaultWorld,
  DAY,
  exitsOf,
  makeReady,
  payments,
  readable,
  scheduleBody,
  selfMessage,
  tell,
  VALUE,
  type VaultWorld,
} from '../support/vault-world';
import { type Actor, dataOf, startEachTestFrom } from '../support/world';

/** What an executed operation changes about the Vault itself. */

let it: VaultWorld;
let act: ReturnType<typeof actsOf>;

startEachTestFrom(async () => {
  it = await createVaultWorld();
  act = actsOf(it);
  return it.world;
});

/** As an operation; whether the message to itself was taken. */
async function voted(body: Cell, id = 7): Promise<number | undefined> {
  const result = await carryOut(it, id, [tell(it.vault.address, body)]);
  return exitCodeOf(txsOf(result, it.vault.address)[1]!);
}

/** Straight from the Vault; refused and nothing changed. */
async function refused(body: Cell, code: number): Promise<void> {
  const before = await dataOf(it.world, it.vault.address);
  const result = await it.world.chain.sendMessage(selfMessage(it.vault.address, body));
  expect(exitCodeOf(txsOf(result, it.vault.address)[0]!)).toBe(code);
  expect((await dataOf(it.world, it.vault.address)).equals(before)).toBe(true);
}

describe('another governor', () => {
  const name = () => vaultBodies.vaultSetGovernor({ queryId: 1n, governor: it.people.payee.address });
  const claim = vaultBodies.vaultClaimGovernor({ queryId: 2n });
  const claimRefused = (from: Actor, code: number, value = VALUE) =>
    expectRejection(it.world, { from, to: it.vault.address, value, body: claim }, code);

  test('is named first, and governs once it has claimed', async () => {
    const { payee, governor } = it.people;
    expect(await voted(name())).toBe(0);
    const schedule = (id: number) => scheduleBody(it, id, payments(payee.address, 1));
    expect(await it.vault.getData().then(readable)).toMatchObject({
      governor: `${governor.address}`,
      successor: `${payee.address}`,
    });
    await expectRejection(
      it.world,
      { from: payee, to: it.vault.address, value: VALUE, body: schedule(8) },
      ExitCode.notGovernor,
    );
    expect(exitsOf(it, await act.send(governor, schedule(8)))).toEqual([0]);

    const { gain } = await conserving(it.world, () => act.send(payee, claim));
    expect(await it.vault.getData().then(readable)).toMatchObject({ governor: `${payee.address}`, successor: null });
    expect(gain(payee.address)).toBeGreaterThan(-toNano('0.005'));
    expect(exitsOf(it, await act.send(payee, schedule(9)))).toEqual([0]);
    await expectRejection(
      it.world,
      { from: governor, to: it.vault.address, value: VALUE, body: schedule(10) },
      ExitCode.notGovernor,
    );
    // Once.
    await claimRefused(payee, ExitCode.notGovernor);
  });

  test('is claimed by nobody else, and needs a value', async () => {
    await claimRefused(it.people.payee, ExitCode.notGovernor);
    await voted(name());
    for (const from of [it.people.governor, it.people.guardian, it.world.actors.stranger]) {
      await claimRefused(from, ExitCode.notGovernor);
    }
    await claimRefused(it.people.payee, ExitCode.lowMsgValue, toNano('0.001'));
  });

  test('can be taken back by naming another', async () => {
    await voted(name());
    await voted(vaultBodies.vaultSetGovernor({ queryId: 1n, governor: it.people.otherPayee.address }), 8);
    await claimRefused(it.people.payee, ExitCode.notGovernor);
    expect(exitsOf(it, await act.send(it.people.otherPayee, claim))).toEqual([0]);
  });

  test('is never nobody', async () => {
    const head = beginCell().storeUint(Op.vaultSetGovernor, 32).storeUint(1, 64);
    await refused(head.storeAddress(null).endCell(), ExitCode.vaultBadLimits);
  });
});

describe('another guardian', () => {
  const guardian = () => it.people.payee.address;

  test('has at most a year', async () => {
    const longest = it.world.now() + 365 * DAY;
    await refused(
      vaultBodies.vaultSetGuardian({ queryId: 1n, guardian: guardian(), until: longest + 1 }),
      ExitCode.vaultBadLimits,
    );
    const body = vaultBodies.vaultSetGuardian({ queryId: 1n, guardian: guardian(), until: longest });
    await it.world.chain.sendMessage(selfMessage(it.vault.address, body));
    const expected = { guardian: `${guardian()}`, guardianUntil: longest };
    expect(await it.vault.getData().then(readable)).toMatchObject(expected);
  });

  test('has the powers of the last, who has them no more', async () => {
    const until = it.world.now() + 300 * DAY;
    await voted(vaultBodies.vaultSetGuardian({ queryId: 1n, guardian: guardian(), until }));
    const pause = vaultBodies.vaultPause({ queryId: 1n, seconds: 5 });
    const attempt = { from: it.people.guardian, to: it.vault.address, value: VALUE, body: pause };
    await expectRejection(it.world, attempt, ExitCode.notGuardian);
    expect(exitsOf(it, await act.pause(5, it.people.payee))).toEqual([0]);
  });

  test('inherits what the last one did: pauses, removals, vetoes', async () => {
    await act.pause(5);
    it.world.advance(5);
    const until = it.world.now() + 300 * DAY;
    await voted(vaultBodies.vaultSetGuardian({ queryId: 1n, guardian: guardian(), until }));
    const pause = vaultBodies.vaultPause({ queryId: 1n, seconds: 5 });
    const attempt = { from: it.people.payee, to: it.vault.address, value: VALUE, body: pause };
    await expectRejection(it.world, attempt, ExitCode.guardianLimit);
  });

  test('may be none; its own removal it can stop only once', async () => {
    const body = vaultBodies.vaultSetGuardian({ queryId: 1n, guardian: null, until: 0 });
    const actions = [tell(it.vault.address, body)];
    await act.schedule(7, actions);
    await act.veto(7);
    await makeReady(it, 8, actions);
    await act.execute(8, actions);
    expect(await it.vault.getData()).toMatchObject({ guardian: null, guardianUntil: 0 });
    const attempt = { from: it.people.guardian, to: it.vault.address, value: VALUE, body };
    await expectRejection(it.world, attempt, ExitCode.notSelf);
  });
});

describe('other limits', () => {
  test('hold for what is scheduled from then on', async () => {
    const limits = { delayNormal: DAY, delayCritical: 3 * DAY, grace: 8 * DAY, exitDelay: DAY, spendCapBps: 100 };
    expect(await voted(vaultBodies.vaultSetLimits({ queryId: 1n, limits }))).toBe(0);
    expect((await it.vault.getData()).limits).toEqual(limits);
    await act.schedule(8, payments(it.people.payee.address, 1), { class: 'normal' });
    const eta = it.world.now() + DAY;
    expect(await it.vault.getOperation(8)).toMatchObject({ eta, expires: eta + 8 * DAY });
  });

  test('with a bit more are refused; what their bounds are is in vault-setup.spec.ts', async () => {
    const cell = withTrailingBit(vaultBodies.vaultSetLimits({ queryId: 1n, limits: DEFAULT_VAULT_LIMITS }).refs[0]!);
    const body = beginCell().storeUint(Op.vaultSetLimits, 32).storeUint(1, 64).storeRef(cell).endCell();
    await refused(body, ExitCode.tvmCellUnderflow);
  });
});

describe('another network', () => {
  test('has another root and registrar, or none', async () => {
    const [root, registrar] = [it.people.payee.address, it.people.otherPayee.address];
    expect(await voted(vaultBodies.vaultSetNetwork({ queryId: 1n, root, registrar }))).toBe(0);
    expect(await it.vault.getData().then(readable)).toMatchObject({ root: `${root}`, registrar: `${registrar}` });
    expect(await voted(vaultBodies.vaultSetNetwork({ queryId: 1n, root, registrar: null }), 8)).toBe(0);
    expect(await it.vault.getData()).toMatchObject({ registrar: null });
  });

  test('always has a root', async () => {
    const head = beginCell().storeUint(Op.vaultSetNetwork, 32).storeUint(1, 64);
    await refused(head.storeAddress(null).storeAddress(null).endCell(), ExitCode.vaultBadLimits);
  });

  test('has addresses in the basechain only', async () => {
    const masterchain = new Address(-1, Buffer.alloc(32, 3));
    const elsewhere = (op: number, tail: number) =>
      beginCell().storeUint(op, 32).storeUint(1, 64).storeAddress(masterchain).storeUint(0, tail).endCell();
    await refused(elsewhere(Op.vaultSetNetwork, 2), ExitCode.vaultBadLimits);
    await refused(elsewhere(Op.vaultSetGovernor, 0), ExitCode.vaultBadLimits);
    await refused(elsewhere(Op.vaultSetGuardian, 32), ExitCode.vaultBadLimits);
    const root = beginCell().storeUint(Op.vaultSetNetwork, 32).storeUint(1, 64).storeAddress(it.people.payee.address);
    await refused(root.storeAddress(masterchain).endCell(), ExitCode.vaultBadLimits);
  });
});

test('several changes are one operation, and their coins stay in the treasury', async () => {
  const until = it.world.now() + 300 * DAY;
  const actions = [
    tell(
      it.vault.address,
      vaultBodies.vaultSetLimits({ queryId: 1n, limits: { ...DEFAULT_VAULT_LIMITS, spendCapBps: 7 } }),
    ),
    tell(it.vault.address, vaultBodies.vaultSetGuardian({ queryId: 2n, guardian: it.people.payee.address, until })),
  ];
  await makeReady(it, 7, actions);
  const { result, gain } = await conserving(it.world, () => act.execute(7, actions));
  expect(exitsOf(it, result)).toEqual([0, 0, 0]);
  expect(gain(it.vault.address)).toBeGreaterThan(-toNano('0.003'));
  expect(await it.vault.getData()).toMatchObject({ guardianUntil: until, limits: { spendCapBps: 7 } });
});
