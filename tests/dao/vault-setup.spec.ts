import { vaultLimitChecks } from '@cocoon/sdk';
import { Address, beginCell, type Cell, toNano } from '@ton/core';
import {
  bodies,
  CocoonVault,
  DEFAULT_VAULT_LIMITS,
  ExitCode,
  initialVaultData,
  Op,
  packVaultData,
  parseVaultData,
  type VaultLimits,
  vaultBodies,
} from '../../wrappers';
import { expectSilence } from '../support/acceptance';
import { UNKNOWN_OP, withTrailingBit } from '../support/bodies';
import { conserving } from '../support/conservation';
import { expectRejection } from '../support/rejection';
import { exitCodeOf, txOf } from '../support/trace';
import {
  actsOf,
  createBareVault,
  createVaultWorld,
  DAY,
  pay,
  payments,
  readable,
  removals,
  rentOf,
  scheduleBody,
  selfMessage,
  VALUE,
  type VaultWorld,
} from '../support/vault-world';
import { balanceOf, codeOf, startEachTestFrom } from '../support/world';

/** From the deployer to the DAO: the Vault is set up once, and before that it does nothing. */

let it: VaultWorld;

startEachTestFrom(async () => {
  it = await createBareVault();
  return it.world;
});

const topUp = (): Cell => plainOf(Op.topUp);
const plainOf = (op: number): Cell => beginCell().storeUint(op, 32).storeUint(1, 64).endCell();
const EXCESSES = [Op.excesses, Op.stakeExcess] as const;

function initBody(change: { governor?: Address; guardian?: Address | null; until?: number } = {}): Cell {
  const { governor, guardian } = it.people;
  const terms = { governor: governor.address, guardian: guardian.address, until: it.world.now() + 100 * DAY };
  return vaultBodies.vaultInit({ queryId: 4n, ...terms, ...change });
}

const refused = (body: Cell, code: number, from = it.people.deployer) =>
  expectRejection(it.world, { from, to: it.vault.address, value: VALUE, body }, code);

const setUp = (change = {}) => actsOf(it).send(it.people.deployer, initBody(change));

describe('the address', () => {
  test('comes from root, deployer and limits alone, which are all that the first data say', async () => {
    const data = initialVaultData({ root: it.root.address, deployer: it.people.deployer.address });
    expect(readable(await it.vault.getStorage())).toEqual(readable(data));
    expect(CocoonVault.createFromConfig(data, codeOf('vault')).address.equals(it.vault.address)).toBe(true);
    expect(packVaultData(parseVaultData(packVaultData(data))).equals(packVaultData(data))).toBe(true);
  });

  test('is another for other limits, another root, another deployer', () => {
    const same = { root: it.root.address, deployer: it.people.deployer.address };
    const addresses = [
      same,
      { ...same, root: it.people.payee.address },
      { ...same, deployer: it.people.payee.address },
      { ...same, limits: { ...DEFAULT_VAULT_LIMITS, grace: 9 * DAY } },
    ].map((opts) => CocoonVault.createFromConfig(initialVaultData(opts), codeOf('vault')).address.toString());
    expect(new Set(addresses).size).toBe(4);
  });
});

describe('before it is set up', () => {
  test('coins are welcome: an empty body and a top-up', async () => {
    const to = it.vault.address;
    const from = it.world.actors.stranger;
    await expectSilence(it.world, { from, to, value: VALUE, body: beginCell().endCell() });
    await expectSilence(it.world, { from, to, value: VALUE, body: topUp() });
  });

  const everything: [string, () => Cell, number][] = [
    ['a claim', () => vaultBodies.vaultClaimGovernor({ queryId: 1n }), ExitCode.vaultInit],
    ['an operation', () => scheduleBody(it, 1, payments(it.people.payee.address, 1)), ExitCode.notGovernor],
    [
      'a veto',
      () => vaultBodies.vaultVeto({ queryId: 1n, id: 1, reason: beginCell().endCell() }),
      ExitCode.notGuardian,
    ],
    ['a pause', () => vaultBodies.vaultPause({ queryId: 1n, seconds: 5 }), ExitCode.notGuardian],
    ['a removal', () => vaultBodies.vaultRevoke({ queryId: 1n, body: removals.model }), ExitCode.notGuardian],
    ['a listing', () => vaultBodies.vaultRegistry({ queryId: 1n, body: removals.listing }), ExitCode.notRegistrar],
    [
      'an execution',
      () => vaultBodies.vaultExecute({ queryId: 1n, id: 0, actions: beginCell().endCell() }),
      ExitCode.unknownOperation,
    ],
    ['excesses of the network', () => plainOf(EXCESSES[0]), ExitCode.vaultInit],
    ['excesses of the DAO', () => plainOf(EXCESSES[1]), ExitCode.vaultInit],
    ['anything unknown', () => plainOf(UNKNOWN_OP), ExitCode.vaultInit],
  ];

  test.each(everything)('%s is refused, from the deployer too', (_, body, code) => refused(body(), code));
});

