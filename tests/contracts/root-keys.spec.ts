import { createHash } from 'node:crypto';
import { beginCell, type Cell, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { bodies, type CocoonRoot, ExitCode, type KeyManager, Op, packRootData, type RootData } from '../../wrappers';
import { headerOnly, withTrailingBit, withTrailingRef } from '../support/bodies';
import { int, methodId, stackOf } from '../support/getters';
import {
  createKeyManagerWorld,
  givenKeys as givenKeysOf,
  keyFields,
  managerKey,
  NET_ADDRESS,
  opaque,
  tailOf,
} from '../support/key-manager-world';
import { hashOf, keyOf } from '../support/keys';
import { deliver, expectRejection } from '../support/rejection';
import { given as givenRoot, hex, storageOf } from '../support/root-world';
import { exitCodeOf, txOf } from '../support/trace';
import { dataOf, startEachTestFrom, type World } from '../support/world';

const VALUE = toNano('0.05');

let world: World;
let root: SandboxContract<CocoonRoot>;

startEachTestFrom(async () => {
  ({ world, root } = await createKeyManagerWorld());
  return world;
});

const storage = () => storageOf({ world, root });
const given = (change: Partial<RootData>) => givenRoot({ world, root }, change);
const attempt = (body: Cell) => ({ from: world.actors.rootOwner, to: root.address, value: VALUE, body });

const givenKeys = (expiries: Record<string, number>) => givenKeysOf({ world, root }, expiries);

const add = (name: string, seconds?: number) =>
  bodies.rootAddPublicKey({ queryId: 51n, ...keyFields({ world, root }, name, seconds) });
const newManager = { managerPublicKey: keyOf('other manager').publicKey, netAddress: '10.0.0.9:1 10.0.0.9:2' };
const changeManager = () => bodies.rootChangeKeyManager({ queryId: 51n, ...newManager });

async function managerAfter(body: Cell): Promise<KeyManager> {
  const before = await storage();
  const result = await deliver(world, attempt(body));
  expect(exitCodeOf(txOf(result, root.address))).toBe(0);
  const after = await storage();
  // Nothing changes but the key manager and the version.
  const expected = packRootData({ ...before, version: before.version + 1, keyManager: after.keyManager });
  expect((await dataOf(world, root.address)).equals(expected)).toBe(true);
  return (await root.getKeyManager())!;
}

/** Not looked at any further where there is no manager. */
const emptyVoucher = () =>
  bodies.rootAddPublicKeySigned({
    queryId: 1n,
    excessesTo: world.actors.carrier.address,
    signature: Buffer.alloc(64),
    payload: opaque,
  });

test('the numbers of the operations are the last 32 bits of SHA-256 of their names', () => {
  const numberOf = (name: string) => createHash('sha256').update(name).digest().readUInt32BE(28);
  expect(Op.rootAddPublicKey).toBe(numberOf('root_add_public_key'));
  expect(Op.rootAddPublicKeySigned).toBe(numberOf('root_add_public_key_signed'));
  expect(Op.rootChangeKeyManager).toBe(numberOf('root_change_key_manager'));
});

describe('a root', () => {
  test.each([3, 2])(
    'of struct version %i has no keys, since its readers expect two references',
    async (structVersion) => {
      const { params } = await storage();
      await given({ params: { ...params, structVersion }, keyManager: null });
      for (const body of [add('new'), emptyVoucher(), changeManager()]) {
        await expectRejection(world, attempt(body), ExitCode.unknownOp);
      }
      expect(await root.getIsPublicKeyValid(hashOf('old'))).toBe(false);
    },
  );

  test('of struct version 3 that has the reference all the same keeps it in use', async () => {
    const { params } = await storage();
    await given({ params: { ...params, structVersion: 3 } });
    expect([...(await managerAfter(add('new'))).keys.keys()].sort()).toEqual([hex('new'), hex('old')].sort());
  });

  test('of struct version 4 without keys gets its first one, and a manager', async () => {
    await given({ keyManager: null });
    expect(await root.getKeyManager()).toBeNull();
    const { keys, managerPublicKey, netAddress, tail } = await managerAfter(add('new'));
    expect([...keys]).toEqual([[hex('new'), { keyType: 2, expireAt: world.now() + 60 }]]);
    expect([managerPublicKey, netAddress, tail.bits.length]).toEqual([Buffer.alloc(32), '', 8]);
    await given({ keyManager: null });
    const manager = await managerAfter(changeManager());
    expect(manager).toMatchObject(newManager);
    expect(manager.tail.bits.length).toBe(8 + newManager.netAddress.length * 8);
  });
});

describe('a key of the owner', () => {
  test('is vouched for up to and including the second it expires in, and no longer', async () => {
    const manager = await managerAfter(add('new', 60));
    expect(manager.keys.get(hex('new'))).toEqual({ keyType: 2, expireAt: world.now() + 60 });
    expect(manager).toMatchObject({ managerPublicKey: managerKey.publicKey, netAddress: NET_ADDRESS });
    expect(manager.tail.equals(tailOf(NET_ADDRESS))).toBe(true);
    const number = methodId('public_key_is_valid');
    const args = [{ type: 'int' as const, value: BigInt(`0x${hex('new')}`) }];
    world.advance(60);
    expect(await stackOf(world, root.address, number, args)).toEqual([int(-1)]);
    world.advance(1);
    expect(await stackOf(world, root.address, number, args)).toEqual([int(0)]);
  });

  test('that nobody added is not vouched for', async () => {
    expect(await root.getIsPublicKeyValid(hashOf('nobody'))).toBe(false);
  });

  test('is refused when it has expired, and taken in its last second', async () => {
    await expectRejection(world, attempt(add('new', -1)), ExitCode.oldMessage);
    expect((await managerAfter(add('new', 0))).keys.has(hex('new'))).toBe(true);
  });

  test('replaces what was known of it, so that one that expires now is taken back', async () => {
    await managerAfter(add('old', 0));
    world.advance(1);
    expect(await root.getIsPublicKeyValid(hashOf('old'))).toBe(false);
    expect([...(await managerAfter(add('new'))).keys.keys()]).toEqual([hex('new')]);
  });

  test('and the change of the manager are refused to everybody else, and when malformed', async () => {
    for (const body of [add('new'), changeManager()]) {
      for (const from of [world.actors.stranger, world.actors.carrier]) {
        await expectRejection(world, { ...attempt(body), from }, ExitCode.expectedMessageFromOwner);
      }
      const op = body.beginParse().loadUint(32);
      for (const spoiled of [headerOnly(op), withTrailingBit(body), withTrailingRef(body)]) {
        await expectRejection(world, attempt(spoiled), ExitCode.tvmCellUnderflow);
      }
    }
  });
});

describe('expired keys', () => {
  const many = (count: number, seconds: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`key ${index}`, seconds]));

  test('are dropped with each addition, eight of those that follow the new one', async () => {
    await givenKeys(many(20, -1));
    for (const [index, left] of [12, 4, 0, 0].entries()) {
      const { keys } = await managerAfter(add(`new ${index}`));
      expect(keys.size).toBe(left + index + 1);
    }
  });

  test('are dropped alone: the others stay, a key in its last second too', async () => {
    await givenKeys({ 'key 1': -1, 'key 2': 0, 'key 3': 1, 'key 4': -1_000 });
    const { keys } = await managerAfter(add('new'));
    expect([...keys.keys()].sort()).toEqual(['key 2', 'key 3', 'new'].map(hex).sort());
  });

  test('never cost more than the default value buys, however many there are', async () => {
    await givenKeys(many(300, -1));
    const result = await deliver(world, attempt(add('new')));
    const { description } = txOf(result, root.address);
    if (description.type !== 'generic' || description.computePhase.type !== 'vm') throw new Error('no compute phase');
    expect(Number(description.computePhase.gasUsed)).toBeLessThan(70_000);
    expect((await root.getKeyManager())?.keys.size).toBe(293);
  });
});

