import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Address, type Cell, toNano } from '@ton/core';
import { bodies } from '../../wrappers';
import { hashOf } from './keys';
import { configAt, gasFee, type Prices } from './price-sets';
import { type Attempt, deliver } from './rejection';
import { type VoucherOp, voucherBody } from './vouchers';
import {
  type Checkpoint,
  checkpoint,
  createWorld,
  deployFundedClient,
  deployStakedProxy,
  deployWorker,
  type Role,
  type World,
} from './world';

/** Every operation of client, worker and proxy with the smallest value that it takes, on a network in use. */

const MIN = toNano('0.1');
const PROXY_DELAY = 86_400;
const CLIENT_DELAY = 43_200;
export const ESCROW = toNano('40');
/** 20 TON at the client's price. */
const TOKENS = 1_000_000_000n;

const gasSource = readFileSync(path.join(__dirname, '../../contracts/common/gas.tact'), 'utf8');

/** What contracts/common/gas.tact says that an operation may take, gas units. */
export function gasConstant(name: 'REQUEST_GAS' | 'LOCAL_GAS' | 'DEEPEST_REQUEST_GAS'): bigint {
  const value = new RegExp(`^const ${name}: Int = ([0-9_]+);$`, 'm').exec(gasSource)?.[1];
  if (value === undefined) throw new Error(`contracts/common/gas.tact has no constant ${name}`);
  return BigInt(value.replaceAll('_', ''));
}

/** A request goes on to the proxy, a local operation is carried out by one contract, which tells others about it. */
export type Reach = 'request' | 'local';
export const gasOf = (reach: Reach): bigint => gasConstant(reach === 'request' ? 'REQUEST_GAS' : 'LOCAL_GAS');

/** 0.1 TON, or what the chain's prices ask for, and the coins that the operation moves. */
export function smallestValue(prices: Prices, { reach, moves = 0n }: Operation): bigint {
  const price = gasFee(configAt(prices), gasOf(reach));
  return (price > MIN ? price : MIN) + moves;
}

export interface Setup {
  prices: Prices;
  world: World;
  proxy: Address;
  client: Address;
  worker: Address;
  fresh: Checkpoint;
}

/** A proxy with its stake, a client with 40 TON in its pool, a worker. */
export async function setUp(prices: Prices): Promise<Setup> {
  const world = await createWorld({ prices });
  const proxy = await deployStakedProxy(world);
  const client = await deployFundedClient(world, proxy.address, ESCROW);
  const worker = await deployWorker(world, proxy.address);
  const addresses = { proxy: proxy.address, client: client.address, worker: worker.address };
  return { prices, world, ...addresses, fresh: checkpoint(world) };
}

export interface Operation {
  to: 'proxy' | 'client' | 'worker';
  from: Role;
  reach: Reach;
  /** nanoTON that must come on top; one for a worker's operations, which ask for more than the price */
  moves?: bigint;
  body: (setup: Setup, excessesTo: Address) => Cell;
  /** what has to happen before */
  before?: (setup: Setup) => Promise<unknown>;
  /** everything goes to one account in one message */
  noExcesses?: true;
}

/** An operation with this value, ready to be delivered. */
export function attemptOf(setup: Setup, operation: Operation, value: bigint): Attempt {
  const { actors } = setup.world;
  const body = operation.body(setup, actors.stranger.address);
  return { from: actors[operation.from], to: setup[operation.to], value, body };
}

const queryId = 1n;

const signed = (op: VoucherOp, to: Operation['to'], tokens?: bigint) => (setup: Setup, excessesTo: Address) =>
  voucherBody({ op, contract: setup[to], excessesTo, ...(tokens === undefined ? {} : { tokens }) });

/** Sends an operation with plenty of coins, for what comes after it. */
async function first(setup: Setup, name: string): Promise<void> {
  const operation = operationOf(name);
  await operation.before?.(setup);
  await deliver(setup.world, attemptOf(setup, operation, toNano('3')));
}

/** A closed account has 0.01 TON left; before anything else it needs its reserve again. */
async function revived(setup: Setup, account: 'client' | 'worker'): Promise<void> {
  const { carrier } = setup.world.actors;
  const body = bodies.doNotProcess({ queryId });
  await deliver(setup.world, { from: carrier, to: setup[account], value: toNano('0.2'), body });
}

const ofClient = { to: 'client', from: 'clientOwner' } as const;
const ofProxy = { to: 'proxy', from: 'proxyOwner', reach: 'local' } as const;
const byCarrier = { from: 'carrier' } as const;
const workerExtra = 1n;
const amount = toNano('2');

/** The pool knows of 20 TON charged. */
async function charged(setup: Setup): Promise<void> {
  await first(setup, 'charge voucher');
  await first(setup, 'synchronisation');
}