describe('the set-up', () => {
  test('sets governor and guardian, forgets the deployer, and returns all but the reserve', async () => {
    const { deployer, governor, guardian } = it.people;
    const before = await balanceOf(it.world, it.vault.address);
    const { gain, result } = await conserving(it.world, () => setUp());
    expect(readable(await it.vault.getData())).toEqual({
      governor: `${governor.address}`,
      successor: null,
      guardian: `${guardian.address}`,
      guardianUntil: it.world.now() + 100 * DAY,
      pausedUntil: 0,
      lastPause: 0,
      revokes: 0,
      root: `${it.root.address}`,
      registrar: null,
      limits: DEFAULT_VAULT_LIMITS,
      operations: 0,
    });
    expect(before).toBeGreaterThan(toNano('0.05'));
    expect(gain(it.vault.address)).toBe(-rentOf(it.vault.address, result));
    expect(gain(deployer.address)).toBeGreaterThan(-toNano('0.005'));
  });

  test('happens once, and the deployer has no power after it', async () => {
    await setUp();
    for (const from of [it.people.deployer, it.people.governor, it.world.actors.stranger]) {
      await refused(initBody(), ExitCode.vaultInit, from);
    }
    const { deployer } = it.people;
    await refused(scheduleBody(it, 1, payments(it.people.payee.address, 1)), ExitCode.notGovernor, deployer);
    await refused(vaultBodies.vaultClaimGovernor({ queryId: 1n }), ExitCode.notGovernor, deployer);
  });

  test("is the deployer's alone", async () => {
    for (const from of [it.people.governor, it.people.guardian, it.world.actors.stranger]) {
      await refused(initBody(), ExitCode.notGovernor, from);
    }
  });

  test('works without a guardian', async () => {
    await setUp({ guardian: null, until: 0 });
    expect(await it.vault.getData()).toMatchObject({ guardian: null, guardianUntil: 0 });
  });

  test('gives the guardian at most 550 days', async () => {
    const longest = it.world.now() + 550 * DAY;
    await refused(initBody({ until: longest + 1 }), ExitCode.vaultBadLimits);
    await setUp({ until: longest });
    expect(await it.vault.getData()).toMatchObject({ guardianUntil: longest });
  });

  test('asks for a value that pays for it', async () => {
    const attempt = { from: it.people.deployer, to: it.vault.address, value: toNano('0.001'), body: initBody() };
    await expectRejection(it.world, attempt, ExitCode.lowMsgValue);
  });

  test('takes nobody as governor who cannot be told anything', async () => {
    const body = beginCell().storeUint(Op.vaultInit, 32).storeUint(1, 64).storeAddress(null).storeAddress(null);
    await refused(body.storeUint(0, 32).endCell(), ExitCode.vaultBadLimits);
  });

  test('takes nobody as guardian, and no root, outside the basechain', async () => {
    const masterchain = new Address(-1, Buffer.alloc(32, 3));
    const head = beginCell().storeUint(Op.vaultInit, 32).storeUint(1, 64).storeAddress(it.people.governor.address);
    await refused(head.storeAddress(masterchain).storeUint(0, 32).endCell(), ExitCode.vaultBadLimits);
    const data = initialVaultData({ root: masterchain, deployer: it.people.deployer.address });
    const other = it.world.chain.openContract(CocoonVault.createFromConfig(data, codeOf('vault')));
    await other.sendDeploy(it.people.deployer.getSender());
    const attempt = { from: it.people.deployer, to: other.address, value: VALUE, body: initBody() };
    await expectRejection(it.world, attempt, ExitCode.vaultBadLimits);
  });

  test('takes no message that is longer or shorter', async () => {
    await refused(withTrailingBit(initBody()), ExitCode.tvmCellUnderflow);
    await refused(plainOf(Op.vaultInit), ExitCode.tvmCellUnderflow);
  });
});

