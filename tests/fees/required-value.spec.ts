import { toNano } from '@ton/core';
import type { BlockchainTransaction, SendMessageResult } from '@ton/sandbox';
import type { ClientRecord } from '../../wrappers';
import { hashOf } from '../support/keys';
import { configAt, gasFee, PRICES, type Prices } from '../support/price-sets';
import { packProxy, parseProxy } from '../support/proxy-data';
import { deliver } from '../support/rejection';
import {
  attemptOf,
  ESCROW,
  gasConstant,
  gasOf,
  operationNames,
  operationOf,
  type Setup,
  setUp,
} from '../support/smallest-values';
import { computeSkipped, exitCodeOf, forwardFeesOf, isBounce, txOf, txsOf } from '../support/trace';
import { checkpoint, dataOf, overwriteData } from '../support/world';

/**
 * What operations really take, against the constants of contracts/common/gas.tact that required values are computed from: gas
 * of all contracts that an operation runs through, and what its messages cost to carry, as the gas they are worth.
 */

/** So much of a constant may be used up: code changes, and books of twice as many clients, must still fit. */
const PERCENT = 92n;

const CROWD = 5_000;

describe.each(PRICES)('at %s prices', (prices) => {
  let setup: Setup;
  beforeAll(async () => {
    setup = await setUp(prices);
  });

  test.each(operationNames)('%s takes clearly less than its constant', async (name) => {
    await expectBelow(setup, name);
  });
});

// One price set is enough: as gas, messages cost the same in all, see above.
describe(`with ${CROWD} clients in the books`, () => {
  const requests = operationNames.filter((name) => operationOf(name).reach === 'request');
  let setup: Setup;
  beforeAll(async () => {
    const empty = await setUp('current');
    await fill(empty);
    setup = { ...empty, fresh: checkpoint(empty.world) };
  });

  test('the proxy still knows each of them', async () => {
    const { clients } = parseProxy(await dataOf(setup.world, setup.proxy));
    expect(clients?.size).toBe(CROWD);
    expect(clients?.get(setup.client.hash.toString('hex'))?.escrow).toBe(ESCROW);
  });

  test.each(requests)('%s takes clearly less than its constant', async (name) => {
    await expectBelow(setup, name);
  });
});

/** Thousands of other clients: with 15 TON each, and addresses as evenly spread as hashes are. */
async function fill({ world, proxy }: Setup): Promise<void> {
  const known = parseProxy(await dataOf(world, proxy));
  const clients = new Map<string, ClientRecord>(known.clients);
  const escrow = toNano('15');
  for (let i = 0; clients.size < CROWD; i += 1) {
    const owner = world.actors.otherClientOwner.address;
    clients.set(hashOf(`client ${i}`).toString('hex'), { escrow, ahead: 0n, owner });
  }
  await overwriteData(world, proxy, packProxy({ ...known, clients }));
  (await world.chain.getContract(proxy)).balance += escrow * BigInt(CROWD);
}

async function expectBelow(setup: Setup, name: string): Promise<void> {
  await setup.fresh.restore();
  const operation = operationOf(name);
  await operation.before?.(setup);
  const { world, prices, proxy } = setup;
  const attempt = attemptOf(setup, operation, toNano('1') + (operation.moves ?? 0n));
  const result = await deliver(world, attempt);
  const steps = stepsOf(setup, result);
  expect(steps.map(exitCodeOf).filter((code) => code !== undefined && code !== 0)).toEqual([]);

  const taken = steps.reduce((sum, tx) => sum + gasUnits(tx, prices), 0n);
  expect({ taken, ok: taken * 100n <= gasOf(operation.reach) * PERCENT }).toEqual({ taken, ok: true });
  if (operation.reach === 'local' || computeSkipped(txOf(result, proxy))) return;
  const share = gasUnits(txOf(result, proxy), prices);
  expect({ share, ok: share * 100n <= gasConstant('DEEPEST_REQUEST_GAS') * PERCENT }).toEqual({ share, ok: true });
}

/** The transactions of our contracts that an operation set off. */
function stepsOf({ client, proxy, worker }: Setup, result: SendMessageResult): BlockchainTransaction[] {
  return [client, worker, proxy].flatMap((account) => txsOf(result, account));
}

/** Gas of one transaction, and of carrying what it sent. */
function gasUnits(tx: BlockchainTransaction, prices: Prices): bigint {
  if (tx.description.type !== 'generic') throw new Error(`a ${tx.description.type} transaction`);
  expect(tx.outMessages.values().filter(isBounce)).toEqual([]);
  const { computePhase } = tx.description;
  const gas = computePhase.type === 'vm' ? computePhase.gasUsed : 0n;
  const thousand = gasFee(configAt(prices), 1_100n) - gasFee(configAt(prices), 100n);
  return gas + (forwardFeesOf(tx) * 1_000n + thousand - 1n) / thousand;
}
