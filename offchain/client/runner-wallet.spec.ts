import { beginCell } from '@ton/core';
import { OutcomeError } from '../chain/outcome';
import { ChainError } from '../chain/port';
import type { CocoonWalletSender } from '../chain/wallet';
import { WalletError } from '../chain/wallet-errors';
import { ActionFailedError } from './actions';
import { RunnerWallet } from './runner-wallet';
import { FakeChain, WALLET } from './testing/fake-network';

const message = { to: WALLET, value: 1n, body: beginCell().endCell() };

/** A wallet whose send, or its outcome, fails so. */
async function failing(failure: { send?: Error; outcome?: Error }): Promise<ActionFailedError> {
  const sender = {
    address: WALLET,
    send: async () => {
      if (failure.send) throw failure.send;
      return {};
    },
    waitForOutcome: async () => {
      throw failure.outcome;
    },
  } as unknown as CocoonWalletSender;
  const error = await new RunnerWallet(sender, new FakeChain(), 1000).perform([message]).catch((reason) => reason);
  expect(error).toBeInstanceOf(ActionFailedError);
  return error as ActionFailedError;
}

describe('an action of the client', () => {
  test('has failed, and is known to have, when the proxy contract refused its half', async () => {
    const outcome = new OutcomeError('request-refused', 'the proxy refused', { retryable: true });
    expect(await failing({ outcome })).toMatchObject({ unknown: false, message: 'the proxy refused' });
  });

  test('has failed when the wallet left its message out', async () => {
    const send = new WalletError('wallet-message-skipped', 'could not send', { retryable: true });
    expect(await failing({ send })).toMatchObject({ unknown: false, message: 'could not send' });
  });

  test('may still happen when it was only not seen', async () => {
    const late = new OutcomeError('outcome-timeout', 'not in time', { retryable: false });
    expect((await failing({ outcome: late })).unknown).toBe(true);
    const lost = new ChainError('no answer', { code: 'unreachable', retryable: true });
    expect((await failing({ outcome: lost })).unknown).toBe(true);
  });
});