describe('a change of the key manager', () => {
  test('replaces key and net address, and leaves the keys and what follows the net address', async () => {
    const before = (await root.getKeyManager())!;
    const manager = await managerAfter(changeManager());
    expect(manager).toMatchObject(newManager);
    expect(manager.keys).toEqual(before.keys);
    expect(manager.tail.equals(tailOf(newManager.netAddress))).toBe(true);
  });

  test('keeps the 256 bits that nobody has explained', async () => {
    // 521 bits, no reference, all zero: as the live network has it.
    await given({ keyManager: beginCell().storeUint(0, 521).endCell() });
    const { tail } = await managerAfter(changeManager());
    expect(tail.bits.length).toBe(8 + newManager.netAddress.length * 8 + 256);
  });

  test('starts the tail where there was none', async () => {
    await given({ keyManager: beginCell().storeUint(0, 257).endCell() });
    expect(await managerAfter(changeManager())).toMatchObject(newManager);
  });

  test('is refused where the stored net address is no text, or the new one is none', async () => {
    const info = beginCell().storeUint(1, 1).storeUint(0, 7).endCell();
    const body = beginCell().storeUint(Op.rootChangeKeyManager, 32).storeUint(1, 64).storeUint(0, 256);
    const unknownKind = body.storeSlice(info.beginParse()).endCell();
    await expectRejection(world, attempt(unknownKind), ExitCode.msgFormatMismatch);
    for (const tail of [0x80, 0x01]) {
      await given({ keyManager: beginCell().storeUint(0, 257).storeUint(tail, 8).endCell() });
      await expectRejection(world, attempt(changeManager()), ExitCode.storedDataDamaged);
    }
  });
});
