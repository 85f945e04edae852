import { beginCell, type Cell, external, internal as relaxed, storeMessageRelaxed, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { type CocoonWallet, ExitCode, parseWalletData } from '../../wrappers';
import { exitCodeOf, txOf } from '../support/trace';
import { createWorld, dataOf, deployWallet, startEachTestFrom, type World, walletKey } from '../support/world';

/** W33: whatever the key signs is worth one transaction, also where what it signed cannot be sent. */

let world: World;
let wallet: SandboxContract<CocoonWallet>;

startEachTestFrom(async () => {
  world = await createWorld();
  wallet = await deployWallet(world, toNano('10'));
  return world;
});

interface Part {
  mode: number;
  message: Cell;
}

/** Signed here and not by the wrapper, which would not write some of these. */
function body(parts: Part[]): Cell {
  const unsigned = beginCell()
    .storeUint(0, 32)
    .storeUint(world.now() + 60, 32)
    .storeUint(0, 32);
  for (const { mode, message } of parts) unsigned.storeUint(mode, 8).storeRef(message);
  const signature = walletKey.sign(unsigned.endCell().hash());
  return beginCell().storeBuffer(signature).storeBuilder(unsigned).endCell();
}

const transfer = (value: bigint): Cell => {
  const message = relaxed({ to: world.actors.stranger.address, value, bounce: false });
  return beginCell().store(storeMessageRelaxed(message)).endCell();
};

/** Internal, bounce off, 1 TON, to a destination of these bits. */
const to = (destination: Cell): Cell =>
  beginCell()
    .storeUint(0x10, 6)
    .storeSlice(destination.beginParse())
    .storeCoins(toNano('1'))
    .storeUint(0, 107)
    .endCell();

const noAddress = beginCell().storeUint(0, 2).endCell();
const externalAddress = beginCell().storeUint(1, 2).storeUint(8, 9).storeUint(7, 8).endCell();
const inWorkchain5 = beginCell().storeUint(4, 3).storeInt(5, 8).storeUint(7, 256).endCell();

async function deliverOnce(parts: Part[]) {
  const message = external({ to: wallet.address, body: body(parts) });
  const tx = txOf(await world.chain.sendMessage(message), wallet.address);
  const { seqno } = parseWalletData(await dataOf(world, wallet.address));
  const again = await world.chain.sendMessage(message).then(
    () => 'accepted again',
    (error: { exitCode?: number }) => error.exitCode,
  );
  return { tx, seqno, again };
}

describe('a message that cannot be sent', () => {
  const hopeless: { name: string; message: () => Cell }[] = [
    { name: 'to no address', message: () => to(noAddress) },
    { name: 'to an external address', message: () => to(externalAddress) },
    { name: 'to a workchain that does not exist', message: () => to(inWorkchain5) },
    { name: 'of more coins than there are', message: () => transfer(toNano('11')) },
    { name: 'that is no message', message: () => beginCell().endCell() },
    {
      name: 'that is an exotic cell',
      message: () => beginCell().storeUint(2, 8).storeUint(0, 256).endCell({ exotic: true }),
    },
  ];

  test.each(hopeless)('$name does not give the number back, so nobody can replay it (W33)', async ({ message }) => {
    const { tx, seqno, again } = await deliverOnce([{ mode: 1, message: message() }]);
    expect(exitCodeOf(tx)).toBe(0);
    expect(tx.outMessages.size).toBe(0);
    expect(seqno).toBe(1);
    expect(again).toBe(ExitCode.walletBadSeqno);
  });

  test.each(hopeless)('$name does not hold up the others (W33)', async ({ message }) => {
    const good = { mode: 1, message: transfer(toNano('1')) };
    const { tx, seqno } = await deliverOnce([good, { mode: 0, message: message() }, good]);
    expect(tx.outMessages.values().map(({ info }) => info.type === 'internal' && info.value.coins)).toEqual([
      toNano('1'),
      toNano('1'),
    ]);
    expect(seqno).toBe(1);
  });
});

describe('a mode that does not exist', () => {
  // 4 and 8 mean nothing, 64 and 128 exclude each other.
  test.each([4, 8, 64 + 128, 255])(
    '%i uses the number up and sends nothing, whatever came before it (W33)',
    async (mode) => {
      const message = transfer(toNano('1'));
      const { tx, seqno, again } = await deliverOnce([
        { mode: 1, message },
        { mode, message },
      ]);
      expect(exitCodeOf(tx)).toBe(ExitCode.actionInvalid);
      expect(tx.outMessages.size).toBe(0);
      expect(seqno).toBe(1);
      expect(again).toBe(ExitCode.walletBadSeqno);
    },
  );

  test('does not keep back any that does', async () => {
    for (const mode of [0, 1, 2, 3, 16, 17, 65, 128, 131]) {
      world = await createWorld();
      wallet = await deployWallet(world, toNano('10'));
      const { tx, seqno } = await deliverOnce([{ mode, message: transfer(toNano('1')) }]);
      expect([mode, exitCodeOf(tx), tx.outMessages.size, seqno]).toEqual([mode, 0, 1, 1]);
    }
  });
});
