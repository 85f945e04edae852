import { type Address, beginCell, type Cell, toNano } from '@ton/core';
import { bodies, CocoonState, Op } from '../../wrappers';
import { conserving } from '../support/conservation';
import {
  actionsOf,
  createMarket,
  ESCROW,
  exitsOf,
  expectSolvent,
  type Market,
  OTHER_ESCROW,
  paidBy,
  sentTo,
  tokensFor,
} from '../support/market';
import { deliver } from '../support/rejection';
import { computeSkipped, isBounce, txOf } from '../support/trace';
import { balanceOf, dataOf, startEachTestFrom } from '../support/world';

/** Anybody may send anything to anybody: what is not proved to come from a child or an owner moves no coin and no claim. */

let market: Market;
let act: ReturnType<typeof actionsOf>;

startEachTestFrom(async () => {
  market = await createMarket();
  act = actionsOf(market);
  return market.world;
});

afterEach(() => expectSolvent(market));

async function expectUnchanged(address: Address, attempt: () => Promise<unknown>): Promise<void> {
  const before = await dataOf(market.world, address);
  await attempt();
  expect((await dataOf(market.world, address)).equals(before)).toBe(true);
}

function clientReport(payload: Cell | null): Cell {
  const snapshot = {
    state: CocoonState.closed,
    balance: toNano('1000'),
    stake: 0n,
    tokensUsed: 0n,
    secretHash: Buffer.alloc(32),
  };
  return bodies.clientProxyRequest({ queryId: 3n, owner: market.world.actors.stranger.address, snapshot, payload });
}

function workerReport(payload: Cell | null): Cell {
  const owner = market.world.actors.stranger.address;
  return bodies.workerProxyRequest({ queryId: 3n, owner, state: CocoonState.normal, tokens: 1n, payload });
}

describe('reports to the proxy', () => {
  test.each([
    ['a client', () => clientReport(null)],
    ['a worker', () => workerReport(null)],
  ] as const)(
    'a report of %s without a request, from whomever, changes nothing; its coins stay in the pool (A5, A7)',
    async (_, body) => {
      const { world, proxy } = market;
      const { stranger } = world.actors;
      await expectUnchanged(proxy.address, async () => {
        const result = await deliver(world, { from: stranger, to: proxy.address, value: toNano('2'), body: body() });
        expect(exitsOf(result, proxy.address)).toEqual(['0']);
        expect([...txOf(result, proxy.address).outMessages.values()]).toEqual([]);
      });
      expect(paidBy(market, await act.grant(0n), world.actors.clientOwner.address)).toBe(ESCROW);
    },
  );

  test.each([
    ['top-up', () => clientReport(bodies.clientProxyTopUp({ amount: 1n, excessesTo: market.proxy.address }))],
    ['refund', () => clientReport(bodies.clientProxyRefundGranted({ amount: 1n, excessesTo: market.proxy.address }))],
    [
      'forced refund',
      () => clientReport(bodies.clientProxyRefundForce({ amount: 1n, excessesTo: market.proxy.address })),
    ],
    ['registration', () => clientReport(bodies.clientProxyRegister({ nonce: 1n }))],
    [
      'payout',
      () =>
        workerReport(
          bodies.workerProxyPayoutRequest({ workerPart: 1n, proxyPart: 1n, excessesTo: market.proxy.address }),
        ),
    ],
  ] as const)('a %s that is no child’s is refused, and its coins go back (A7, N03)', async (_, body) => {
    const { world, proxy } = market;
    const { stranger } = world.actors;
    await expectUnchanged(proxy.address, async () => {
      const outcome = await conserving(world, () =>
        deliver(world, { from: stranger, to: proxy.address, value: toNano('2'), body: body() }),
      );
      expect(exitsOf(outcome.result, proxy.address)).toEqual(['contractAddressMismatch']);
      expect(outcome.gain(stranger.address)).toBe(-outcome.fees);
    });
  });

  test('an account of the masterchain with the id of a client is not that client (A7)', async () => {
    const { world, proxy, client } = market;
    const { clientOwner } = world.actors;
    const payload = bodies.clientProxyRefundGranted({ amount: ESCROW, excessesTo: clientOwner.address });
    const snapshot = { state: 0, balance: 0n, stake: 0n, tokensUsed: 0n, secretHash: Buffer.alloc(32) } as const;
    const body = bodies.clientProxyRequest({ queryId: 1n, owner: clientOwner.address, snapshot, payload });
    const twin = Object.assign(Object.create(Object.getPrototypeOf(client.address)), client.address, { workChain: -1 });
    const result = await deliver(world, { from: twin as Address, to: proxy.address, value: toNano('0.7'), body });
    expect(exitsOf(result, proxy.address)).toEqual(['contractAddressMismatch']);
    expect((await proxy.getBooks()).escrow).toBe(ESCROW + OTHER_ESCROW);
  });

  test('what a child only reports carries one nanoTON and runs no code: the proxy believes it nothing (A7)', async () => {
    const { world, proxy, client, worker } = market;
    const { clientOwner, workerOwner } = world.actors;
    const reports = [
      () => act.charge(tokensFor(toNano('3'))),
      () => client.sendRegister(clientOwner.getSender(), { nonce: 5n, excessesTo: clientOwner.address }),
      () =>
        client.sendIncreaseStake(clientOwner.getSender(), { newStake: toNano('16'), excessesTo: clientOwner.address }),
      () => worker.sendRegister(workerOwner.getSender(), { excessesTo: workerOwner.address }),
    ];
    for (const report of reports) {
      await expectUnchanged(proxy.address, async () => {
        const outcome = await conserving(world, report);
        expect(outcome.gain(proxy.address)).toBe(1n);
        expect(computeSkipped(txOf(outcome.result, proxy.address))).toBe(true);
      });
    }
  });
});

