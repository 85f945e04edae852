import { type Address, beginCell, Cell, contractAddress, internal, SendMode, toNano } from '@ton/core';
import { Executor } from '@ton/sandbox';
import { chainConfig } from './config';
import { Emulator, methodId } from './emulator';
import { alice, at, bob, call, closeWorlds, fund, post, rpc, type World, world } from './testing/world';

afterEach(async () => {
  jest.restoreAllMocks();
  await closeWorlds();
});

/** A contract that sends whatever it gets to itself, for ever. FunC, stdlib names:
 *
 *    () recv_internal(int balance, int value, cell msg, slice body) impure {
 *      send_raw_message(begin_cell().store_uint(0x18, 6).store_slice(my_address()).store_coins(0)
 *        .store_uint(0, 107).end_cell(), 64);
 *    }
 */
const echoer = ((): { address: Address; init: { code: Cell; data: Cell } } => {
  const code = Cell.fromBase64('te6ccgEBAgEAJgABFP8A9KQT9LzyyAsBAC7TXwRwgBjIywX4KM8WIfoCy2rJgED7AA==');
  const init = { code, data: Cell.EMPTY };
  return { address: contractAddress(0, init), init };
})();

async function wakeEchoer({ client }: World, value: bigint): Promise<void> {
  const opened = client.open(alice.wallet);
  await opened.sendTransfer({
    seqno: await opened.getSeqno(),
    secretKey: alice.keys.secretKey,
    sendMode: SendMode.PAY_GAS_SEPARATELY,
    timeout: 0xffff_ffff,
    messages: [internal({ to: echoer.address, value, bounce: false, init: echoer.init })],
  });
}

describe('a message that goes round for ever', () => {
  it('goes on from block to block, the chain serves others meanwhile, and coins run out in the end', async () => {
    const made = await world();
    const { net, client } = made;
    await fund(net, alice.wallet.address, toNano(10));
    await wakeEchoer(made, toNano('0.4'));
    // The answer came although the cascade is not over.
    const { body } = await call(net, '/localnet/status');
    expect(at(body, 'result', 'waiting')).toBe(1);
    await alice.send(client, bob.wallet.address, toNano(1));
    expect(await client.getBalance(bob.wallet.address)).toBe(toNano(1));
    for (;;) {
      const status = await call(net, '/localnet/status');
      if (at(status.body, 'result', 'waiting') === 0) {
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [newest] = await client.getTransactions(echoer.address, { limit: 1 });
    const all = net.chain.index.ofAccount(echoer.address.toRawString());
    expect(all.length).toBeGreaterThan(256);
    const blocks = new Set(all.map(({ seqno }) => seqno));
    expect(blocks.size).toBeGreaterThan(1);
    expect(newest!.outMessages.size).toBe(0);
  });
});

describe('an emulator that fails', () => {
  it('fails the message only: nothing of its cascade remains, and the next one works', async () => {
    const { net, client } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    await alice.send(client, bob.wallet.address, toNano(1));
    const before = await client.getContractState(alice.wallet.address);
    const real = Executor.prototype.runTransaction;
    let runs = 0;
    jest.spyOn(Executor.prototype, 'runTransaction').mockImplementation(async function (this: Executor, args) {
      runs += 1;
      if (runs === 2) {
        // What a WebAssembly abort looks like: an error with a bundle of code in its message.
        throw new Error(`Aborted()\n${'x'.repeat(100_000)}`);
      }
      return await real.call(this, args);
    });
    await expect(alice.send(client, bob.wallet.address, toNano(1))).rejects.toMatchObject({
      response: { status: 500, data: { ok: false, error: 'the emulator could not run a message: Aborted()' } },
    });
    expect(runs).toBe(2);
    jest.restoreAllMocks();
    const after = await client.getContractState(alice.wallet.address);
    expect({ ...after, blockId: undefined, timestampt: undefined }).toEqual({
      ...before,
      blockId: undefined,
      timestampt: undefined,
    });
    await alice.send(client, bob.wallet.address, toNano(1));
    expect(await client.getBalance(bob.wallet.address)).toBe(toNano(2));
  });

  it('fails a get method with an error, not the server', async () => {
    const { net, client } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    await alice.send(client, bob.wallet.address, toNano(1));
    jest.spyOn(Executor.prototype, 'runGetMethod').mockRejectedValueOnce(new Error('Aborted()'));
    const params = { address: alice.wallet.address.toString(), method: 'seqno', stack: [] };
    const failed = await rpc(net, 'runGetMethod', params);
    expect([failed.status, failed.body.error]).toEqual([500, expect.stringContaining('Aborted()')]);
    expect(at((await rpc(net, 'runGetMethod', params)).body, 'result', 'stack')).toEqual([['num', '0x1']]);
  });
});

describe('the emulator', () => {
  it('numbers get methods as contracts do', () => {
    expect(methodId('seqno')).toBe(85_143);
    expect(methodId('get_public_key')).toBe(78_748);
    expect(methodId('get_owner_address')).toBe(114_619);
  });

  it('ends a get method that never ends, out of gas', async () => {
    const emulator = await Emulator.create(chainConfig('current'));
    // PUSHCONT { NOP } AGAIN, without the method dispatch.
    const code = beginCell().storeUint(0xff00, 16).storeUint(0x9100ea, 24).endCell();
    const answer = await emulator.runGetMethod({
      code,
      data: Cell.EMPTY,
      address: bob.wallet.address,
      balance: 0n,
      now: 1_780_000_000,
      method: 'endless',
      stack: [],
    });
    expect(answer.exitCode === -14 || answer.exitCode === 13).toBe(true);
  });
});

describe('administration by mistake', () => {
  it('a time beyond 32 bits is refused', async () => {
    const { net } = await world({ clock: () => 4_200_000_000_000 });
    const reply = await post(net, '/localnet/time', { advance: 300_000_000 });
    expect([reply.status, reply.body.error]).toEqual([500, expect.stringContaining('32-bit')]);
  });
});
