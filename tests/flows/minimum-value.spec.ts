import { ExitCode } from '../../wrappers';
import { conserving } from '../support/conservation';
import { PRICES, type Prices } from '../support/price-sets';
import { deliver, expectRejection } from '../support/rejection';
import { attemptOf, operationNames, operationOf, type Setup, setUp, smallestValue } from '../support/smallest-values';
import { computeSkipped, exitCodeOf, opOf, txOf } from '../support/trace';

/**
 * The smallest value an operation takes must pay for all it sets off, at the prices of today, at the six times higher ones
 * before 2026 and at ten times those: a chain that runs dry half-way would take a claim with it (W15, A4).
 */

const setups = new Map<Prices, Setup>();
beforeAll(async () => {
  for (const prices of PRICES) setups.set(prices, await setUp(prices));
});

describe.each(PRICES)('at %s prices the smallest value', (prices) => {
  test.each(operationNames)('pays for a whole %s, and one nanoTON less buys nothing but its refusal', async (name) => {
    const setup = setups.get(prices)!;
    await setup.fresh.restore();
    const operation = operationOf(name);
    await operation.before?.(setup);
    const { world } = setup;
    const value = smallestValue(prices, operation);

    await expectRejection(world, attemptOf(setup, operation, value - 1n), ExitCode.lowMsgValue);

    const { result } = await conserving(world, () => deliver(world, attemptOf(setup, operation, value)));
    for (const tx of result.transactions) {
      if (computeSkipped(tx)) expect(tx.inMessage?.info).toMatchObject({ value: { coins: 1n } });
      else expect(exitCodeOf(tx)).toBe(0);
    }
    if (operation.noExcesses === true) return;
    const excesses = txOf(result, world.actors.stranger.address).inMessage;
    expect(excesses && opOf(excesses.body)).toBe('excesses');
  });
});
