import { Address, Cell, loadAccount } from '@ton/core';
import { proveAccount } from './proof';
import fixture from './testing/mainnet-answer.json';
import type { AccountAnswer, BlockId } from './tl';

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const address = Address.parse(fixture.address);

function blockOf(workchain: number, shard: bigint, id: { seqno: number; rootHash: string; fileHash: string }): BlockId {
  return { workchain, shard, seqno: id.seqno, rootHash: bytes(id.rootHash), fileHash: bytes(id.fileHash) };
}

const block = blockOf(-1, -(1n << 63n), fixture.block);
const answer: AccountAnswer = {
  block,
  shard: blockOf(0, BigInt(`0x${fixture.shard.shard}`), fixture.shard),
  shardProof: bytes(fixture.shardProof),
  proof: bytes(fixture.proof),
  state: bytes(fixture.state),
};

describe('an answer of a lite server of mainnet', () => {
  it('proves the account’s state and its newest transaction', () => {
    const proven = proveAccount(address, block, answer);
    const state = Cell.fromBoc(answer.state)[0]!;
    expect(proven?.hash.equals(state.hash())).toBe(true);
    expect(proven?.last).toEqual({ lt: BigInt(fixture.last.lt), hash: bytes(fixture.last.hash) });
    const slice = state.beginParse();
    expect(slice.loadBit()).toBe(true);
    expect(loadAccount(slice).storage.balance.coins).toBe(5_273_094_811n);
  });

  it.each<[string, Partial<AccountAnswer>, RegExp]>([
    ['proofs in the wrong order', { shardProof: answer.proof, proof: answer.shardProof }, /of something else/],
    ['another shard block', { shard: { ...answer.shard, rootHash: block.rootHash } }, /another block than its own/],
    ['one root instead of two', { proof: answer.state }, /must have two roots/],
    ['no proof of the shard', { shardProof: Buffer.alloc(0) }, /./],
  ])('proves nothing with %s', (_what, change, message) => {
    expect(() => proveAccount(address, block, { ...answer, ...change })).toThrow(message);
  });

  it('proves nothing for another block', () => {
    const other = { ...block, rootHash: answer.shard.rootHash };
    expect(() => proveAccount(address, other, answer)).toThrow('a proof is of something else');
  });

  it('proves nothing about an account that the proof leaves out, in this shard or another', () => {
    const neighbour = Buffer.from(address.hash);
    neighbour[31]! ^= 1;
    // Where the branch ends with one account, the proof shows that its neighbour does not exist.
    expect(proveAccount(new Address(0, neighbour), block, answer)).toBeUndefined();
    const far = Buffer.from(address.hash);
    far[1]! ^= 0x80;
    expect(() => proveAccount(new Address(0, far), block, answer)).toThrow('leaves out');
    const elsewhere = Buffer.from(address.hash);
    elsewhere[0]! ^= 0x80;
    expect(() => proveAccount(new Address(0, elsewhere), block, answer)).toThrow('leaves out');
    expect(() => proveAccount(new Address(-1, address.hash), block, answer)).toThrow('another block than its own');
    expect(() => proveAccount(new Address(7, address.hash), block, answer)).toThrow('there is no workchain 7');
  });
});
