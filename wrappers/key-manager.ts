import { type Builder, beginCell, type Cell, Dictionary, type DictionaryValue, type Slice } from '@ton/core';
import { InvalidFieldError, parsing } from './errors';
import { endOf, loadProxyInfo, storeHash, storeU8, storeU32, storeU64 } from './fields';
import { Op } from './generated/opcodes';

/**
 * The root's third reference: public keys that the network vouches for, and who may add some by signature.
 *
 *     public_key#_  key_type:uint8 expire_at:uint32
 *     key_manager#_ keys:(HashmapE 256 public_key) manager_public_key:uint256 tail:(remainder Any)
 *
 * The tail starts with the manager's net address (a ProxyInfo). Roots of the live network keep more behind it whose
 * meaning is not published: it is kept as it is.
 */
export interface KeyManager {
  /** public key, 64 lower-case hex digits -> what is known of it */
  keys: Map<string, PublicKeyTerms>;
  /** Ed25519, 32 bytes; zeros = nobody adds keys by signature */
  managerPublicKey: Buffer;
  /** Text at the start of the tail; null where the tail starts with something else. */
  netAddress: string | null;
  /** All that follows managerPublicKey, netAddress included. */
  tail: Cell;
}

export interface PublicKeyTerms {
  /** 0 to 255; what the numbers mean is agreed between those who use the keys */
  keyType: number;
  /** unix seconds: good up to and including this one */
  expireAt: number;
}

/** A key to add. */
export interface PublicKey extends PublicKeyTerms {
  /** 32 bytes */
  key: Buffer;
}

const terms: DictionaryValue<PublicKeyTerms> = {
  serialize: (value, builder) => storeTerms(builder, value),
  // Property order is reading order. What may follow in a later layout is ignored.
  parse: (slice) => ({ keyType: slice.loadUint(8), expireAt: slice.loadUint(32) }),
};

/** @throws InvalidFieldError naming the field that does not fit */
export function packKeyManager({ keys, managerPublicKey, tail }: Omit<KeyManager, 'netAddress'>): Cell {
  const dict = Dictionary.empty(Dictionary.Keys.BigUint(256), terms);
  for (const [key, value] of keys) {
    if (!/^[0-9a-f]{64}$/.test(key)) throw new InvalidFieldError('keys', `"${key}" is not 64 lower-case hex digits`);
    dict.set(BigInt(`0x${key}`), value);
  }
  return storeHash(beginCell().storeDict(dict), 'managerPublicKey', managerPublicKey)
    .storeSlice(tail.beginParse())
    .endCell();
}

/** @throws CellFormatError when the cell does not start with keys and a manager's key */
export function parseKeyManager(cell: Cell): KeyManager {
  return parsing('key manager', () => {
    const slice = cell.beginParse();
    const dict = slice.loadDict(Dictionary.Keys.BigUint(256), terms);
    const keys = new Map([...dict].map(([key, value]) => [key.toString(16).padStart(64, '0'), value]));
    const managerPublicKey = slice.loadBuffer(32);
    return { keys, managerPublicKey, netAddress: netAddressOf(slice.clone()), tail: slice.asCell() };
  });
}

/** The whole text or nothing: a tail of another layout is no error. */
function netAddressOf(tail: Slice): string | null {
  if (tail.remainingBits < 8) return null;
  const length = tail.preloadUint(8);
  return length < 128 && tail.remainingBits >= 8 + length * 8 ? (loadProxyInfo(tail) ?? null) : null;
}

/**
 * What a key manager signs (Ed25519 over the cell's hash) so that anybody may add a key. It names no contract and works
 * until the key expires: a manager needs a key of its own at every root.
 */
export function publicKeyVoucher({ queryId, ...key }: PublicKey & { queryId: bigint }): Cell {
  const builder = beginCell().storeUint(Op.rootAddPublicKeySigned, 32);
  return storePublicKey(storeU64(builder, 'queryId', queryId), key).endCell();
}

/** @throws CellFormatError when the cell is not exactly a voucher for a key */
export function parsePublicKeyVoucher(cell: Cell): PublicKey & { queryId: bigint } {
  return parsing('public key voucher', () => {
    const slice = cell.beginParse();
    const op = slice.loadUint(32);
    if (op !== Op.rootAddPublicKeySigned) throw new Error(`operation ${op.toString(16)} is signed`);
    const voucher = {
      queryId: slice.loadUintBig(64),
      key: slice.loadBuffer(32),
      keyType: slice.loadUint(8),
      expireAt: slice.loadUint(32),
    };
    endOf(slice);
    return voucher;
  });
}

/** key, key_type, expire_at */
export function storePublicKey(builder: Builder, { key, ...value }: PublicKey): Builder {
  return storeTerms(storeHash(builder, 'key', key), value);
}

function storeTerms(builder: Builder, { keyType, expireAt }: PublicKeyTerms): Builder {
  return storeU32(storeU8(builder, 'keyType', keyType), 'expireAt', expireAt);
}
