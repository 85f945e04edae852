import { type ClientRecords, initialProxyData, packProxyData } from '@cocoon/sdk';
import { Cell } from '@ton/core';
import { MemoryChain } from '../node/testing/memory-chain';
import { readProxyState } from './deploy';
import { address, PARAMS } from './testing/world';

const PROXY = address(9);
const chain = new MemoryChain();

/** The state of a contract with so many coins, of which its books say whose they are. */
async function state(
  coins: bigint,
  books: { balance: bigint; stake: bigint; earned: bigint; clients: ClientRecords | null },
) {
  const born = initialProxyData({ owner: address(1), publicKey: Buffer.alloc(32), root: address(2), params: PARAMS });
  chain.set(PROXY, { code: Cell.EMPTY, data: packProxyData({ ...born, ...books }), balance: coins });
  return await readProxyState(chain, PROXY);
}

const held = (escrow: bigint): ClientRecords => new Map([['0a'.repeat(32), { escrow, ahead: 0n, owner: address(3) }]]);

describe('the proxy contract as its runner reads it', () => {
  it('can pay its revenue out while everybody has what is theirs', async () => {
    const books = { balance: 5n, stake: 100n, earned: 10n, clients: held(50n) };
    expect(await state(165n, books)).toMatchObject({ state: 0, stake: 100n, withdrawable: 5n, backedStake: 100n });
  });

  it('keeps revenue back that clients and workers have a claim to, after the stake is gone', async () => {
    const books = { balance: 5n, stake: 100n, earned: 10n, clients: held(50n) };
    expect(await state(95n, books)).toMatchObject({ withdrawable: 5n, backedStake: 30n });
    expect(await state(63n, books)).toMatchObject({ withdrawable: 3n, backedStake: 0n });
    expect(await state(40n, books)).toMatchObject({ withdrawable: 0n, backedStake: 0n });
  });

  it('has advanced what workers were paid before clients were charged', async () => {
    const books = { balance: 0n, stake: 100n, earned: -40n, clients: held(50n) };
    expect(await state(110n, books)).toMatchObject({ backedStake: 60n });
  });

  it('pays all its revenue where it keeps no books', async () => {
    const books = { balance: 5n, stake: 100n, earned: 0n, clients: null };
    expect(await state(105n, books)).toMatchObject({ withdrawable: 5n, backedStake: 100n, clients: null });
  });

  it('is not there before it is deployed', async () => {
    expect(await readProxyState(chain, address(77))).toBeUndefined();
  });
});
