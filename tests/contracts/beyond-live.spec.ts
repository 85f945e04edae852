import { beginCell, type Cell, external, toNano } from '@ton/core';
import { ExitCode, parseWalletData } from '../../wrappers';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, txOf } from '../support/trace';
import { voucherBody } from '../support/vouchers';
import { createWorkerWorld, storageOf } from '../support/worker-world';
import { codeOf, createWorld, dataOf, deployWallet, putContract, type World, walletKey } from '../support/world';

/** Where our contracts are deliberately stricter than the code that runs on mainnet today. */

describe('worker voucher', () => {
  async function payoutTo(contractBalance: bigint, value: bigint) {
    const { world, worker } = await createWorkerWorld();
    const data = await dataOf(world, worker.address);
    await putContract(world, { address: worker.address, code: codeOf('worker'), data, balance: contractBalance });
    const body = voucherBody({
      op: 'extWorkerPayoutRequestSigned',
      queryId: 1n,
      tokens: 1_000n,
      contract: worker.address,
      excessesTo: world.actors.carrier.address,
    });
    return { world, worker, attempt: { from: world.actors.carrier, to: worker.address, value, body } };
  }

  test('W15: is refused, tokens uncounted, when the contract could not both keep its reserve and pay for the payout', async () => {
    const { world, worker, attempt } = await payoutTo(toNano('0.05'), toNano('0.159'));
    await expectRejection(world, attempt, ExitCode.lowSmcBalance);
    expect((await storageOf({ world, worker })).tokens).toBe(0n);
  });

  test('W15: passes with one nanoTON more than reserve and payout take together', async () => {
    const { world, worker, attempt } = await payoutTo(toNano('0.05'), toNano('0.16') + 1n);
    const result = await deliver(world, attempt);
    expect(exitCodeOf(txOf(result, worker.address))).toBe(0);
    expect((await storageOf({ world, worker })).tokens).toBe(1_000n);
  });
});

describe('wallet external message', () => {
  /** Correctly signed, but its only message lacks the send mode: it fails after the wallet has begun to pay. */
  function brokenBody(world: World, seqno: number): Cell {
    const unsigned = beginCell()
      .storeUint(0, 32)
      .storeUint(world.now() + 60, 32)
      .storeUint(seqno, 32)
      .storeRef(beginCell().endCell());
    const signature = walletKey.sign(unsigned.endCell().hash());
    return beginCell().storeBuffer(signature).storeBuilder(unsigned).endCell();
  }

  test('W33: uses its number up even if it fails half-way, so that nobody can send it again', async () => {
    const world = await createWorld();
    const wallet = await deployWallet(world, toNano('10'));
    const seqno = await wallet.getSeqno();
    const message = external({ to: wallet.address, body: brokenBody(world, seqno) });

    const tx = txOf(await world.chain.sendMessage(message), wallet.address);
    expect(exitCodeOf(tx)).toBe(ExitCode.tvmCellUnderflow);
    expect(parseWalletData(await dataOf(world, wallet.address)).seqno).toBe(seqno + 1);

    await expect(world.chain.sendMessage(message)).rejects.toMatchObject({ exitCode: ExitCode.walletBadSeqno });
  });
});
