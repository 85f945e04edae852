import { beginCell, type Cell, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { bodies, type CocoonRoot, ExitCode, Op, packRootData, publicKeyVoucher } from '../../wrappers';
import { headerOnly, withTrailingBit, withTrailingRef } from '../support/bodies';
import { createKeyManagerWorld, keyFields, managerKey } from '../support/key-manager-world';
import { keyOf } from '../support/keys';
import { deliver, expectRejection } from '../support/rejection';
import { hex, storageOf } from '../support/root-world';
import { exitCodeOf, sentBy, txOf } from '../support/trace';
import { balanceOf, startEachTestFrom, type World } from '../support/world';

const VALUE = toNano('0.05');

let world: World;
let root: SandboxContract<CocoonRoot>;

startEachTestFrom(async () => {
  ({ world, root } = await createKeyManagerWorld());
  return world;
});

const storage = () => storageOf({ world, root });
const fields = (name: string, seconds?: number) => keyFields({ world, root }, name, seconds);
const attempt = (body: Cell) => ({ from: world.actors.rootOwner, to: root.address, value: VALUE, body });

async function givenManager(managerPublicKey: Buffer): Promise<void> {
  const body = bodies.rootChangeKeyManager({ queryId: 1n, managerPublicKey, netAddress: '' });
  expect(exitCodeOf(txOf(await deliver(world, attempt(body)), root.address))).toBe(0);
}

function voucher(
  opts: { payload?: Cell; signer?: typeof managerKey; signature?: Buffer; excessesTo?: Cell } = {},
): Cell {
  const payload = opts.payload ?? publicKeyVoucher({ queryId: 51n, ...fields('signed') });
  const signature = opts.signature ?? (opts.signer ?? managerKey).sign(payload.hash());
  const excessesTo = opts.excessesTo ?? beginCell().storeAddress(world.actors.carrier.address).endCell();
  return beginCell()
    .storeUint(Op.rootAddPublicKeySigned, 32)
    .storeUint(51, 64)
    .storeSlice(excessesTo.beginParse())
    .storeBuffer(signature, 64)
    .storeRef(payload)
    .endCell();
}

/** Whoever carries the voucher. */
const carried = (body: Cell) => ({ ...attempt(body), from: world.actors.carrier });

describe('a voucher of the key manager', () => {
  test('adds its key, whoever carries it, and returns the rest of the value where the envelope says', async () => {
    const before = await storage();
    const kept = await balanceOf(world, root.address);
    const result = await deliver(world, { ...carried(voucher()), from: world.actors.stranger });
    const tx = txOf(result, root.address);
    expect(exitCodeOf(tx)).toBe(0);
    const [excesses, ...rest] = sentBy(tx);
    expect(rest).toEqual([]);
    expect(excesses).toMatchObject({ op: 'excesses', bounce: false, mode: 130 });
    expect(excesses?.to.equals(world.actors.carrier.address)).toBe(true);
    expect(await balanceOf(world, root.address)).toBe(kept);
    const { keyManager, ...after } = await storage();
    expect((await root.getKeyManager())?.keys.get(hex('signed'))).toEqual({ keyType: 2, expireAt: world.now() + 60 });
    expect(packRootData({ ...after, keyManager }).equals(packRootData({ ...before, keyManager, version: 8 }))).toBe(
      true,
    );
  });

  test('is refused when it is signed by anybody else, the owner and the old manager included', async () => {
    await expectRejection(world, carried(voucher({ signer: keyOf('stranger') })), ExitCode.badSignature);
    const old = voucher();
    await givenManager(keyOf('other manager').publicKey);
    await expectRejection(world, attempt(old), ExitCode.badSignature);
    const result = await deliver(world, carried(voucher({ signer: keyOf('other manager') })));
    expect(exitCodeOf(txOf(result, root.address))).toBe(0);
  });

  test('is refused while there is no manager, although some signatures fit the key of zeros', async () => {
    await givenManager(Buffer.alloc(32));
    // A point of small order: R = the neutral element and S = 0 fit every fourth message.
    const signature = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);
    for (let keyType = 0; keyType < 12; keyType += 1) {
      const payload = publicKeyVoucher({ queryId: 51n, ...fields('signed'), keyType });
      await expectRejection(world, carried(voucher({ payload, signature })), ExitCode.badSignature);
    }
  });

  test('is refused when it is for another operation or query than its envelope', async () => {
    const { key, keyType, expireAt } = fields('signed');
    for (const [op, queryId] of [
      [Op.rootAddPublicKey, 51],
      [Op.rootAddPublicKeySigned, 52],
    ] as const) {
      const payload = beginCell().storeUint(op, 32).storeUint(queryId, 64).storeBuffer(key, 32);
      payload.storeUint(keyType, 8).storeUint(expireAt, 32);
      const body = voucher({ payload: payload.endCell() });
      await expectRejection(world, carried(body), ExitCode.signedMsgFormatMismatch);
    }
  });

  test('is refused when it is too long or too short, inside or outside', async () => {
    const payload = publicKeyVoucher({ queryId: 51n, ...fields('signed') });
    const short = beginCell()
      .storeBits(payload.bits.substring(0, payload.bits.length - 1))
      .endCell();
    for (const other of [withTrailingBit(payload), withTrailingRef(payload), short]) {
      await expectRejection(world, carried(voucher({ payload: other })), ExitCode.tvmCellUnderflow);
    }
    for (const body of [
      headerOnly(Op.rootAddPublicKeySigned),
      withTrailingBit(voucher()),
      withTrailingRef(voucher()),
    ]) {
      await expectRejection(world, carried(body), ExitCode.tvmCellUnderflow);
    }
  });

  test('is refused when its key has expired', async () => {
    const payload = publicKeyVoucher({ queryId: 51n, ...fields('signed', -1) });
    await expectRejection(world, carried(voucher({ payload })), ExitCode.oldMessage);
  });

  test('is refused when no message could go where the rest of the value should', async () => {
    const nowhere = beginCell().storeUint(0, 2).endCell();
    await expectRejection(world, carried(voucher({ excessesTo: nowhere })), ExitCode.badAddress);
  });
});
