import { type Address, type BitString, beginCell, Cell, CellType, convertToMerkleProof } from '@ton/core';

/** Blocks and states as the masterchain and a shard have them, as far as proofs look at them. */

export interface ShardAccountCells {
  address: Address;
  /** The account's cell. */
  account: Cell;
  last: { lt: bigint; hash: Buffer };
}

/** What a proof shows instead of a cell. */
export function pruned(cell: Cell): Cell {
  const bits = beginCell().storeUint(1, 8).storeUint(1, 8).storeBuffer(cell.hash(0)).storeUint(cell.depth(0), 16);
  return bits.endCell({ exotic: true });
}

/** The cell with everything pruned but the cells to show, whose ancestors must be among them. */
function only(cell: Cell, show: ReadonlySet<Cell>): Cell {
  if (!show.has(cell)) return pruned(cell);
  // An update's branches are pruned already.
  if (cell.type === CellType.MerkleUpdate) return cell;
  const refs = cell.refs.map((ref) => only(ref, show));
  return new Cell({ bits: cell.bits, refs, exotic: cell.isExotic });
}

export function proofOf(root: Cell, show: readonly Cell[]): Cell {
  return convertToMerkleProof(only(root, new Set([root, ...show])));
}

interface Entry {
  key: BitString;
  store: (builder: ReturnType<typeof beginCell>) => void;
}

/** HashmapAug with labels of the long form, and extras in the forks where `extra` is given. */
export function hashmap(entries: readonly Entry[], at = 0, extra?: Entry['store']): Cell {
  const [first] = entries;
  const size = first!.key.length - at;
  let length = 0;
  if (entries.length === 1) length = size;
  else while (entries.every(({ key }) => key.at(at + length) === first!.key.at(at + length))) length += 1;
  const builder = beginCell().storeUint(0b10, 2);
  builder.storeUint(length, size === 0 ? 0 : size.toString(2).length);
  builder.storeBits(first!.key.substring(at, length));
  if (entries.length === 1) {
    first!.store(builder);
    return builder.endCell();
  }
  const side = (bit: boolean) => entries.filter(({ key }) => key.at(at + length) === bit);
  builder.storeRef(hashmap(side(false), at + length + 1, extra));
  builder.storeRef(hashmap(side(true), at + length + 1, extra));
  extra?.(builder);
  return builder.endCell();
}

/** depth_balance with nothing in it. */
const balance: Entry['store'] = (builder) => builder.storeUint(0, 5).storeCoins(0).storeBit(false);

export function shardAccounts(accounts: readonly ShardAccountCells[]): Cell {
  if (accounts.length === 0) return beginCell().storeBit(false).endCell();
  const entries = accounts.map(({ address, account, last }) => ({
    key: beginCell().storeBuffer(address.hash).endCell().bits,
    store: (builder: ReturnType<typeof beginCell>) => {
      balance(builder);
      builder.storeRef(account).storeBuffer(last.hash).storeUint(last.lt, 64);
    },
  }));
  return beginCell()
    .storeBit(true)
    .storeRef(hashmap(entries, 0, balance))
    .endCell();
}

const filler = (text: string): Cell => beginCell().storeStringTail(text).endCell();

export function shardState(workchain: number, seqno: number, accounts: Cell, extra?: Cell): Cell {
  const builder = beginCell().storeUint(0x9023afe2, 32).storeInt(-239, 32);
  builder.storeUint(0, 2).storeUint(0, 6).storeInt(workchain, 32).storeUint(0, 64);
  builder.storeUint(seqno, 32).storeUint(0, 32).storeUint(0, 32).storeUint(0, 64).storeUint(0, 32);
  builder.storeRef(filler('out_msg_queue_info')).storeBit(false).storeRef(accounts).storeRef(filler('overload'));
  return builder.storeMaybeRef(extra ?? null).endCell();
}

/** A tree over one or two shards: the first has the addresses that begin with 0. */
function shardTree(rootHashes: readonly Buffer[]): Cell {
  const leaf = (hash: Buffer) =>
    beginCell()
      .storeBit(false)
      .storeUint(0xa, 4)
      .storeUint(0, 32 + 32)
      .storeUint(0, 64 + 64)
      .storeBuffer(hash)
      .storeBuffer(Buffer.alloc(32))
      .endCell();
  const [left, right] = rootHashes;
  if (right === undefined) return leaf(left!);
  return beginCell().storeBit(true).storeRef(leaf(left!)).storeRef(leaf(right)).endCell();
}