/** What a vote may set and a deployer too: each bound, and one beyond. */
const good = DEFAULT_VAULT_LIMITS;
const bounds: [string, VaultLimits, boolean][] = [
  ['a normal delay of a day', { ...good, delayNormal: DAY }, true],
  ['a normal delay of less', { ...good, delayNormal: DAY - 1 }, false],
  ['a critical delay of three days', { ...good, delayNormal: DAY, delayCritical: 3 * DAY }, true],
  ['a critical delay of less', { ...good, delayNormal: DAY, delayCritical: 3 * DAY - 1 }, false],
  ['a critical delay of 14 days', { ...good, delayCritical: 14 * DAY }, true],
  ['a critical delay of more', { ...good, delayCritical: 14 * DAY + 1 }, false],
  ['equal delays', { ...good, delayNormal: 5 * DAY }, true],
  ['a normal delay that is longer than the critical', { ...good, delayNormal: 5 * DAY + 1 }, false],
  ['two delays of 14 days', { ...good, delayNormal: 14 * DAY, delayCritical: 14 * DAY }, true],
  ['two longer delays', { ...good, delayNormal: 14 * DAY + 1, delayCritical: 14 * DAY + 1 }, false],
  ['an exit delay a day below the critical', { ...good, exitDelay: 4 * DAY }, true],
  ['a longer exit delay', { ...good, exitDelay: 4 * DAY + 1 }, false],
  ['a grace of eight days', { ...good, grace: 8 * DAY }, true],
  ['a grace of less', { ...good, grace: 8 * DAY - 1 }, false],
  ['a grace of 30 days', { ...good, grace: 30 * DAY }, true],
  ['a grace of more', { ...good, grace: 30 * DAY + 1 }, false],
  ['a spend cap of 20 %', { ...good, spendCapBps: 2000 }, true],
  ['a spend cap of more', { ...good, spendCapBps: 2001 }, false],
  ['no spending', { ...good, spendCapBps: 0 }, true],
];

describe('limits', () => {
  test.each(bounds)('%s', async (_, limits, allowed) => {
    const data = initialVaultData({ root: it.root.address, deployer: it.people.deployer.address, limits });
    const other = it.world.chain.openContract(CocoonVault.createFromConfig(data, codeOf('vault')));
    await other.sendDeploy(it.people.deployer.getSender());
    const attempt = { from: it.people.deployer, to: other.address, value: VALUE, body: initBody() };
    if (allowed) {
      const result = await it.people.deployer.send({ ...attempt });
      expect(exitCodeOf(txOf(result, other.address))).toBe(0);
      expect(await other.getData()).toMatchObject({ limits });
    } else {
      await expectRejection(it.world, attempt, ExitCode.vaultBadLimits);
    }
    expect(vaultLimitChecks(limits).every(({ ok }) => ok)).toBe(allowed);
    // And by a vote.
    const voted = await createVaultWorld();
    const body = vaultBodies.vaultSetLimits({ queryId: 1n, limits });
    const before = (await voted.vault.getData()).limits;
    await voted.world.chain.sendMessage(selfMessage(voted.vault.address, body));
    expect((await voted.vault.getData()).limits).toEqual(allowed ? limits : before);
  });
});

describe('once it is set up', () => {
  beforeEach(() => setUp());

  test.each([
    ['an empty body', () => beginCell().endCell()],
    ['a top-up', topUp],
    ['excesses of the root', () => plainOf(EXCESSES[0])],
    ['excesses of the DAO', () => plainOf(EXCESSES[1])],
  ])('%s leaves its coins in the treasury', (_, body) =>
    expectSilence(it.world, { from: it.world.actors.stranger, to: it.vault.address, value: VALUE, body: body() }),
  );

  test('anything else is refused', async () => {
    await refused(plainOf(UNKNOWN_OP), ExitCode.unknownOp);
    await refused(bodies.doNotProcess({ queryId: 1n }), ExitCode.unknownOp);
    await refused(bodies.text('w'), ExitCode.unknownOp);
    await refused(beginCell().storeUint(1, 31).endCell(), ExitCode.tvmCellUnderflow);
    await refused(withTrailingBit(topUp()), ExitCode.tvmCellUnderflow);
  });

  test('its data are written as they are read', async () => {
    const act = actsOf(it);
    await act.schedule(3, [pay(it.people.payee.address, 1n)], { class: 'normal' });
    await act.schedule(4, payments(it.people.payee.address, 2));
    await act.pause(60);
    await act.veto(4);
    const data = await it.vault.getStorage();
    expect([...data.operations.keys()]).toEqual([3, 4]);
    expect(data.vetoed.size).toBe(1);
    const cell = packVaultData({ ...data, spends: [{ at: 5, amount: 6n }] });
    expect(readable(parseVaultData(cell))).toEqual(readable({ ...data, spends: [{ at: 5, amount: 6n }] }));
    expect(readable(await it.vault.getOperations())).toEqual(readable(data.operations));
    expect(await it.vault.getVetoed()).toEqual(data.vetoed);
  });
});
