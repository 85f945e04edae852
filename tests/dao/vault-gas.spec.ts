import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beginCell, type Cell, toNano } from '@ton/core';
import type { SendMessageResult } from '@ton/sandbox';
import { type DaoAction, ExitCode, Op, OperationState, packActions, reasonCell, vaultBodies } from '../../wrappers';
import { conserving } from '../support/conservation';
import { hashOf } from '../support/keys';
import { configAt, gasFee, type Prices } from '../support/price-sets';
import { deliver } from '../support/rejection';
import { computeSkipped, exitCodeOf, opOf, sentBy, txsOf } from '../support/trace';
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
  rentOf,
  scheduleBody,
  takenBy,
  type VaultWorld,
} from '../support/vault-world';
import { type Checkpoint, checkpoint, dataOf } from '../support/world';

/** What the Vault's operations cost, and that with any value they are refused or carried out, never half (R1). */

const source = readFileSync(path.join(__dirname, '../../contracts/dao/vault-sending.tact'), 'utf8');

/** A constant of contracts/dao/vault-sending.tact, gas units. */
function gasConstant(name: string): bigint {
  const value = new RegExp(`^const ${name}: Int = ([0-9_]+);$`, 'm').exec(source)?.[1];
  if (value === undefined) throw new Error(`no constant ${name}`);
  return BigInt(value.replaceAll('_', ''));
}

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

