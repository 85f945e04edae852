import { Address, beginCell, type Cell, ExternalAddress, toNano } from '@ton/core';
import { bodies, type DaoAction, ExitCode, Op, OperationState, vaultBodies } from '../../wrappers';
import { conserving } from '../support/conservation';
import { hashOf } from '../support/keys';
import { expectRejection } from '../support/rejection';
import { hex } from '../support/root-world';
import {
  actsOf,
  carryOut,
  createVaultWorld,
  exitsOf,
  logsOf,
  makeReady,
  pay,
  payments,
  rentOf,
  takenBy,
  tell,
  VALUE,
  type VaultWorld,
} from '../support/vault-world';
import { balanceOf, startEachTestFrom } from '../support/world';

/** Actions leave all or none (E3); what a target refuses comes back and is written down (E4); and the root obeys. */

let it: VaultWorld;
let act: ReturnType<typeof actsOf>;

startEachTestFrom(async () => {
  it = await createVaultWorld();
  act = actsOf(it);
  return it.world;
});

/** One action as a cell, with whatever address and state init. */
function link(to: Address | ExternalAddress | null, opts: { init?: Cell; next?: Cell } = {}): Cell {
  const builder = beginCell().storeAddress(to).storeCoins(toNano('1')).storeBit(false);
  return builder
    .storeMaybeRef(opts.init ?? null)
    .storeMaybeRef(opts.next ?? null)
    .endCell();
}

describe('an action that cannot be sent', () => {
  const payee = () => it.people.payee.address;
  /** Before anything is sent: the virtual machine cannot tell what such a message costs. */
  const NO_FEE = 11;
  const cases: [string, number, () => Cell][] = [
    ['goes to nobody', NO_FEE, () => link(null)],
    ['goes outside the chain', NO_FEE, () => link(new ExternalAddress(5n, 8))],
    [
      'goes to a workchain that does not exist',
      ExitCode.actionBadDestination,
      () => link(new Address(5, Buffer.alloc(32, 1))),
    ],
    [
      'carries a state init that is none',
      ExitCode.actionInvalid,
      () => link(payee(), { init: beginCell().storeUint(0xff, 8).endCell() }),
    ],
  ];

  describe.each(cases)('because it %s', (_, code, bad) => {
    test.each([
      ['first', () => bad()],
      ['tenth', () => chain(9, bad())],
    ] as const)('as the %s: none is sent, the operation stays ready, the caller is told', async (_place, make) => {
      const list = make();
      await makeReady(it, 7, [], { hash: list.hash() });
      const body = vaultBodies.vaultExecute({ queryId: 3n, id: 7, actions: list });
      const result = await expectRejection(
        it.world,
        { from: it.people.executor, to: it.vault.address, value: VALUE, body },
        code,
      );
      expect(takenBy(payee(), result)).toEqual([]);
      expect(await it.vault.getOperation(7)).toMatchObject({ state: OperationState.waiting });
    });
  });

  function chain(count: number, last: Cell): Cell {
    return count === 0 ? last : link(payee(), { next: chain(count - 1, last) });
  }

  test('because the treasury is short goes once there is more', async () => {
    const balance = await balanceOf(it.world, it.vault.address);
    const actions = [pay(payee(), toNano('1')), pay(payee(), balance)];
    await makeReady(it, 7, actions);
    expect(exitsOf(it, await act.execute(7, actions))).toEqual([ExitCode.lowSmcBalance]);
    expect(await it.vault.getOperation(7)).toMatchObject({ state: OperationState.waiting });
    await it.people.payee.send({ to: it.vault.address, value: toNano('2') });
    expect(exitsOf(it, await act.execute(7, actions))).toEqual([0]);
  });

  test('a body of a thousand cells is sent, at the cost of the executor', async () => {
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
    const body = chains.reduce((rest, chain) => beginCell().storeUint(1, 96).storeRef(chain).storeRef(rest).endCell());
    const actions = [tell(payee(), body, toNano('1'))];
    await makeReady(it, 7, actions);
    const { result, gain } = await conserving(it.world, () => act.execute(7, actions));
    expect(exitsOf(it, result)).toEqual([0]);
    expect(gain(it.vault.address)).toBe(-toNano('1') - rentOf(it.vault.address, result));
    expect(takenBy(payee(), result)[0]!.body.equals(body)).toBe(true);
  });
});

