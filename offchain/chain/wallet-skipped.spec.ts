import { Address, comment, toNano } from '@ton/core';
import type { AccountState } from './port';
import { PassingChain } from './testing/passing-chain';
import { stranger, transfer, WalletWorld, walletFailure } from './testing/wallets';
import type { CocoonWalletSender, OutMessage } from './wallet';

/** Shows the wallet with more coins than it has, as an endpoint does that lags behind a payment. */
class Generous extends PassingChain {
  override async account(address: Address): Promise<AccountState> {
    const account = await super.account(address);
    return { ...account, balance: account.balance + toNano(1000) };
  }
}

let world: WalletWorld;
let sender: CocoonWalletSender;

beforeAll(async () => {
  world = await WalletWorld.start();
});

beforeEach(async () => {
  sender = await world.fundedSender(toNano(10), { chain: new Generous(world.chain) });
});

afterEach(() => world.closeSenders());

afterAll(() => world.close());

const pay = (to: Address, ton: number, more: Partial<OutMessage> = {}): OutMessage => ({
  ...transfer(to, toNano(ton)),
  ...more,
});

describe('a message that the wallet skips', () => {
  it('fails its send by name, and those beside it know their own messages', async () => {
    const [rich, poor] = [stranger(), stranger()];
    const [before, large, after] = await Promise.all([
      sender.send([pay(poor, 1, { body: comment('first') })]),
      walletFailure(sender.send([pay(rich, 100)])),
      sender.send([pay(poor, 2), pay(poor, 3)]),
    ]);
    expect([large!.code, large!.retryable]).toEqual(['wallet-message-skipped', true]);
    expect(large!.message).toMatch(/could not send 100 TON to .* send again/);
    expect(before!.transaction.lt).toBe(after!.transaction.lt);
    expect((await sender.waitForOutcome(before!)).inMessage?.body.equals(comment('first'))).toBe(true);
    for (const index of [0, 1]) {
      const { inMessage } = await sender.waitForOutcome(after!, index);
      const value = inMessage?.info.type === 'internal' ? inMessage.info.value.coins : 0n;
      expect(Number(value) / 1e9).toBeCloseTo(index + 2, 2);
    }
    expect(world.receivedBy(rich)).toEqual([]);
    expect(sender.pending).toBe(0);
  });

  it('is told from a smaller one to the same address with the same text', async () => {
    const to = stranger();
    const [large, small] = await Promise.all([
      walletFailure(sender.send([pay(to, 100, { body: comment('pay') })])),
      sender.send([pay(to, 1, { body: comment('pay'), mode: 1 })]),
    ]);
    expect(large!.code).toBe('wallet-message-skipped');
    expect(small!.messages).toMatchObject([{ value: toNano(1) }]);
  });

  it('makes its send fail for good when others of it left: sending all again would send those twice', async () => {
    const to = stranger();
    const error = await walletFailure(sender.send([pay(to, 100), pay(to, 1)]));
    expect([error.code, error.retryable]).toEqual(['wallet-message-skipped', false]);
    expect(error.message).toMatch(/could not send 100 TON .*the other 1 are on their way/);
    expect(world.receivedBy(to)).toHaveLength(1);
  });

  it('is not waited for when there is no such workchain', async () => {
    const to = stranger();
    const [lost, good] = await Promise.all([
      walletFailure(sender.send([pay(new Address(7, to.hash), 1)])),
      sender.send([pay(to, 1)]),
    ]);
    expect(lost!.code).toBe('wallet-message-skipped');
    expect(good!.messages).toHaveLength(1);
  });
});
