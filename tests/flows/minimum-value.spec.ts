import { type Address, type Cell, toNano } from '@ton/core';
import { PRICE_SETS, type PriceSet } from '../../offchain/localnet/config';
import { bodies } from '../../wrappers';
import { conserving } from '../support/conservation';
import { hashOf } from '../support/keys';
import { deliver } from '../support/rejection';
import { computeSkipped, exitCodeOf, opOf, txOf } from '../support/trace';
import { type VoucherOp, voucherBody } from '../support/vouchers';
import {
  type Actor,
  type Checkpoint,
  checkpoint,
  createWorld,
  deployFundedClient,
  deployStakedProxy,
  deployWorker,
  type World,
} from '../support/world';

/**
 * The smallest value an operation takes must pay for all it sets off, at the prices of today and at the six times higher
 * ones before 2026: a chain that runs dry half-way would take a claim with it (W15, A4).
 */

const MIN = toNano('0.1');
const PROXY_DELAY = 86_400;
const CLIENT_DELAY = 43_200;

interface Setup {
  world: World;
  proxy: Address;
  client: Address;
  worker: Address;
  fresh: Checkpoint;
}

const setups = new Map<PriceSet, Setup>();
beforeAll(async () => {
  for (const prices of PRICE_SETS) {
    const world = await createWorld({ prices });
    const proxy = await deployStakedProxy(world);
    const client = await deployFundedClient(world, proxy.address, toNano('40'));
    const worker = await deployWorker(world, proxy.address);
    const addresses = { proxy: proxy.address, client: client.address, worker: worker.address };
    setups.set(prices, { world, ...addresses, fresh: checkpoint(world) });
  }
});

interface Step {
  to: 'proxy' | 'client' | 'worker';
  from: 'clientOwner' | 'workerOwner' | 'proxyOwner' | 'carrier';
  value: bigint;
  body: (setup: Setup, excessesTo: Address) => Cell;
  /** what has to happen before */
  before?: (setup: Setup) => Promise<unknown>;
}

const signed = (op: VoucherOp, to: Step['to'], tokens?: bigint) => (setup: Setup, excessesTo: Address) =>
  voucherBody({ op, contract: setup[to], excessesTo, ...(tokens === undefined ? {} : { tokens }) });
const send = (setup: Setup, from: Actor, to: Address, body: Cell) =>
  deliver(setup.world, { from, to, value: toNano('1'), body });
const queryId = 1n;