describe('an action that its target refuses', () => {
  /** An account where nothing is. */
  const nowhere = new Address(0, Buffer.alloc(32, 7));

  const refusals: [string, () => DaoAction, { queryId: bigint; op: number }][] = [
    [
      'an operation that the root does not know',
      () => tell(it.root.address, beginCell().storeUint(0x12345678, 32).storeUint(77, 64).endCell()),
      { queryId: 77n, op: 0x12345678 },
    ],
    [
      'an update of a proxy that is not there',
      () => tell(it.root.address, bodies.rootUpdateProxy({ queryId: 3n << 60n, seqno: 4, endpoint: 'x' })),
      { queryId: 3n << 60n, op: Op.rootUpdateProxy },
    ],
    [
      'a listing with an image that is not allowed, under a number of the registrar',
      () => {
        const listing = { seqno: 1_000_009, imageHash: hashOf('none'), endpoint: '10.0.0.1:1' };
        return tell(it.root.address, bodies.rootPutProxy({ queryId: 6n, ...listing }));
      },
      { queryId: 6n, op: Op.rootPutProxy },
    ],
    ['a payment to an account where nothing is', () => pay(nowhere, toNano('1')), { queryId: 0n, op: 0 }],
    [
      'a body shorter than an operation',
      () => tell(nowhere, beginCell().storeUint(1, 31).endCell()),
      { queryId: 0n, op: 0 },
    ],
    [
      'an operation without a query id',
      () => tell(nowhere, beginCell().storeUint(0x12345678, 32).storeUint(1, 63).endCell()),
      { queryId: 0n, op: 0x12345678 },
    ],
    [
      'limits that are out of bounds',
      () => {
        const limits = { delayNormal: 0, delayCritical: 0, grace: 0, exitDelay: 0, spendCapBps: 0 };
        return tell(it.vault.address, vaultBodies.vaultSetLimits({ queryId: 8n, limits }));
      },
      { queryId: 8n, op: Op.vaultSetLimits },
    ],
  ];

  test.each(refusals)(
    '%s: the coins are back, the operation is done, the log says what it was',
    async (_, make, log) => {
      const actions = [make(), ...payments(it.people.payee.address, 1)];
      await makeReady(it, 7, actions);
      const { result, gain } = await conserving(it.world, () => act.execute(7, actions));
      expect(logsOf(it, result)).toEqual([{ kind: 'actionBounced', ...log }]);
      expect(await it.vault.getOperation(7)).toMatchObject({ state: OperationState.done });
      // The other action is not touched; of the refused one's value only fees are gone.
      const lost = -gain(it.vault.address) - actions[1]!.value;
      expect(lost).toBeGreaterThan(0n);
      expect(lost).toBeLessThan(toNano('0.005'));
      expect(takenBy(it.people.registrar.address, result)).toEqual([]);
    },
  );

  test('a bounce with too few coins for a log is taken all the same', async () => {
    const result = await carryOut(it, 7, [pay(nowhere, 0n), pay(nowhere, 100_000n)]);
    expect(logsOf(it, result).length).toBeLessThan(2);
    expect(await it.vault.getOperation(7)).toMatchObject({ state: OperationState.done });
  });
});

describe('the root', () => {
  test('does what an executed operation says, and its excesses stay in the treasury', async () => {
    const actions = [
      tell(it.root.address, bodies.rootAddModelType({ queryId: 1n, hash: hashOf('new') })),
      tell(it.root.address, bodies.rootDelModelType({ queryId: 2n, hash: hashOf('model 1') })),
      tell(it.root.address, bodies.rootRegisterProxy({ queryId: 3n, endpoint: '10.0.0.9:1' })),
    ];
    await makeReady(it, 7, actions, { class: 'normal' });
    const { result, gain } = await conserving(it.world, () => act.execute(7, actions));
    expect(exitsOf(it, result)).toEqual([0, 0, 0, 0]);
    expect(gain(it.vault.address)).toBeGreaterThan(-toNano('0.01'));
    const lists = await it.root.getStorage();
    expect(lists.modelHashes).toEqual(new Set([hex('model 2'), hex('new')]));
    expect(lists.registeredProxies.get(lists.lastProxySeqno)).toBe('10.0.0.9:1');
  });
});
