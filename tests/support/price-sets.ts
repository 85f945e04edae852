import { type Builder, beginCell, type Cell, Dictionary, type DictionaryValue, type Slice } from '@ton/core';
import { Blockchain, Executor } from '@ton/sandbox';
import { chainConfig, type PriceSet } from '../../offchain/localnet/config';

/** Prices that contracts must live with: today's, those of 2024, ten times the latter, which nobody has seen yet; and two that are uneven. */
export type Prices = PriceSet | 'tenfold' | 'dear gas' | 'dear forwarding';
export const PRICES: readonly Prices[] = ['current', '2024', 'tenfold'];

const chains = new Map<Prices, Promise<Blockchain>>();
let executor: Promise<Executor> | undefined;

/** One chain per price set and one emulator for all of them: a fresh one takes seconds to get up to speed. */
export function chainAt(prices: Prices): Promise<Blockchain> {
  const chain = chains.get(prices) ?? createChain(prices);
  chains.set(prices, chain);
  return chain;
}

async function createChain(prices: Prices): Promise<Blockchain> {
  executor ??= Executor.create();
  return Blockchain.create({ config: configAt(prices), executor: await executor });
}

/** The blockchain config with these prices. */
export function configAt(prices: Prices): Cell {
  if (prices === 'tenfold') return tenfold(chainConfig('2024'));
  if (prices === 'dear gas') return tenfold(chainConfig('current'), [21]);
  if (prices === 'dear forwarding') return tenfold(chainConfig('current'), [25]);
  return chainConfig(prices);
}

/** What `gas` costs in the basechain, nanoTON: flat_price#d1 up to flat_limit, and 2^-16 of the price per unit above it. */
export function gasFee(config: Cell, gas: bigint): bigint {
  const params = config.beginParse().loadDictDirect(Dictionary.Keys.Int(32), Dictionary.Values.Cell());
  const slice = params.get(21)!.beginParse().skip(8);
  const [flatLimit, flatPrice] = [slice.loadUintBig(64), slice.loadUintBig(64)];
  const price = slice.skip(8).loadUintBig(64);
  return gas <= flatLimit ? flatPrice : flatPrice + ((gas - flatLimit) * price + 65_535n) / 65_536n;
}

/** What a proxy leaves for the dearest request when it makes up for rent: its gas, and a message to the masterchain. */
export function dearestRequest(prices: Prices): bigint {
  const config = configAt(prices);
  const params = config.beginParse().loadDictDirect(Dictionary.Keys.Int(32), Dictionary.Values.Cell());
  const forwarding = params.get(24)!.beginParse().skip(8);
  const [lump, bit, cell] = [forwarding.loadUintBig(64), forwarding.loadUintBig(64), forwarding.loadUintBig(64)];
  return gasFee(config, 60_000n) + lump + (1_000n * bit + cell + 65_535n) / 65_536n;
}

/** Multiplies rent (param 18), gas (21) and forwarding (25) in the basechain, or some of them. */
function tenfold(config: Cell, which: readonly number[] = [18, 21, 25]): Cell {
  const params = config.beginParse().loadDictDirect(Dictionary.Keys.Int(32), Dictionary.Values.Cell());
  for (const id of which) params.set(id, DEARER[id]!(params.get(id)!));
  return beginCell().storeDictDirect(params).endCell();
}

function storeTenfold(builder: Builder, slice: Slice): Builder {
  return builder.storeUint(slice.loadUintBig(64) * 10n, 64);
}

function dearerRent(param: Cell): Cell {
  const period: DictionaryValue<Cell> = {
    serialize: (cell, builder) => builder.storeSlice(cell.beginParse()),
    parse: (slice) => slice.asCell(),
  };
  const periods = param.beginParse().loadDictDirect(Dictionary.Keys.Uint(32), period);
  for (const [index, cell] of periods) {
    const slice = cell.beginParse();
    const builder = beginCell().storeUint(slice.loadUint(8), 8).storeUint(slice.loadUint(32), 32);
    storeTenfold(storeTenfold(builder, slice), slice);
    periods.set(index, builder.storeSlice(slice).endCell());
  }
  return beginCell().storeDictDirect(periods).endCell();
}

function dearerGas(param: Cell): Cell {
  const slice = param.beginParse();
  // gas_flat_pfx#d1 limit price, around gas_prices_ext#de price …
  const builder = beginCell().storeUint(slice.loadUint(8), 8).storeUint(slice.loadUintBig(64), 64);
  storeTenfold(builder, slice).storeUint(slice.loadUint(8), 8);
  return storeTenfold(builder, slice).storeSlice(slice).endCell();
}

function dearerForwarding(param: Cell): Cell {
  const slice = param.beginParse();
  const builder = beginCell().storeUint(slice.loadUint(8), 8);
  for (let price = 0; price < 3; price += 1) storeTenfold(builder, slice);
  return builder.storeSlice(slice).endCell();
}

const DEARER: Readonly<Record<number, (param: Cell) => Cell>> = { 18: dearerRent, 21: dearerGas, 25: dearerForwarding };
