import { beginCell, type Cell } from '@ton/core';
import { ExitCode } from '../../wrappers';
import { asWorld, createProposal, goTo, MEMBER_STAKE } from '../support/dao-acts';
import { TON } from '../support/dao-world';
import { expectRejection } from '../support/rejection';
import { say, voteBody } from '../support/stake-acts';
import { exitCodeOf, storageFeeOf, txsOf } from '../support/trace';
import { balanceOf, startEachTestFrom } from '../support/world';

/** A vote may carry a reason: text of 512 bytes at most, logged and never kept. */

let it_: Awaited<ReturnType<typeof createProposal>>;
startEachTestFrom(async () => {
  it_ = await createProposal();
  goTo(it_, (await it_.proposal.getData()).startAt);
  return asWorld(it_);
});
const stake = () => it_.stakes[1]!;

/** Cells of so many bits each, in a chain. */
const chain = (...sizes: number[]): Cell =>
  sizes.reduceRight<Cell | null>((next, bits, index) => {
    // Equal cells would be one: chains differ in their place.
    const cell = beginCell()
      .storeUint(index, 8)
      .storeUint(0n, bits - 8);
    return (next === null ? cell : cell.storeRef(next)).endCell();
  }, null)!;
const withReason = async (reason: Cell) => {
  const { epoch } = await it_.proposal.getData();
  // As without a reason but for the last bit.
  const body = voteBody(it_.proposal.address, epoch, { yes: MEMBER_STAKE });
  const head = body.beginParse().loadBits(body.bits.length - 1);
  return beginCell().storeBits(head).storeMaybeRef(reason).endCell();
};

it.each([
  ['512 bytes in the fewest cells', chain(1016, 1016, 1016, 1016, 32)],
  ['a word', chain(40)],
])('a reason of %s is logged once, with the vote, at the cost of who votes', async (_, reason) => {
  const held = await balanceOf(asWorld(it_), stake().address);
  const result = await say(it_, 1, await withReason(reason));
  const txs = txsOf(result, stake().address);
  expect(txs.map(exitCodeOf)).toEqual([0, 0]);
  const logs = txs.flatMap((tx) => tx.outMessages.values().filter(({ info }) => info.type === 'external-out'));
  expect(logs).toHaveLength(1);
  const s = logs[0]!.body.beginParse();
  expect([s.loadUint(32), s.loadUintBig(64), s.loadBuffer(32).equals(it_.proposal.address.hash)]).toEqual([
    0x61abca5c,
    8n,
    true,
  ]);
  expect(s.loadRef().equals(reason)).toBe(true);
  expect((await it_.proposal.getData()).yes).toBe(MEMBER_STAKE);
  const rent = txs.reduce((sum, tx) => sum + storageFeeOf(tx), 0n);
  expect(held - (await balanceOf(asWorld(it_), stake().address))).toBe(rent);
});

it.each([
  ['one bit longer', chain(1016, 1016, 1016, 1016, 33)],
  ['in one cell too many', chain(80, 80, 80, 80, 80, 80)],
])('a reason %s is refused, and no vote is under way', async (_, reason) => {
  const body = await withReason(reason);
  const attempt = { from: it_.members[1]!, to: stake().address, value: 5n * TON, body };
  await expectRejection(asWorld(it_), attempt, ExitCode.badReason);
  expect((await stake().getData()).votes.size).toBe(0);
});
