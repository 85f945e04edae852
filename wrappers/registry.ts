import { beginCell, type Cell, Dictionary, type DictionaryValue, type Slice } from '@ton/core';
import { InvalidFieldError } from './errors';
import { loadProxyInfo, storeProxyInfo } from './fields';

/** The four dictionaries of the root: lists of allowed hashes and the registered proxies. */

/** Hash dictionaries are sets: the key is the fact, the value has no bits. Values met on chain are ignored. */
const presence: DictionaryValue<true> = { serialize: () => undefined, parse: () => true };

/** Values are kept as cells: an entry of unknown kind must not make the whole registry unreadable. */
const rest: DictionaryValue<Cell> = {
  serialize: (cell, builder) => builder.storeSlice(cell.beginParse()),
  parse: (slice) => slice.asCell(),
};

export function packHashSet(field: string, hashes: Set<string>): Dictionary<bigint, true> {
  const dict = Dictionary.empty(Dictionary.Keys.BigUint(256), presence);
  for (const hash of hashes) {
    if (!/^[0-9a-f]{64}$/.test(hash)) throw new InvalidFieldError(field, `"${hash}" is not 64 lower-case hex digits`);
    dict.set(BigInt(`0x${hash}`), true);
  }
  return dict;
}

export function readHashSet(slice: Slice): Set<string> {
  const dict = slice.loadDict(Dictionary.Keys.BigUint(256), presence);
  return new Set(dict.keys().map((key) => key.toString(16).padStart(64, '0')));
}

export function packRegisteredProxies(proxies: Map<number, string>): Dictionary<number, Cell> {
  const dict = Dictionary.empty(Dictionary.Keys.Uint(32), rest);
  for (const [seqno, text] of proxies) {
    dict.set(seqno, storeProxyInfo(beginCell(), `registeredProxies[${seqno}]`, text).endCell());
  }
  return dict;
}

/** Entries of unknown kind are left out, as the runners of the live network do. */
export function readRegisteredProxies(slice: Slice): Map<number, string> {
  const proxies = new Map<number, string>();
  for (const [seqno, cell] of slice.loadDict(Dictionary.Keys.Uint(32), rest)) {
    const text = loadProxyInfo(cell.beginParse());
    if (text !== undefined) proxies.set(seqno, text);
  }
  return proxies;
}
