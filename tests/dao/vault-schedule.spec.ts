import { Address, toNano } from '@ton/core';
import { actionsHash, ExitCode, OperationState, type VaultOperation, vaultBodies } from '../../wrappers';
import { withTrailingBit } from '../support/bodies';
import { conserving } from '../support/conservation';
import { expectRejection } from '../support/rejection';
import { sentBy } from '../support/trace';
import {
  actsOf,
  carryOut,
  createVaultWorld,
  DAY,
  exitsOf,
  firstTx,
  given,
  payments,
  readable,
  rentOf,
  scheduleBody,
  VALUE,
  type VaultWorld,
} from '../support/vault-world';
import { startEachTestFrom } from '../support/world';

/** What the governor schedules waits for its timelock, and no record outlives its use. */

let it: VaultWorld;
let act: ReturnType<typeof actsOf>;

startEachTestFrom(async () => {
  it = await createVaultWorld();
  act = actsOf(it);
  return it.world;
});

const actions = () => payments(it.people.payee.address, 2);
const refused = (id: number, code: number) =>
  expectRejection(
    it.world,
    { from: it.people.governor, to: it.vault.address, value: VALUE, body: scheduleBody(it, id, actions()) },
    code,
  );

describe('a schedule', () => {
  test.each([
    ['normal', 0, 2 * DAY, false],
    ['critical', 1, 5 * DAY, true],
    ['critical', 2, 5 * DAY, true],
    ['critical', 255, 5 * DAY, true],
  ] as const)('is %s for class %i', async (_, kind, delay, critical) => {
    const eta = it.world.now() + delay;
    await act.schedule(7, actions(), { class: kind });
    expect(readable(await it.vault.getOperation(7))).toEqual({
      state: OperationState.waiting,
      eta,
      expires: eta + 14 * DAY,
      actionsHash: actionsHash(actions()),
      critical,
      unvetoable: false,
      proposal: `${it.people.proposal.address}`,
    });
  });

  test('tells the Proposal the times, with the unspent value; the treasury has no part in it', async () => {
    const { result, gain } = await conserving(it.world, () => act.schedule(7, actions()));
    const [ack, ...others] = sentBy(firstTx(it, result));
    expect(others).toEqual([]);
    expect(ack).toMatchObject({ op: 'opScheduled', bounce: false, mode: 144 });
    expect(ack!.to.equals(it.people.proposal.address)).toBe(true);
    const eta = it.world.now() + 5 * DAY;
    expect(ack!.body.equals(vaultBodies.opScheduled({ queryId: 7n, id: 7, eta, expires: eta + 14 * DAY }))).toBe(true);
    expect(gain(it.vault.address)).toBe(-rentOf(it.vault.address, result));
    expect(gain(it.people.proposal.address)).toBeGreaterThan(VALUE - toNano('0.01'));
  });

  test('needs a value that pays for it, and a Proposal in the basechain', async () => {
    const body = scheduleBody(it, 7, actions());
    const attempt = { from: it.people.governor, to: it.vault.address, value: toNano('0.004'), body };
    await expectRejection(it.world, attempt, ExitCode.lowMsgValue);
    await expectRejection(
      it.world,
      { ...attempt, value: VALUE, body: withTrailingBit(body) },
      ExitCode.tvmCellUnderflow,
    );
    const proposal = new Address(-1, Buffer.alloc(32, 3));
    const terms = { id: 7, class: 1, actionsHash: actionsHash(actions()), proposal };
    const elsewhere = vaultBodies.vaultSchedule({ queryId: 1n, ...terms });
    await expectRejection(it.world, { ...attempt, value: VALUE, body: elsewhere }, ExitCode.vaultBadLimits);
  });
});