const operations = {
  'top up': {
    ...ofClient,
    reach: 'request',
    moves: amount,
    body: (_, excessesTo) => bodies.extClientTopUp({ queryId, amount, excessesTo }),
  },
  'top up with a new secret': {
    ...ofClient,
    reach: 'request',
    moves: amount,
    body: (_, excessesTo) =>
      bodies.ownerClientChangeSecretHashAndTopUp({ queryId, amount, secretHash: hashOf('s'), excessesTo }),
  },
  'top up that a closing proxy sends back': {
    ...ofClient,
    reach: 'request',
    moves: amount,
    body: (_, excessesTo) => bodies.extClientTopUp({ queryId, amount, excessesTo }),
    before: (setup) => first(setup, 'close of a proxy'),
  },
  synchronisation: {
    to: 'client',
    ...byCarrier,
    reach: 'request',
    body: (_, excessesTo) => bodies.extClientTopUp({ queryId, amount: 0n, excessesTo }),
  },
  'registration of a client': {
    ...ofClient,
    reach: 'local',
    body: (_, excessesTo) => bodies.ownerClientRegister({ queryId, nonce: 1n, excessesTo }),
  },
  'change of the secret': {
    ...ofClient,
    reach: 'local',
    body: (_, excessesTo) => bodies.ownerClientChangeSecretHash({ queryId, secretHash: hashOf('s'), excessesTo }),
  },
  'change of the stake': {
    ...ofClient,
    reach: 'local',
    body: (_, excessesTo) => bodies.ownerClientIncreaseStake({ queryId, newStake: toNano('16'), excessesTo }),
  },
  withdraw: {
    ...ofClient,
    reach: 'request',
    body: (_, excessesTo) => bodies.ownerClientWithdraw({ queryId, excessesTo }),
  },
  'request of a refund': {
    ...ofClient,
    reach: 'request',
    body: (_, excessesTo) => bodies.ownerClientRequestRefund({ queryId, excessesTo }),
  },
  'request of a refund with nothing above the stake': {
    ...ofClient,
    reach: 'request',
    body: (_, excessesTo) => bodies.ownerClientRequestRefund({ queryId, excessesTo }),
    before: (setup) => first(setup, 'withdraw'),
  },
  'forced refund': {
    ...ofClient,
    reach: 'request',
    body: (_, excessesTo) => bodies.ownerClientRequestRefund({ queryId, excessesTo }),
    before: async (setup) => {
      await first(setup, 'request of a refund');
      setup.world.advance(CLIENT_DELAY + 1);
    },
  },
  'top up that opens again': {
    ...ofClient,
    reach: 'request',
    moves: amount,
    body: (_, excessesTo) => bodies.ownerClientTopUpReopen({ queryId, amount, excessesTo }),
    before: async (setup) => {
      await first(setup, 'refund voucher');
      await revived(setup, 'client');
    },
  },
  'charge voucher': {
    to: 'client',
    ...byCarrier,
    reach: 'local',
    body: signed('extClientChargeSigned', 'client', TOKENS),
  },
  'refund voucher': {
    to: 'client',
    ...byCarrier,
    reach: 'request',
    body: signed('extClientGrantRefundSigned', 'client', 500n),
  },
  'registration of a worker': {
    to: 'worker',
    from: 'workerOwner',
    reach: 'local',
    moves: workerExtra,
    body: (_, excessesTo) => bodies.ownerWorkerRegister({ queryId, excessesTo }),
  },
  'payout voucher': {
    to: 'worker',
    ...byCarrier,
    reach: 'request',
    moves: workerExtra,
    body: signed('extWorkerPayoutRequestSigned', 'worker', TOKENS),
    before: charged,
  },
  'payout voucher that is paid out of the stake': {
    to: 'worker',
    ...byCarrier,
    reach: 'request',
    moves: workerExtra,
    body: signed('extWorkerPayoutRequestSigned', 'worker', TOKENS / 2n),
  },
  'last payout voucher': {
    to: 'worker',
    ...byCarrier,
    reach: 'request',
    moves: workerExtra,
    body: signed('extWorkerLastPayoutRequestSigned', 'worker', TOKENS),
    before: charged,
  },
  'reopening of a worker': {
    to: 'worker',
    from: 'workerOwner',
    reach: 'local',
    moves: workerExtra,
    body: (_, excessesTo) => bodies.ownerWorkerReopen({ queryId, excessesTo }),
    before: async (setup) => {
      await first(setup, 'last payout voucher');
      await revived(setup, 'worker');
    },
  },
  'payout of the revenue': {
    ...ofProxy,
    ...byCarrier,
    body: (_, excessesTo) => bodies.extProxyPayoutRequest({ queryId, excessesTo }),
    before: (setup) => first(setup, 'payout voucher'),
  },
  'withdrawal of the revenue by text': {
    ...ofProxy,
    body: () => bodies.text('w'),
    before: (setup) => first(setup, 'payout voucher'),
    noExcesses: true,
  },
  'increase of the stake': {
    ...ofProxy,
    moves: amount,
    body: (_, excessesTo) => bodies.extProxyIncreaseStake({ queryId, amount, excessesTo }),
  },
  'close of a proxy': {
    ...ofProxy,
    body: (_, excessesTo) => bodies.ownerProxyClose({ queryId, excessesTo }),
  },
  'close of a proxy by text': { ...ofProxy, body: () => bodies.text('c'), noExcesses: true },
  'closing voucher': { ...ofProxy, ...byCarrier, body: signed('extProxyCloseRequestSigned', 'proxy') },
  'completion voucher': {
    ...ofProxy,
    ...byCarrier,
    body: signed('extProxyCloseCompleteRequestSigned', 'proxy'),
    before: async (setup) => {
      await first(setup, 'close of a proxy');
      setup.world.advance(PROXY_DELAY);
    },
    noExcesses: true,
  },
  'completion without the key': {
    ...ofProxy,
    body: (_, excessesTo) => bodies.ownerProxyClose({ queryId, excessesTo }),
    before: async (setup) => {
      await first(setup, 'close of a proxy');
      setup.world.advance(2 * PROXY_DELAY);
    },
    noExcesses: true,
  },
} as const satisfies Record<string, Operation>;

export const operationNames: readonly string[] = Object.keys(operations);

/** @throws Error for a name that is not there */
export function operationOf(name: string): Operation {
  const operation: Operation | undefined = (operations as Record<string, Operation>)[name];
  if (operation === undefined) throw new Error(`no operation "${name}"`);
  return operation;
}
