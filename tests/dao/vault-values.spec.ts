import { type Cell, toNano } from '@ton/core';
import type { SendMessageResult } from '@ton/sandbox';
import { type DaoAction, ExitCode, Op, packActions, reasonCell, vaultBodies } from '../../wrappers';
import { configAt, gasFee, type Prices } from '../support/price-sets';
import { deliver } from '../support/rejection';
import { computeSkipped, exitCodeOf, opOf, sentBy, txsOf } from '../support/trace';
import { gasConstant, thousandCells } from '../support/vault-gas';
import {
  createVaultWorld,
  DAY,
  exitsOf,
  firstTx,
  given,
  payments,
  removals,
  rentOf,
  scheduleBody,
  takenBy,
  type VaultWorld,
} from '../support/vault-world';
import { balanceOf, type Checkpoint, checkpoint, dataOf } from '../support/world';

/** With any value an operation is refused or carried out, never half, whatever the chain's prices (R1). */

const PRICES: readonly Prices[] = ['current', '2024', 'tenfold', 'dear gas', 'dear forwarding'];

describe.each(PRICES)('at %s prices', (prices) => {
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
  async function sweep({ send, whole, start = fresh, steps = 12 }: Sweep): Promise<void> {
    await start.restore();
    const works = async (value: bigint) => {
      const before = await dataOf(it.world, it.vault.address);
      const balance = await balanceOf(it.world, it.vault.address);
      const result = await send(value);
      const tx = firstTx(it, result);
      const [exit] = exitsOf(it, result);
      if (exit === 0) {
        whole(result);
        await start.restore();
        return true;
      }
      if (!computeSkipped(tx)) expect([ExitCode.lowMsgValue, ExitCode.tvmOutOfGas]).toContain(exit);
      expect((await dataOf(it.world, it.vault.address)).equals(before)).toBe(true);
      expect(sentBy(tx)).toEqual([]);
      // What could not even pay for a bounce is what the treasury may gain.
      const gain = (await balanceOf(it.world, it.vault.address)) - balance + rentOf(it.vault.address, result);
      expect(gain >= 0n && gain <= value).toBe(true);
      return false;
    };
    let [tooLittle, enough] = [0n, fee(1_500_000n)];
    expect(await works(enough)).toBe(true);
    while (enough - tooLittle > fee(1_000n)) {
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

  const balanceNow = () => {
    const found = it.world.chain.snapshot().contracts.find(({ address }) => address.equals(it.vault.address));
    return found?.account.account?.storage.balance.coins;
  };

  // Gas is what such a body takes without being paid for by its forward fee.
  if (prices === 'dear gas') {
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
    }, 180_000);
  }

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

  // One set of prices is today's, the other the dearest: what is left is in between.
  const some = prices === 'current' || prices === 'tenfold' ? others : others.slice(0, 1);
  test.each(some)('%s', async (_, body, by, expected) => {
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