describe('what waits', () => {
  test('keeps its times when limits change, and its class (E9)', async () => {
    await act.schedule(7, actions());
    const before = await it.vault.getOperation(7);
    const shorter = { delayNormal: DAY, delayCritical: 3 * DAY, grace: 8 * DAY, exitDelay: 0, spendCapBps: 0 };
    await given(it, { limits: shorter });
    expect(readable(await it.vault.getOperation(7))).toEqual(readable(before));
    it.world.advance(5 * DAY - 1);
    expect(exitsOf(it, await act.execute(7, actions()))).toEqual([ExitCode.timelock]);
    it.world.advance(1);
    expect(exitsOf(it, await act.execute(7, actions()))).toEqual([0]);
  });

  test('is not touched by a later schedule under its number', async () => {
    await act.schedule(7, actions());
    await refused(7, ExitCode.opRefused);
    it.world.advance(19 * DAY - 1);
    await refused(7, ExitCode.opRefused);
  });

  test('is executed also when the governor has changed', async () => {
    await act.schedule(7, actions());
    await given(it, { governor: it.people.payee.address });
    it.world.advance(5 * DAY);
    expect(exitsOf(it, await act.execute(7, actions()))).toEqual([0]);
  });

  test('is found by its number; no other number answers', async () => {
    await act.schedule(7, actions());
    expect(await it.vault.getOperation(8)).toBeNull();
    const { stackReader } = await it.world.chain.runGetMethod(it.vault.address, 'get_vault_operation', [
      { type: 'int', value: 7n },
    ]);
    expect(stackReader.readNumber()).toBe(OperationState.waiting);
    expect(stackReader.readNumber()).toBe(it.world.now() + 5 * DAY);
    expect(stackReader.readNumber()).toBe(it.world.now() + 19 * DAY);
    expect(stackReader.readBigNumber()).toBe(BigInt(`0x${actionsHash(actions()).toString('hex')}`));
    const unknown = it.world.chain.runGetMethod(it.vault.address, 'get_vault_operation', [{ type: 'int', value: 8n }]);
    await expect(unknown).rejects.toMatchObject({ exitCode: ExitCode.unknownOperation });
  });
});

describe('at most 32 records', () => {
  const operation = (expires: number, state: VaultOperation['state'] = OperationState.waiting): VaultOperation => ({
    state,
    eta: expires - 14 * DAY,
    expires,
    actionsHash: Buffer.alloc(32, 1),
    critical: true,
    unvetoable: false,
    proposal: it.people.proposal.address,
  });
  const fill = (expiries: number[]) =>
    given(it, {
      operations: new Map(expiries.map((expires, index) => [index + 1, operation(expires, (index % 3) as 0)])),
    });

  test('a 33rd is refused, whatever became of the others', async () => {
    await fill(Array(32).fill(it.world.now() + 1) as number[]);
    await refused(40, ExitCode.opRefused);
    expect(await it.vault.getData()).toMatchObject({ operations: 32 });
  });

  test('the 32nd is not', async () => {
    await fill(Array(31).fill(it.world.now() + 1) as number[]);
    expect(exitsOf(it, await act.schedule(40, actions()))).toEqual([0]);
    expect(await it.vault.getData()).toMatchObject({ operations: 32 });
  });

  test('the expired go, from the second on, up to four at a time', async () => {
    const later = it.world.now() + 1;
    await fill([...Array(26).fill(later), ...Array(6).fill(later - 1)] as number[]);
    await act.schedule(40, actions());
    expect([...(await it.vault.getOperations()).keys()].slice(-4)).toEqual([26, 31, 32, 40]);
    await act.schedule(41, actions());
    expect([...(await it.vault.getOperations()).keys()].slice(-3)).toEqual([26, 40, 41]);
  });

  test('a number is free again once its record is gone', async () => {
    await carryOut(it, 7, actions());
    it.world.advance(14 * DAY);
    expect(exitsOf(it, await act.schedule(7, actions()))).toEqual([0]);
    expect(await it.vault.getOperation(7)).toMatchObject({ state: OperationState.waiting });
  });

  test('however many are scheduled, no more are kept, and all in time go again', async () => {
    let id = 100;
    const next = () => {
      id += 1;
      return id;
    };
    for (let round = 0; round < 12; round += 1) {
      for (let index = 0; index < 5; index += 1) await act.schedule(next(), actions());
      expect((await it.vault.getOperations()).size).toBeLessThanOrEqual(32);
      it.world.advance(3 * DAY);
    }
    it.world.advance(30 * DAY);
    for (let index = 0; index < 12; index += 1) {
      await act.schedule(next(), actions());
      it.world.advance(20 * DAY);
    }
    expect((await it.vault.getOperations()).size).toBeLessThanOrEqual(2);
  });
});
