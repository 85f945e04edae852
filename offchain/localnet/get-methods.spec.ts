import { type Address, beginCell, Cell, contractAddress, internal, SendMode, toNano } from '@ton/core';
import { alice, at, bob, closeWorlds, fund, rpc, type World, world } from './testing/world';

afterEach(closeWorlds);

describe('get methods', () => {
  const adder = ((): { init: { code: Cell; data: Cell }; address: Address } => {
    // Echoes its arguments for method id 0x10000 + anything: DROP removes the method id.
    const code = beginCell().storeUint(0xff00, 16).storeUint(0x30, 8).endCell();
    const init = { code, data: Cell.EMPTY };
    return { init, address: contractAddress(0, init) };
  })();

  async function withEcho(): Promise<World> {
    const made = await world();
    await fund(made.net, alice.wallet.address, toNano(10));
    const opened = made.client.open(alice.wallet);
    await opened.sendTransfer({
      seqno: 0,
      secretKey: alice.keys.secretKey,
      sendMode: SendMode.PAY_GAS_SEPARATELY,
      messages: [internal({ to: adder.address, value: toNano(1), bounce: false, init: adder.init })],
    });
    return made;
  }

  it('take and give numbers, cells, slices, nulls and tuples as TonClient writes and reads them', async () => {
    const { net, client } = await withEcho();
    const cell = beginCell().storeUint(5, 32).endCell();
    const { stack } = await client.runMethod(adder.address, 'anything', [
      { type: 'int', value: -(1n << 200n) },
      { type: 'cell', cell },
      { type: 'slice', cell },
    ]);
    expect(stack.readBigNumber()).toBe(-(1n << 200n));
    expect(stack.readCell().equals(cell)).toBe(true);
    expect(stack.readCell().equals(cell)).toBe(true);

    const typed = await rpc(net, 'runGetMethod', {
      address: adder.address.toString(),
      method: 'anything',
      stack: [
        ['list', { '@type': 'tvm.list', elements: [] }],
        ['tuple', { elements: [{ '@type': 'tvm.stackEntryNumber', number: { number: '7' } }] }],
        { type: 'num', value: '0xff' },
      ],
    });
    expect(at(typed.body, 'result', 'stack')).toEqual([
      ['list', { '@type': 'tvm.list', elements: [] }],
      [
        'tuple',
        {
          '@type': 'tvm.tuple',
          elements: [{ '@type': 'tvm.stackEntryNumber', number: { '@type': 'tvm.numberDecimal', number: '7' } }],
        },
      ],
      ['num', '0xff'],
    ]);
  });

  it('of a contract that is not there end with an exit code, not an error', async () => {
    const { client } = await world();
    const answer = await client.runMethodWithError(bob.wallet.address, 'seqno');
    expect(answer.exit_code).toBe(-13);
  });

  it('name the stack item that is wrong', async () => {
    const { net } = await withEcho();
    for (const [item, where] of [
      [['num', 'seven'], 'stack[0]'],
      [['num', `0x1${'0'.repeat(64)}0`], '257 bits'],
      [['cell', 'AAAA'], 'stack[0]'],
      [['cat', 1], 'unknown type "cat"'],
      [5, 'stack[0]'],
      [['tuple', { elements: [{ '@type': 'tvm.stackEntryNumber', number: { number: 'x' } }] }], 'stack[0][0]'],
    ]) {
      const reply = await rpc(net, 'runGetMethod', { address: adder.address.toString(), method: 'm', stack: [item] });
      expect([reply.status, reply.body.error]).toEqual([422, expect.stringContaining(String(where))]);
    }
  });
});
