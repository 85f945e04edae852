import { Address, beginCell, type Cell } from '@ton/core';
import fc from 'fast-check';
import type {
  ClientData,
  CocoonParams,
  CocoonState,
  KeyManager,
  ProxyData,
  PublicKey,
  RootData,
  WalletData,
  WorkerData,
} from '../../wrappers';

/** Random values of every type the wrappers read and write, for property tests. */

export const bytes = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
export const u32 = fc.nat({ max: 0xffffffff });
export const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
/** Small, usual and largest amounts; readers of the live network take at most 8 bytes. */
export const coins = fc.oneof(
  fc.constantFrom(0n, 1n, (1n << 64n) - 1n, (1n << 120n) - 1n),
  fc.bigInt({ min: 0n, max: 1n << 64n }),
);
export const address = bytes(32).map((hash) => new Address(0, hash));
export const state = fc.constantFrom<CocoonState>(0, 1, 2);

function cellOver(refs: fc.Arbitrary<Cell[]>): fc.Arbitrary<Cell> {
  return fc.tuple(fc.uint8Array({ maxLength: 127 }), fc.nat({ max: 7 }), refs).map(([data, bits, children]) => {
    const builder = beginCell().storeBuffer(Buffer.from(data)).storeUint(0, bits);
    for (const child of children) builder.storeRef(child);
    return builder.endCell();
  });
}

const leaf = cellOver(fc.constant([]));
/** Cells of random shape: up to 1023 bits and up to 4 references, three levels deep. */
export const cell: fc.Arbitrary<Cell> = cellOver(
  fc.array(cellOver(fc.array(leaf, { maxLength: 4 })), { maxLength: 4 }),
);

const maybeCode = fc.option(
  bytes(8).map((code) => beginCell().storeBuffer(code).endCell()),
  { nil: null },
);

export const params: fc.Arbitrary<CocoonParams> = fc.record({
  structVersion: fc.constant(3),
  paramsVersion: u32,
  uniqueId: u32,
  isTest: fc.boolean(),
  pricePerToken: coins,
  workerFeePerToken: coins,
  promptMultiplier: u32,
  cachedMultiplier: u32,
  completionMultiplier: u32,
  reasoningMultiplier: u32,
  proxyDelayBeforeClose: u32,
  clientDelayBeforeClose: u32,
  minProxyStake: coins,
  minClientStake: coins,
  proxyCode: maybeCode,
  workerCode: maybeCode,
  clientCode: maybeCode,
});

/** Parameters as a child's data carries them. */
const proxyParams = params.map((value) => ({ ...value, proxyCode: null }));
const bareParams = params.map((value) => ({ ...value, proxyCode: null, workerCode: null, clientCode: null }));

const hexHash = bytes(32).map((hash) => hash.toString('hex'));
const hashSet = fc.array(hexHash, { maxLength: 5 }).map((hashes) => new Set(hashes));
const endpoint = fc.string({ unit: 'grapheme-ascii', maxLength: 127 });

/** Its tail is anything: a net address or not. */
export const keyManager: fc.Arbitrary<Omit<KeyManager, 'netAddress'>> = fc.record({
  keys: fc
    .array(fc.tuple(hexHash, fc.record({ keyType: fc.nat({ max: 255 }), expireAt: u32 })), { maxLength: 5 })
    .map((entries) => new Map(entries)),
  managerPublicKey: bytes(32),
  tail: bytes(40).map((tail) => beginCell().storeBuffer(tail).endCell()),
});

export const publicKey: fc.Arbitrary<PublicKey & { queryId: bigint }> = fc.record({
  queryId: u64,
  key: bytes(32),
  keyType: fc.nat({ max: 255 }),
  expireAt: u32,
});

export const rootData: fc.Arbitrary<RootData> = fc.record({
  owner: address,
  version: u32,
  proxyHashes: hashSet,
  workerHashes: hashSet,
  modelHashes: hashSet,
  registeredProxies: fc.array(fc.tuple(u32, endpoint), { maxLength: 5 }).map((entries) => new Map(entries)),
  lastProxySeqno: u32,
  params,
  keyManager: fc.option(cell, { nil: null }),
});

