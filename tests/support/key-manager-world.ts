import { beginCell, type Cell } from '@ton/core';
import { packKeyManager } from '../../wrappers';
import { hashOf, keyOf } from './keys';
import { createRootWorld, given, hex, type RootWorld, storageOf } from './root-world';

/** What the tests of the root's keys share: a root of struct version 4 that vouches for one key, 'old'. */

export const managerKey = keyOf('key manager');
export const NET_ADDRESS = '10.0.0.1:5222';

/** What the live network keeps behind the net address, for reasons of its own. */
export const opaque = beginCell().storeUint(0x1234, 16).storeRef(beginCell().storeUint(5, 8)).endCell();

export const tailOf = (netAddress: string): Cell =>
  beginCell()
    .storeUint(netAddress.length, 8)
    .storeBuffer(Buffer.from(netAddress))
    .storeSlice(opaque.beginParse())
    .endCell();

export async function createKeyManagerWorld(): Promise<RootWorld> {
  const it = await createRootWorld();
  const { params } = await storageOf(it);
  await given(it, { params: { ...params, structVersion: 4 } });
  await givenKeys(it, { old: 1_000 });
  return it;
}

/** Keys by name, with the seconds from now at which they expire. */
export async function givenKeys(it: RootWorld, expiries: Record<string, number>): Promise<void> {
  const expireAt = (seconds: number) => it.world.now() + seconds;
  const keys = new Map(
    Object.entries(expiries).map(([name, seconds]) => [hex(name), { keyType: 1, expireAt: expireAt(seconds) }]),
  );
  const tail = tailOf(NET_ADDRESS);
  await given(it, { keyManager: packKeyManager({ keys, managerPublicKey: managerKey.publicKey, tail }) });
}

/** A key to add, by name. */
export const keyFields = (it: RootWorld, name: string, seconds = 60) => ({
  key: hashOf(name),
  keyType: 2,
  expireAt: it.world.now() + seconds,
});