/** @param shards root hashes of the workchain's newest blocks */
export function masterchainExtra(workchain: number, shards: readonly Buffer[]): Cell {
  const tree = shardTree(shards);
  const key = beginCell().storeInt(workchain, 32).endCell().bits;
  const hashes = hashmap([{ key, store: (builder) => builder.storeRef(tree) }]);
  return beginCell().storeUint(0xcc26, 16).storeBit(true).storeRef(hashes).storeRef(filler('config')).endCell();
}

/** A block that leads to `state`. */
export function blockTo(state: Cell): Cell {
  const before = filler('the state before');
  const update = beginCell()
    .storeUint(4, 8)
    .storeBuffer(before.hash())
    .storeBuffer(state.hash(0))
    .storeUint(before.depth(), 16)
    .storeUint(state.depth(0), 16)
    .storeRef(pruned(before))
    .storeRef(pruned(state))
    .endCell({ exotic: true });
  const builder = beginCell().storeUint(0x11ef55aa, 32).storeInt(-239, 32);
  builder.storeRef(filler('info')).storeRef(filler('value_flow')).storeRef(update).storeRef(filler('extra'));
  return builder.endCell();
}

/** What shows that the block leads to the state, and the state's cells to show. */
export function stateProof(block: Cell, state: Cell, show: readonly Cell[]): Buffer {
  const header = proofOf(block, [block.refs[2]!]);
  return bocOf([header, proofOf(state, show)]);
}

/** A BoC with several roots, which @ton/core reads but does not write. */
export function bocOf(roots: readonly Cell[]): Buffer {
  const index = new Map<string, number>();
  const cells: Cell[] = [];
  const visit = (cell: Cell): void => {
    const name = cell.hash().toString('hex');
    if (index.has(name)) return;
    index.set(name, -1);
    // Every cell stands before those that it refers to.
    for (const ref of [...cell.refs].reverse()) visit(ref);
    cells.push(cell);
  };
  for (const root of [...roots].reverse()) visit(root);
  cells.reverse();
  for (const [at, cell] of cells.entries()) index.set(cell.hash().toString('hex'), at);
  const place = (cell: Cell): number => index.get(cell.hash().toString('hex'))!;
  const bodies = cells.map((cell) => {
    const full = cell.bits.length % 8 === 0;
    const bytes = Math.ceil(cell.bits.length / 8);
    const data = beginCell().storeBits(cell.bits);
    if (!full) {
      data.storeBit(true);
      while (data.bits % 8 !== 0) data.storeBit(false);
    }
    const d1 = cell.refs.length + (cell.isExotic ? 8 : 0) + 32 * cell.mask.value;
    const d2 = bytes + Math.floor(cell.bits.length / 8);
    const refs = Buffer.alloc(2 * cell.refs.length);
    for (const [at, ref] of cell.refs.entries()) refs.writeUInt16BE(place(ref), 2 * at);
    return Buffer.concat([Buffer.from([d1, d2]), data.endCell().bits.subbuffer(0, bytes * 8)!, refs]);
  });
  const body = Buffer.concat(bodies);
  const head = Buffer.alloc(4 + 2 + 2 * 3 + 4 + 2 * roots.length);
  head.writeUInt32BE(0xb5ee9c72, 0);
  head.writeUInt8(2, 4);
  head.writeUInt8(4, 5);
  head.writeUInt16BE(cells.length, 6);
  head.writeUInt16BE(roots.length, 8);
  head.writeUInt16BE(0, 10);
  head.writeUInt32BE(body.length, 12);
  for (const [at, root] of roots.entries()) head.writeUInt16BE(place(root), 16 + 2 * at);
  return Buffer.concat([head, body]);
}

/** The cells from `root` down to `target`, without `target` itself; empty when it is not there. */
export function towards(root: Cell, target: Cell): Cell[] {
  for (const ref of root.refs) {
    if (ref === target) return [root];
    const below = towards(ref, target);
    if (below.length > 0) return [root, ...below];
  }
  return [];
}
