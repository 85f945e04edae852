import { ExitCode, parseWalletData, privateKeyFromSeed } from '@cocoon/sdk';
import { comment, internal, SendMode, toNano } from '@ton/core';
import { TonClient } from '@ton/ton';
import { nextSeed, owner, ownerKeys, stranger, transfer, WalletWorld, walletFailure } from './testing/wallets';

let world: WalletWorld;

beforeAll(async () => {
  world = await WalletWorld.start();
});

afterEach(() => world.closeSenders());

afterAll(() => world.close());

describe('the runner wallet', () => {
  it('deploys itself with its first send and resolves with its transaction', async () => {
    const sender = await world.fundedSender();
    const to = stranger();
    const sent = await sender.send([{ ...transfer(to, toNano(1)), body: comment('hello') }]);
    expect(sent.transaction.endStatus).toBe('active');
    expect(sent.messages).toMatchObject([{ value: expect.any(BigInt) }]);
    expect(world.receivedBy(to)).toHaveLength(1);
    const { data } = await world.chain.account(sender.address);
    expect(parseWalletData(data!).seqno).toBe(1);
    const arrived = await sender.waitForOutcome(sent);
    expect(arrived.inMessage?.body.equals(comment('hello'))).toBe(true);
  });

  it('puts sends of one moment together, four messages a transaction, in their order', async () => {
    const sender = await world.fundedSender();
    const to = stranger();
    const values = [1n, 2n, 3n, 4n, 5n, 6n].map((n) => toNano(n));
    const sent = await Promise.all(values.map((value) => sender.send([transfer(to, value)])));
    expect(world.executed(sender)).toBe(2);
    expect(world.receivedBy(to)).toHaveLength(6);
    for (const [i, one] of sent.entries()) {
      const arrived = await sender.waitForOutcome(one);
      const info = arrived.inMessage?.info;
      const value = info?.type === 'internal' ? info.value.coins : 0n;
      // The forward fee comes off the value in mode 0.
      expect(values[i]! - value).toBeGreaterThanOrEqual(0n);
      expect(values[i]! - value).toBeLessThan(toNano('0.001'));
    }
    expect(sender.pending).toBe(0);
  });

  it('never splits one send', async () => {
    const sender = await world.fundedSender();
    const to = stranger();
    const three = [1, 2, 3].map(() => transfer(to, toNano('0.1')));
    const [first, second] = await Promise.all([sender.send(three), sender.send(three)]);
    expect(first!.transaction.lt).not.toBe(second!.transaction.lt);
    expect(first!.messages).toHaveLength(3);
    expect(second!.messages).toHaveLength(3);
  });

  it('refuses no messages, too many, and ones that cannot be encoded', async () => {
    const sender = await world.fundedSender();
    const to = stranger();
    for (const messages of [
      [],
      Array.from({ length: 5 }, () => transfer(to, 1n)),
      [transfer(to, -1n)],
      [transfer(to, 1n << 130n)],
    ]) {
      expect((await walletFailure(sender.send(messages))).code).toBe('wallet-bad-message');
    }
    await sender.send([transfer(to, toNano(1))]);
  });

  it('after a restart goes on with the seqno of the chain', async () => {
    const key = privateKeyFromSeed(nextSeed());
    const first = world.newSender({ key });
    await world.net.chain.faucet(first.address, toNano(20));
    await first.send([transfer(stranger(), toNano(1))]);
    await first.close();
    const second = world.newSender({ key });
    expect(second.address.equals(first.address)).toBe(true);
    await second.send([transfer(stranger(), toNano(1))]);
    expect(parseWalletData((await world.chain.account(second.address)).data!).seqno).toBe(2);
  });

  it('shares its seqno with another process of the same key: nothing is lost, nothing is doubled', async () => {
    const key = privateKeyFromSeed(nextSeed());
    const [one, two] = [world.newSender({ key }), world.newSender({ key })];
    await world.net.chain.faucet(one.address, toNano(50));
    const to = stranger();
    await Promise.all(
      // Different sums: two processes that sign the same thing in the same second sign one and the same message.
      Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? one : two).send([transfer(to, toNano('0.5') + BigInt(i))])),
    );
    expect(world.receivedBy(to)).toHaveLength(10);
  });
});

describe('what the wallet cannot pay (B11)', () => {
  it('a send larger than the balance fails by name and the others go on', async () => {
    const sender = await world.fundedSender(toNano(5));
    const to = stranger();
    const [large, small] = await Promise.all([
      walletFailure(sender.send([transfer(to, toNano(100))])),
      sender.send([transfer(to, toNano(1))]),
    ]);
    expect([large!.code, large!.retryable]).toEqual(['wallet-insufficient-balance', true]);
    expect(large!.message).toMatch(/holds 5 TON and cannot send 100 TON .*top it up/);
    expect(small!.messages).toHaveLength(1);
  });

  it('sends that do not fit together go one after the other', async () => {
    const sender = await world.fundedSender(toNano(6));
    const to = stranger();
    const results = await Promise.allSettled([3, 3].map((value) => sender.send([transfer(to, toNano(value))])));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(world.receivedBy(to)).toHaveLength(1);
  });

  it('under 2 TON says so, with the address, and works again after a top-up', async () => {
    const sender = await world.fundedSender(toNano('1.5'));
    const error = await walletFailure(sender.send([transfer(stranger(), 1n)]));
    expect([error.code, error.exitCode]).toEqual(['wallet-low-balance', ExitCode.walletLowBalance]);
    expect(error.message).toContain(sender.address.toString());
    await world.net.chain.faucet(sender.address, toNano(2));
    await sender.send([transfer(stranger(), toNano('0.1'))]);
  });

  it('blocked by its owner says so, and works again when unblocked', async () => {
    const sender = await world.fundedSender();
    await sender.send([transfer(stranger(), toNano('0.1'))]);
    await world.net.chain.faucet(owner.address, toNano(5));
    const client = new TonClient({ endpoint: world.net.url });
    const opened = client.open(owner);
    const command = async (text: string): Promise<void> =>
      await opened.sendTransfer({
        seqno: await opened.getSeqno(),
        secretKey: ownerKeys.secretKey,
        sendMode: SendMode.PAY_GAS_SEPARATELY,
        timeout: 0xffff_ffff,
        messages: [internal({ to: sender.address, value: toNano('0.1'), body: text })],
      });
    await command('b');
    const error = await walletFailure(sender.send([transfer(stranger(), toNano('0.1'))]));
    expect([error.code, error.message]).toEqual(['wallet-blocked', expect.stringContaining('"u"')]);
    await command('u');
    await sender.send([transfer(stranger(), toNano('0.1'))]);
  });
});