const clientRecord = fc.record({
  escrow: fc.bigInt({ min: 0n, max: 1n << 50n }),
  ahead: fc.bigInt({ min: -(1n << 50n), max: 1n << 50n }),
  owner: address,
});
const clientRecords = fc.array(fc.tuple(hexHash, clientRecord), { maxLength: 4 }).map((records) => new Map(records));
/** What a proxy knows that has had clients or paid workers, and what another one does not. */
const more = fc.oneof(
  fc.constant({ earned: 0n, clients: null }),
  fc.record({ earned: fc.bigInt({ min: -(1n << 59n), max: (1n << 59n) - 1n }), clients: clientRecords }),
);
/** Larger amounts, of more than 8 bytes, would not fit a proxy's cell together with two addresses, the key and its revenue. */
const proxyCoins = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

export const proxyData: fc.Arbitrary<ProxyData> = fc
  .record({
    owner: address,
    publicKey: bytes(32),
    root: address,
    state,
    balance: proxyCoins,
    stake: proxyCoins,
    unlockTs: u32,
    params: proxyParams,
    more,
  })
  .map(({ more: { earned, clients }, ...known }) => ({ ...known, earned, clients }));

export const clientData: fc.Arbitrary<ClientData> = fc.record({
  state,
  balance: coins,
  stake: coins,
  tokensUsed: u64,
  unlockTs: u32,
  secretHash: bytes(32),
  owner: address,
  proxy: address,
  publicKey: bytes(32),
  params: bareParams,
  reopened: fc.boolean(),
  debt: coins,
});

export const workerData: fc.Arbitrary<WorkerData> = fc.record({
  owner: address,
  proxy: address,
  publicKey: bytes(32),
  state,
  tokens: u64,
  params: bareParams,
  reopened: fc.boolean(),
});

export const walletData: fc.Arbitrary<WalletData> = fc.record({
  seqno: u32,
  subwallet: u32,
  publicKey: bytes(32),
  status: u32,
  owner: address,
});

/** A cell that was right, damaged somewhere: bits flipped, cut or added, references dropped, doubled or replaced. */
export function damaged(original: fc.Arbitrary<Cell>): fc.Arbitrary<Cell> {
  const damage = fc.record({
    path: fc.array(fc.nat({ max: 3 }), { maxLength: 3 }),
    kind: fc.constantFrom('flip', 'cut', 'extend', 'dropRef', 'addRef', 'replaceRef'),
    at: fc.nat(),
    other: cell,
  });
  return fc.tuple(original, damage).map(([root, { path, kind, at, other }]) => damageAt(root, path, kind, at, other));
}

function damageAt(target: Cell, path: number[], kind: string, at: number, other: Cell): Cell {
  const [step, ...rest] = path;
  if (step !== undefined && target.refs[step] !== undefined) {
    const refs = target.refs.map((ref, index) => (index === step ? damageAt(ref, rest, kind, at, other) : ref));
    return rebuild(bitsOf(target), refs);
  }
  const bits = bitsOf(target);
  const refs = [...target.refs];
  if (kind === 'flip' && bits.length > 0) bits[at % bits.length] = !bits[at % bits.length];
  if (kind === 'cut') bits.length = bits.length === 0 ? 0 : at % bits.length;
  if (kind === 'extend') while (bits.length < 1023 && bits.length % 8 !== at % 8) bits.push(at % 2 === 0);
  if (kind === 'dropRef') refs.pop();
  if (kind === 'addRef' && refs.length < 4) refs.push(other);
  if (kind === 'replaceRef' && refs.length > 0) refs[at % refs.length] = other;
  return rebuild(bits, refs);
}

function bitsOf(target: Cell): boolean[] {
  return Array.from({ length: target.bits.length }, (_, index) => target.bits.at(index));
}

function rebuild(bits: boolean[], refs: Cell[]): Cell {
  const builder = beginCell();
  for (const bit of bits) builder.storeBit(bit);
  for (const ref of refs) builder.storeRef(ref);
  return builder.endCell();
}