function thousandCells(): Cell {
  // Ten chains, so that it is no deeper than a message may be.
  const chains = Array.from({ length: 10 }, (_, number) => {
    let cell = beginCell().endCell();
    for (let at = 0; at < 100; at += 1)
      cell = beginCell()
        .storeUint(number * 100 + at, 1000)
        .storeRef(cell)
        .endCell();
    return cell;
  });
  return chains.reduce((rest, chain) => beginCell().storeUint(1, 96).storeRef(chain).storeRef(rest).endCell());
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

const PRICES: readonly Prices[] = ['current', '2024', 'tenfold', 'dear gas', 'dear forwarding'];

describe.each(PRICES)('with any value, at %s prices', (prices) => {
  let it: VaultWorld;
  let fresh: Checkpoint;
  let actions: DaoAction[];
  const fee = (gas: bigint) => gasFee(configAt(prices), gas);

  beforeAll(async () => {
    it = await createVaultWorld(prices);
    actions = payments(it.people.payee.address, 3);
    await it.people.governor.send({
      to: it.vault.address,
      value: toNano('10'),
      body: scheduleBody(it, 7, actions),
    });
    it.world.advance(5 * DAY);
    fresh = checkpoint(it.world);
  });
  beforeEach(() => fresh.restore());

  interface Sweep {
    send: (value: bigint) => Promise<SendMessageResult>;
    /** asserts that everything has happened */
    whole: (result: SendMessageResult) => void;
    start?: Checkpoint;
    steps?: number;
  }

  /** The least value that works, found by halving, and all from nothing to twice that in steps. Each time: refused, or all of it. */
  async function sweep({ send, whole, start = fresh, steps = 20 }: Sweep): Promise<void> {
    const works = async (value: bigint) => {
      await start.restore();
      const before = await dataOf(it.world, it.vault.address);
      const { result, gain } = await conserving(it.world, () => send(value));
      const tx = firstTx(it, result);
      const [exit] = exitsOf(it, result);
      if (exit === 0) {
        whole(result);
        return true;
      }
      if (!computeSkipped(tx)) expect([ExitCode.lowMsgValue, ExitCode.tvmOutOfGas]).toContain(exit);
      expect((await dataOf(it.world, it.vault.address)).equals(before)).toBe(true);
      expect(sentBy(tx)).toEqual([]);
      // What could not even pay for a bounce is what the treasury may gain.
      const rent = rentOf(it.vault.address, result);
      expect(gain(it.vault.address)).toBeGreaterThanOrEqual(-rent);
      expect(gain(it.vault.address)).toBeLessThanOrEqual(value - rent);
      return false;
    };
    let [tooLittle, enough] = [0n, toNano('40')];
    expect(await works(enough)).toBe(true);
    while (enough - tooLittle > fee(300n)) {
      const middle = (tooLittle + enough) / 2n;
      if (await works(middle)) enough = middle;
      else tooLittle = middle;
    }
    for (let step = 0; step <= steps; step += 1) {
      const value = (2n * enough * BigInt(step)) / BigInt(steps) + 1n;
      expect(await works(value)).toBe(value >= enough);
    }
  }

  test('an execution', async () => {
    const body = vaultBodies.vaultExecute({ queryId: 1n, id: 7, actions: packActions(actions) });
    const sum = actions.reduce((total, { value }) => total + value, 0n);
    let balance = 0n;
    await sweep({
      send: async (value) => {
        balance = (await it.world.chain.getContract(it.vault.address)).balance;
        return deliver(it.world, { from: it.people.executor, to: it.vault.address, value, body });
      },
      whole: (result) => {
        expect(takenBy(it.people.payee.address, result).map(({ value }) => value)).toEqual(
          actions.map(({ value }) => value),
        );
        const [told] = takenBy(it.people.proposal.address, result);
        expect(told!.body.beginParse().loadUint(32)).toBe(Op.opDone);
        expect(told!.value).toBe(fee(gasConstant('ACK_GAS')));
        expect(takenBy(it.people.executor.address, result)).toHaveLength(1);
        expect(balanceNow()).toBe(balance - sum - rentOf(it.vault.address, result));
      },
    });
  });

  test('an execution of an action of a thousand cells', async () => {
    const large = [{ to: it.people.payee.address, value: toNano('1'), body: thousandCells(), init: null }];
    // Its number is taken from nobody: the record says what was scheduled.
    const operations = await it.vault.getOperations();
    const operation = { ...operations.get(7)!, actionsHash: packActions(large).hash() };
    await given(it, { operations: new Map([[7, operation]]) });
    const body = vaultBodies.vaultExecute({ queryId: 1n, id: 7, actions: packActions(large) });
    const state = checkpoint(it.world);
    await sweep({
      send: (value) => deliver(it.world, { from: it.people.executor, to: it.vault.address, value, body }),
      whole: (result) => expect(takenBy(it.people.payee.address, result)).toHaveLength(1),
      start: state,
      steps: 4,
    });
  });

  const balanceNow = () => {
    const found = it.world.chain.snapshot().contracts.find(({ address }) => address.equals(it.vault.address));
    return found?.account.account?.storage.balance.coins;
  };

  const others: [string, () => Cell, 'governor' | 'guardian' | 'registrar', string[]][] = [
    ['a schedule', () => scheduleBody(it, 8, actions), 'governor', ['opScheduled']],
    [
      'a veto',
      () => vaultBodies.vaultVeto({ queryId: 1n, id: 7, reason: reasonCell('x'.repeat(512)) }),
      'guardian',
      ['opVetoed', 'stakeExcess'],
    ],
    ['a pause', () => vaultBodies.vaultPause({ queryId: 1n, seconds: 5 }), 'guardian', ['stakeExcess']],
    [
      'a removal',
      () => vaultBodies.vaultRevoke({ queryId: 1n, body: removals.listing }),
      'guardian',
      ['rootUnregisterProxy', 'registryRevoked', 'stakeExcess'],
    ],
    [
      'a listing',
      () => vaultBodies.vaultRegistry({ queryId: 1n, body: removals.listing }),
      'registrar',
      ['rootUnregisterProxy'],
    ],
  ];

  test.each(others)('%s', async (_, body, by, expected) => {
    await sweep({
      send: (value) => deliver(it.world, { from: it.people[by], to: it.vault.address, value, body: body() }),
      whole: (result) => {
        const sent = firstTx(it, result)
          .outMessages.values()
          .filter(({ info }) => info.type === 'internal');
        expect(sent.map(({ body: message }) => opOf(message))).toEqual(expected);
        // The root has done what it was told, with what it was given.
        for (const tx of txsOf(result, it.root.address)) expect(exitCodeOf(tx)).toBe(0);
      },
    });
  });
});
