import { type Address, BitString, Cell, CellType } from '@ton/core';
import { lookup, open } from './dict';
import type { AccountAnswer, BlockId } from './tl';

/**
 * From a masterchain block's hash down to one account, through Merkle proofs: block → its new state → the shards' blocks it
 * lists → that shard block → its new state → the account. Who knows the block's hash need not believe the server the rest.
 */

const BLOCK = 0x11ef55aa;
const SHARD_STATE = 0x9023afe2;
const MASTERCHAIN_EXTRA = 0xcc26;
export const MASTERCHAIN = -1;

/** What the state says about an account; undefined when it proves that there is none. */
export interface ProvenAccount {
  /** Of the account's cell. */
  hash: Buffer;
  last: { lt: bigint; hash: Buffer };
}

/** The proof does not show what it has to. */
export class ProofError extends Error {
  override name = 'ProofError';
}

/** @throws ProofError, and whatever a cell that is not what it claims makes its reader throw */
export function proveAccount(address: Address, block: BlockId, answer: AccountAnswer): ProvenAccount | undefined {
  const shard =
    address.workChain === MASTERCHAIN
      ? block.rootHash
      : shardBlock(address, stateOf(answer.shardProof, block.rootHash));
  if (!shard.equals(answer.shard.rootHash)) throw new ProofError('the account is shown in another block than its own');
  const state = open(stateOf(answer.proof, shard));
  if (state.loadUint(32) !== SHARD_STATE) throw new ProofError('the state is none of a shard');
  state.loadRef();
  const accounts = open(state.loadRef());
  if (!accounts.loadBit()) return undefined;
  const found = lookup(accounts.loadRef(), new BitString(address.hash, 0, 256));
  if (found === undefined) return undefined;
  // depth_balance: split_depth, then coins and other currencies.
  found.skip(5);
  found.loadCoins();
  found.loadMaybeRef();
  const account = found.loadRef();
  const hash = found.loadBuffer(32);
  return { hash: account.hash(0), last: { hash, lt: found.loadUintBig(64) } };
}

/** The new state of the block with that hash. The BoC has two roots: what shows its hash, and the part of it that matters. */
function stateOf(boc: Buffer, blockHash: Buffer): Cell {
  const [blockProof, stateProof, ...more] = Cell.fromBoc(boc);
  if (blockProof === undefined || stateProof === undefined || more.length > 0)
    throw new ProofError('a proof must have two roots');
  const block = open(proven(blockProof, blockHash));
  if (block.loadUint(32) !== BLOCK) throw new ProofError('a block is none');
  block.loadRef();
  block.loadRef();
  const update = block.loadRef();
  if (update.type !== CellType.MerkleUpdate) throw new ProofError('a block does not say what its new state is');
  // type:uint8 old_hash:bits256 new_hash:bits256 …
  const newHash = update.bits.subbuffer(8 + 256, 256);
  if (newHash === null) throw new ProofError('a block does not say what its new state is');
  return proven(stateProof, newHash);
}

function proven(proof: Cell, hash: Buffer): Cell {
  const [inner] = proof.refs;
  if (proof.type !== CellType.MerkleProof || inner === undefined) throw new ProofError('a root is not a Merkle proof');
  if (!inner.hash(0).equals(hash)) throw new ProofError('a proof is of something else');
  return inner;
}

/** Root hash of the block, among those the masterchain's state lists, of the shard that has the address. */
function shardBlock(address: Address, masterchainState: Cell): Buffer {
  const state = open(masterchainState);
  if (state.loadUint(32) !== SHARD_STATE) throw new ProofError('the state is none of the masterchain');
  const extra = open(masterchainState.refs[3]);
  if (extra.loadUint(16) !== MASTERCHAIN_EXTRA || !extra.loadBit())
    throw new ProofError('the masterchain has no shards');
  const workchain = Buffer.alloc(4);
  workchain.writeInt32BE(address.workChain);
  const shards = lookup(extra.loadRef(), new BitString(workchain, 0, 32));
  if (shards === undefined) throw new ProofError(`there is no workchain ${address.workChain}`);
  const key = new BitString(address.hash, 0, 256);
  let cell = shards.loadRef();
  // A tree without labels; its depth is how often the workchain has been split.
  for (let depth = 0; ; depth++) {
    const node = open(cell);
    if (!node.loadBit()) {
      // shard_descr: tag:uint4 seq_no:uint32 reg_mc_seqno:uint32 start_lt:uint64 end_lt:uint64 root_hash:bits256 …
      node.skip(4 + 32 + 32 + 64 + 64);
      return node.loadBuffer(32);
    }
    cell = node.loadRef();
    if (key.at(depth)) cell = node.loadRef();
  }
}