const steps: Record<string, Step> = {
  'top up': {
    to: 'client',
    from: 'clientOwner',
    value: toNano('2') + MIN,
    body: (_, excessesTo) => bodies.extClientTopUp({ queryId, amount: toNano('2'), excessesTo }),
  },
  'top up with a new secret': {
    to: 'client',
    from: 'clientOwner',
    value: toNano('2') + MIN,
    body: (_, excessesTo) =>
      bodies.ownerClientChangeSecretHashAndTopUp({ queryId, amount: toNano('2'), secretHash: hashOf('s'), excessesTo }),
  },
  'registration of a client': {
    to: 'client',
    from: 'clientOwner',
    value: MIN,
    body: (_, excessesTo) => bodies.ownerClientRegister({ queryId, nonce: 1n, excessesTo }),
  },
  'change of the secret': {
    to: 'client',
    from: 'clientOwner',
    value: MIN,
    body: (_, excessesTo) => bodies.ownerClientChangeSecretHash({ queryId, secretHash: hashOf('s'), excessesTo }),
  },
  'change of the stake': {
    to: 'client',
    from: 'clientOwner',
    value: MIN,
    body: (_, excessesTo) => bodies.ownerClientIncreaseStake({ queryId, newStake: toNano('16'), excessesTo }),
  },
  withdraw: {
    to: 'client',
    from: 'clientOwner',
    value: MIN,
    body: (_, excessesTo) => bodies.ownerClientWithdraw({ queryId, excessesTo }),
  },
  'request of a refund': {
    to: 'client',
    from: 'clientOwner',
    value: MIN,
    body: (_, excessesTo) => bodies.ownerClientRequestRefund({ queryId, excessesTo }),
  },
  'forced refund': {
    to: 'client',
    from: 'clientOwner',
    value: MIN,
    body: (_, excessesTo) => bodies.ownerClientRequestRefund({ queryId, excessesTo }),
    before: async (setup) => {
      const { clientOwner } = setup.world.actors;
      const body = bodies.ownerClientRequestRefund({ queryId, excessesTo: clientOwner.address });
      await send(setup, clientOwner, setup.client, body);
      setup.world.advance(CLIENT_DELAY + 1);
    },
  },
  'charge voucher': {
    to: 'client',
    from: 'carrier',
    value: MIN,
    body: signed('extClientChargeSigned', 'client', 500n),
  },
  'refund voucher': {
    to: 'client',
    from: 'carrier',
    value: MIN,
    body: signed('extClientGrantRefundSigned', 'client', 500n),
  },
  'registration of a worker': {
    to: 'worker',
    from: 'workerOwner',
    value: MIN + 1n,
    body: (_, excessesTo) => bodies.ownerWorkerRegister({ queryId, excessesTo }),
  },
  'payout voucher': {
    to: 'worker',
    from: 'carrier',
    value: MIN + 1n,
    body: signed('extWorkerPayoutRequestSigned', 'worker', 1_000_000_000n),
  },
  'last payout voucher': {
    to: 'worker',
    from: 'carrier',
    value: MIN + 1n,
    body: signed('extWorkerLastPayoutRequestSigned', 'worker', 1_000_000_000n),
  },
  'payout of the revenue': {
    to: 'proxy',
    from: 'carrier',
    value: MIN,
    body: (_, excessesTo) => bodies.extProxyPayoutRequest({ queryId, excessesTo }),
    before: (setup) => {
      const { carrier } = setup.world.actors;
      const body = signed('extWorkerPayoutRequestSigned', 'worker', 1_000_000_000n)(setup, carrier.address);
      return send(setup, carrier, setup.worker, body);
    },
  },
  'increase of the stake': {
    to: 'proxy',
    from: 'proxyOwner',
    value: toNano('2') + MIN,
    body: (_, excessesTo) => bodies.extProxyIncreaseStake({ queryId, amount: toNano('2'), excessesTo }),
  },
  'close of a proxy': {
    to: 'proxy',
    from: 'proxyOwner',
    value: MIN,
    body: (_, excessesTo) => bodies.ownerProxyClose({ queryId, excessesTo }),
  },
  'closing voucher': { to: 'proxy', from: 'carrier', value: MIN, body: signed('extProxyCloseRequestSigned', 'proxy') },
  'completion voucher': {
    to: 'proxy',
    from: 'carrier',
    value: MIN,
    body: signed('extProxyCloseCompleteRequestSigned', 'proxy'),
    before: async (setup) => {
      const { proxyOwner } = setup.world.actors;
      await send(setup, proxyOwner, setup.proxy, bodies.ownerProxyClose({ queryId, excessesTo: proxyOwner.address }));
      setup.world.advance(PROXY_DELAY);
    },
  },
};

describe.each(PRICE_SETS)('at %s prices the smallest value pays for a whole', (prices) => {
  test.each(Object.keys(steps))('%s', async (name) => {
    const setup = setups.get(prices)!;
    await setup.fresh.restore();
    const { to, from, value, body, before } = steps[name]!;
    await before?.(setup);
    const { world } = setup;
    const excessesTo = world.actors.stranger.address;
    const attempt = { from: world.actors[from], to: setup[to], value, body: body(setup, excessesTo) };
    const { result } = await conserving(world, () => deliver(world, attempt));

    for (const tx of result.transactions) {
      if (computeSkipped(tx)) expect(tx.inMessage?.info).toMatchObject({ value: { coins: 1n } });
      else expect(exitCodeOf(tx)).toBe(0);
    }
    if (name === 'completion voucher') return; // everything goes to the owner in one message
    const excesses = txOf(result, excessesTo).inMessage;
    expect(excesses && opOf(excesses.body)).toBe('excesses');
  });
});