describe('strangers', () => {
  test('may say for a client what was charged, as often as they like, at their own cost (W27)', async () => {
    const { world, proxy, client } = market;
    const { stranger } = world.actors;
    await act.charge(tokensFor(toNano('3')));
    const first = await conserving(world, () =>
      client.sendSync(stranger.getSender(), { excessesTo: stranger.address }),
    );
    expect(await proxy.getBooks()).toMatchObject({ earned: toNano('3'), escrow: ESCROW + OTHER_ESCROW - toNano('3') });
    expect(first.gain(stranger.address)).toBe(-first.fees);
    await expectUnchanged(proxy.address, () => act.sync());
    await expectUnchanged(client.address, () => act.sync());
  });

  const owners: [string, 'client' | 'worker' | 'proxy', () => Cell, string][] = [
    ['withdraw', 'client', () => bodies.ownerClientWithdraw(query()), 'expectedOwner'],
    ['request a refund', 'client', () => bodies.ownerClientRequestRefund(query()), 'expectedOwner'],
    [
      'change the secret',
      'client',
      () => bodies.ownerClientChangeSecretHash({ ...query(), secretHash: Buffer.alloc(32) }),
      'expectedMessageFromOwner',
    ],
    [
      'raise the stake',
      'client',
      () => bodies.ownerClientIncreaseStake({ ...query(), newStake: toNano('20') }),
      'expectedMessageFromOwner',
    ],
    ['register', 'client', () => bodies.ownerClientRegister({ ...query(), nonce: 1n }), 'expectedMessageFromOwner'],
    ['reopen', 'client', () => bodies.ownerClientTopUpReopen({ ...query(), amount: 0n }), 'expectedMessageFromOwner'],
    ['register', 'worker', () => bodies.ownerWorkerRegister(query()), 'expectedMessageFromOwner'],
    ['reopen', 'worker', () => bodies.ownerWorkerReopen(query()), 'expectedMessageFromOwner'],
    ['close', 'proxy', () => bodies.ownerProxyClose(query()), 'expectedMessageFromOwner'],
    ['close by comment', 'proxy', () => bodies.text('c'), 'expectedMessageFromOwner'],
    ['withdraw by comment', 'proxy', () => bodies.text('w'), 'expectedMessageFromOwner'],
  ];
  const query = () => ({ queryId: 1n, excessesTo: market.world.actors.stranger.address });

  test.each(owners)('may not %s for the owner of a %s, and lose fees only', async (_, who, body, exit) => {
    const { world } = market;
    const { stranger } = world.actors;
    const { address } = market[who];
    await expectUnchanged(address, async () => {
      const outcome = await conserving(world, () =>
        deliver(world, { from: stranger, to: address, value: toNano('1'), body: body() }),
      );
      expect(exitsOf(outcome.result, address)).toEqual([exit]);
      expect(outcome.gain(stranger.address)).toBe(-outcome.fees);
    });
  });

  test('may leave coins anywhere: they are the owner’s in the end, whoever closes the account (A5, W13)', async () => {
    const { world, client, worker, proxy } = market;
    const { stranger, clientOwner, workerOwner } = world.actors;
    const gift = { value: toNano('3'), body: beginCell().storeUint(Op.doNotProcess, 32).endCell() };
    for (const to of [client.address, worker.address, proxy.address]) await stranger.send({ to, ...gift });
    const [own, earned] = [await balanceOf(world, client.address), await balanceOf(world, worker.address)];
    const refund = await act.grant(0n);
    expect(sentTo(refund, 'payout', client.address, clientOwner.address)).toBe(own - toNano('0.11'));
    const last = await act.lastPayout(0n);
    expect(sentTo(last, 'payout', worker.address, workerOwner.address)).toBe(earned - toNano('0.11'));
    expect(paidBy(market, refund, clientOwner.address)).toBe(ESCROW);
  });

  test('cannot fake a bounce: a plain message that looks like one is refused (W02)', async () => {
    const { world, client } = market;
    const { stranger } = world.actors;
    const request = clientReport(
      bodies.clientProxyRefundGranted({ amount: toNano('500'), excessesTo: stranger.address }),
    );
    const forged = beginCell().storeUint(0xfffffffe, 32).storeRef(request).storeUint(0, 64).endCell();
    await expectUnchanged(client.address, async () => {
      const result = await deliver(world, { from: stranger, to: client.address, value: toNano('1'), body: forged });
      expect(exitsOf(result, client.address)).toEqual(['unknownOp']);
      expect(txOf(result, client.address).outMessages.values().map(isBounce)).toEqual([true]);
    });
  });
});
