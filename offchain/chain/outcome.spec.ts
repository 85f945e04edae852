import { exitCodeName, stateInitAddress, walletStateInit } from '@cocoon/sdk';
import { type Address, beginCell, type Transaction, toNano } from '@ton/core';
import { OutcomeError } from './outcome';
import type { TransactionCursor } from './port';
import { PassingChain } from './testing/passing-chain';
import { nextSeed, owner, stranger, transfer, WalletWorld, walletCode } from './testing/wallets';

let world: WalletWorld;

beforeAll(async () => {
  world = await WalletWorld.start();
});

afterEach(() => world.closeSenders());

afterAll(() => world.close());

describe('the outcome at the destination', () => {
  async function outcomeError(promise: Promise<unknown>): Promise<OutcomeError> {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof OutcomeError)) {
      throw new Error(`expected an OutcomeError, got ${String(error)}`);
    }
    return error;
  }

  it('a contract that throws is reported with its exit code, the name of that, and the bounce', async () => {
    const other = await world.fundedSender();
    await other.send([transfer(stranger(), toNano('0.1'))]);
    const sender = await world.fundedSender();
    const body = beginCell().storeUint(0x12345678, 32).storeUint(0, 64).endCell();
    const sent = await sender.send([{ to: other.address, value: toNano(1), body }]);
    const error = await outcomeError(sender.waitForOutcome(sent));
    expect([error.code, error.retryable]).toEqual(['message-failed', false]);
    expect(exitCodeName(error.exitCode ?? 0)).toMatch(/^wallet/);
    expect(error.message).toContain(exitCodeName(error.exitCode ?? 0));
    expect(error.outcome).toMatchObject({ result: 'failed', phase: 'compute', bounced: true });
  });

  it('a bounce from where no contract is, is an error, and so is a deployment that did not happen', async () => {
    const sender = await world.fundedSender();
    const bounced = await sender.send([{ to: stranger(), value: toNano(1), bounce: true }]);
    const first = await outcomeError(sender.waitForOutcome(bounced));
    expect([first.code, first.outcome]).toEqual([
      'message-skipped',
      expect.objectContaining({ reason: 'no-state', bounced: true }),
    ]);

    const init = walletStateInit({ publicKey: nextSeed(), owner: owner.address, code: walletCode });
    const wrong = await sender.send([{ to: stranger(), value: toNano(1), init }]);
    const second = await outcomeError(sender.waitForOutcome(wrong));
    expect(second.outcome).toMatchObject({ result: 'skipped', bounced: false });

    const right = await sender.send([{ to: stateInitAddress(init), value: toNano(1), init }]);
    expect((await sender.waitForOutcome(right)).endStatus).toBe('active');
  });

  it('a message that does not arrive in time is a timeout that says not to send again blindly', async () => {
    class Blind extends PassingChain {
      override async transactions(
        address: Address,
        options: { limit: number; before?: TransactionCursor },
      ): Promise<Transaction[]> {
        return address.equals(hidden) ? [] : await super.transactions(address, options);
      }
    }
    const hidden = stranger();
    const sender = await world.fundedSender(toNano(50), { chain: new Blind(world.chain) });
    const sent = await sender.send([transfer(hidden, toNano(1))]);
    const error = await outcomeError(sender.waitForOutcome(sent, 0, { timeoutMs: 5000 }));
    expect([error.code, error.message]).toEqual(['outcome-timeout', expect.stringContaining('look at the account')]);
  });
});
