import { Address, type Builder, type Cell, type Slice } from '@ton/core';
import { InvalidFieldError } from './errors';

/**
 * Field writers that check the range first and name the field, and the few readers that @ton/core does not have.
 * Sizes: coins is VarUInteger 16 (at most 120 bits), hashes and keys are 32 bytes, addresses are addr_std (267 bits).
 */

const MAX_COINS = (1n << 120n) - 1n;

/** Operation state of proxy, client and worker contracts. */
export const CocoonState = { normal: 0, closing: 1, closed: 2 } as const;
export type CocoonState = (typeof CocoonState)[keyof typeof CocoonState];

export function storeU8(builder: Builder, field: string, value: number): Builder {
  if (!Number.isInteger(value) || value < 0 || value > 0xff) {
    throw new InvalidFieldError(field, `${value} is not an unsigned 8-bit integer`);
  }
  return builder.storeUint(value, 8);
}

export function storeU32(builder: Builder, field: string, value: number): Builder {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new InvalidFieldError(field, `${value} is not an unsigned 32-bit integer`);
  }
  return builder.storeUint(value, 32);
}

export function storeU64(builder: Builder, field: string, value: bigint): Builder {
  if (value < 0n || value >= 1n << 64n) {
    throw new InvalidFieldError(field, `${value} is not an unsigned 64-bit integer`);
  }
  return builder.storeUint(value, 64);
}

/** @param value nanoTON */
export function storeCoins(builder: Builder, field: string, value: bigint): Builder {
  if (value < 0n || value > MAX_COINS) {
    throw new InvalidFieldError(field, `${value} nanoTON is not between 0 and 2^120 - 1`);
  }
  return builder.storeCoins(value);
}

/** @param value exactly 32 bytes */
export function storeHash(builder: Builder, field: string, value: Buffer): Builder {
  return storeBytes(builder, field, value, 32);
}

export function storeBytes(builder: Builder, field: string, value: Buffer, length: number): Builder {
  if (value.length !== length) throw new InvalidFieldError(field, `${value.length} bytes given, ${length} needed`);
  return builder.storeBuffer(value);
}

export function storeState(builder: Builder, value: CocoonState): Builder {
  return builder.storeUint(value, 2);
}

/** Text of a registered proxy: kind bit 0, length u7, one byte per character. */
export function storeProxyInfo(builder: Builder, field: string, text: string, most = 127): Builder {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length > most) throw new InvalidFieldError(field, `${bytes.length} characters given, at most ${most} fit`);
  if (bytes.toString('latin1') !== text) throw new InvalidFieldError(field, 'only one-byte characters can be stored');
  return builder.storeUint(0, 1).storeUint(bytes.length, 7).storeBuffer(bytes);
}

/** @returns undefined for kind 1, which the live network declares and nobody writes; the rest is then left unread */
export function loadProxyInfo(slice: Slice): string | undefined {
  if (slice.loadBit()) return undefined;
  return slice.loadBuffer(slice.loadUint(7)).toString('latin1');
}

export function loadState(slice: Slice): CocoonState {
  const state = slice.loadUint(2);
  if (state === 3) throw new Error('state 3 does not exist (0 normal, 1 closing, 2 closed)');
  return state as CocoonState;
}

/**
 * Any MsgAddress; null unless it is addr_std. The contracts do not look into "send excesses to" fields, so a reader of
 * their messages has to live with addr_none and external addresses there.
 */
export function loadAnyAddress(slice: Slice): Address | null {
  const address = slice.loadAddressAny();
  return address instanceof Address ? address : null;
}

/** @throws Error when bits or references are left: the layout is then not the expected one */
export function endOf(slice: Slice): void {
  if (slice.remainingBits > 0 || slice.remainingRefs > 0) {
    throw new Error(`${slice.remainingBits} bits and ${slice.remainingRefs} references left over`);
  }
}

/** 32 bytes as the unsigned number that get methods take. */
export function hashToInt(hash: Buffer): bigint {
  if (hash.length !== 32) throw new InvalidFieldError('hash', `${hash.length} bytes given, 32 needed`);
  return BigInt(`0x${hash.toString('hex')}`);
}

/** The reverse of hashToInt, for numbers a get method returns. */
export function intToHash(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

export function requireCode(field: string, code: Cell | null): Cell {
  if (code === null) throw new InvalidFieldError(field, 'the network parameters carry no code for this contract');
  return code;
}
