import { beginCell, toNano } from '@ton/core';
import type { SendMessageResult } from '@ton/sandbox';
import { OperationState, reasonCell, vaultBodies } from '../../wrappers';
import { hashOf } from '../support/keys';
import { gasConstant } from '../support/vault-gas';
import {
  actsOf,
  createBareVault,
  createVaultWorld,
  DAY,
  exitsOf,
  firstTx,
  given,
  makeReady,
  payments,
  removals,
  type VaultWorld,
} from '../support/vault-world';

/** The gas that the Vault's receivers take, and the constants that bound it. */

function gasOf(it: VaultWorld, result: SendMessageResult): bigint {
  const { description } = firstTx(it, result);
  if (description.type !== 'generic' || description.computePhase.type !== 'vm') throw new Error('nothing was computed');
  expect(exitsOf(it, result)[0]).toBe(0);
  return description.computePhase.gasUsed;
}

/** A constant bounds what was measured, and by less than a half. */
function expectBounds(name: string, gas: bigint): void {
  const bound = gasConstant(name);
  if (gas > bound || 3n * gas < bound) throw new Error(`${name}: ${gas} measured, bound ${bound}`);
}

/** So many records, spread over the numbers, of which some have expired. */
async function crowded(it: VaultWorld, count: number, expired = 0): Promise<void> {
  const now = it.world.now();
  const entry = (index: number) => ({
    state: OperationState.waiting,
    eta: now + 5,
    expires: index >= count - expired ? now : now + 40 * DAY,
    actionsHash: hashOf(`actions ${index}`),
    critical: false,
    unvetoable: false,
    proposal: it.people.proposal.address,
  });
  const numbers = Array.from({ length: count }, (_, index) => (index * 134_217_689) % 2 ** 32);
  await given(it, { operations: new Map(numbers.map((id, index) => [id, entry(index)])) });
}

describe('the gas that receivers take', () => {
  let it: VaultWorld;
  let act: ReturnType<typeof actsOf>;
  beforeEach(async () => {
    it = await createVaultWorld();
    act = actsOf(it);
  });

  /** A normal operation of the dearest kind: each action with a body and a state init, a full list of spends. */
  async function dearest(count: number): Promise<SendMessageResult> {
    const init = { code: beginCell().endCell(), data: beginCell().endCell() };
    const actions = payments(it.people.payee.address, count, 1n << 24n).map((action) => ({ ...action, init }));
    await crowded(it, 31);
    await makeReady(it, 7, actions, { class: 'normal' });
    const at = it.world.now() - DAY;
    const spends = Array.from({ length: 10 }, (_, index) => ({ at: at + index, amount: toNano('1') }));
    await given(it, { spends });
    return act.execute(7, actions);
  }

  test('an execution, with one, two and ten actions, and at its dearest', async () => {
    const gas: Record<string, bigint> = {};
    for (const count of [1, 2, 10]) {
      const actions = payments(it.people.payee.address, count);
      await makeReady(it, 100 + count, actions);
      gas[count] = gasOf(it, await act.execute(100 + count, actions));
    }
    gas.dearest = gasOf(it, await dearest(10));
    expectBounds('EXECUTE_GAS', gas.dearest);
  });

  test('a schedule among 35 records of which four go', async () => {
    await crowded(it, 35, 4);
    const gas = gasOf(it, await act.schedule(7, payments(it.people.payee.address, 1)));
    expectBounds('SCHEDULE_GAS', gas);
  });

  test('a veto among 32, when eight others have just been forgotten; the other acts of the guardian take less', async () => {
    await crowded(it, 31);
    await act.schedule(7, payments(it.people.payee.address, 1));
    const at = it.world.now() - 180 * DAY;
    const vetoed = Array.from({ length: 8 }, (_, index): [string, number] => [
      hashOf(`v ${index}`).toString('hex'),
      at,
    ]);
    await given(it, { vetoed: new Map(vetoed) });
    const veto = gasOf(it, await act.veto(7, { reason: reasonCell('x'.repeat(512)) }));
    const pause = gasOf(it, await act.pause(5));
    const revoke = gasOf(it, await act.revoke(removals.listing));
    expectBounds('GUARDIAN_GAS', veto);
    for (const gas of [pause, revoke]) expect(gas).toBeLessThan(veto);
  });

  test('passing on for the registrar, a claim, the set-up', async () => {
    await crowded(it, 32);
    const pass = gasOf(it, await act.registry(removals.listing));
    await given(it, { successor: it.people.payee.address });
    const claim = gasOf(it, await act.send(it.people.payee, vaultBodies.vaultClaimGovernor({ queryId: 1n })));
    const bare = await createBareVault();
    const opts = { governor: it.people.governor.address, guardian: it.people.guardian.address, until: 5 };
    const setUp = gasOf(
      bare,
      await actsOf(bare).send(bare.people.deployer, vaultBodies.vaultInit({ queryId: 1n, ...opts })),
    );
    expectBounds(
      'PASS_GAS',
      [pass, claim, setUp].reduce((most, gas) => (gas > most ? gas : most)),
    );
  });
});
