import { beginCell, Cell, Dictionary, type DictionaryValue } from '@ton/core';
import { defaultConfig } from '@ton/sandbox';

/**
 * Which prices the local chain charges in basechain: `current` is mainnet since 2026 (66.67 nanoTON per gas), `2024` is the
 * set before it (400 nanoTON per gas) that the emulator ships with. Masterchain prices are the same in both.
 */
export type PriceSet = 'current' | '2024';

export const PRICE_SETS: readonly PriceSet[] = ['current', '2024'];

/** Prices carry 16 fractional bits: 4369067 / 2^16 is 66.67 nanoTON. */
const GAS_PRICE = 4_369_067n;
const FLAT_GAS_LIMIT = 100n;
/** 100 gas at the price above, whole nanoTON. */
const FLAT_GAS_PRICE = 6_667n;
const FORWARD_LUMP = 66_667n;
const FORWARD_BIT = 4_369_067n;
const FORWARD_CELL = 436_906_667n;
const STORAGE_BIT = 0n;
const STORAGE_CELL = 135n;

const PARAM_STORAGE = 18;
const PARAM_GAS = 21;
const PARAM_FORWARD = 25;

interface StoragePrices {
  since: number;
  bit: bigint;
  cell: bigint;
  masterchainBit: bigint;
  masterchainCell: bigint;
}

const storagePricesValue: DictionaryValue<StoragePrices> = {
  serialize(prices, builder) {
    builder
      .storeUint(0xcc, 8)
      .storeUint(prices.since, 32)
      .storeUint(prices.bit, 64)
      .storeUint(prices.cell, 64)
      .storeUint(prices.masterchainBit, 64)
      .storeUint(prices.masterchainCell, 64);
  },
  parse(slice) {
    slice.skip(8);
    return {
      since: slice.loadUint(32),
      bit: slice.loadUintBig(64),
      cell: slice.loadUintBig(64),
      masterchainBit: slice.loadUintBig(64),
      masterchainCell: slice.loadUintBig(64),
    };
  },
};

/**
 * Param 18 lists prices by the time they came into force, and a debt is charged at the prices of its own period. The new
 * ones replace every period: on a local chain no account is older than the chain.
 */
function withStoragePrices(param: Cell): Cell {
  const periods = param.beginParse().loadDictDirect(Dictionary.Keys.Uint(32), storagePricesValue);
  for (const [index, prices] of periods) {
    periods.set(index, { ...prices, bit: STORAGE_BIT, cell: STORAGE_CELL });
  }
  return beginCell().storeDictDirect(periods).endCell();
}

/** Param 21: gas_flat_pfx#d1 around gas_prices_ext#de; only the prices change, the limits stay. */
function withGasPrices(param: Cell): Cell {
  const slice = param.beginParse();
  slice.skip(8 + 64 + 64 + 8 + 64);
  return beginCell()
    .storeUint(0xd1, 8)
    .storeUint(FLAT_GAS_LIMIT, 64)
    .storeUint(FLAT_GAS_PRICE, 64)
    .storeUint(0xde, 8)
    .storeUint(GAS_PRICE, 64)
    .storeSlice(slice)
    .endCell();
}

/** Param 25: msg_forward_prices#ea; the ihr factor and the two fractions stay. */
function withForwardPrices(param: Cell): Cell {
  const slice = param.beginParse();
  slice.skip(8 + 64 + 64 + 64);
  return beginCell()
    .storeUint(0xea, 8)
    .storeUint(FORWARD_LUMP, 64)
    .storeUint(FORWARD_BIT, 64)
    .storeUint(FORWARD_CELL, 64)
    .storeSlice(slice)
    .endCell();
}

/**
 * Validator sets (previous, current, next) and the list of suspended addresses: 110 kB that no contract here reads and that
 * the emulator would copy and parse again for every get method (4 ms instead of 1).
 */
const LEFT_OUT = [32, 34, 36, 44];

/** The blockchain config (the dictionary itself, as `Blockchain.create({ config })` takes it). */
export function chainConfig(prices: PriceSet): Cell {
  const params = Cell.fromBase64(defaultConfig)
    .beginParse()
    .loadDictDirect(Dictionary.Keys.Int(32), Dictionary.Values.Cell());
  for (const id of LEFT_OUT) {
    params.delete(id);
  }
  if (prices === '2024') {
    return beginCell().storeDictDirect(params).endCell();
  }
  const replace = (id: number, change: (param: Cell) => Cell): void => {
    const param = params.get(id);
    if (param === undefined) {
      throw new Error(
        `the emulator's built-in config has no param ${id}; is another version of @ton/sandbox installed?`,
      );
    }
    params.set(id, change(param));
  };
  replace(PARAM_STORAGE, withStoragePrices);
  replace(PARAM_GAS, withGasPrices);
  replace(PARAM_FORWARD, withForwardPrices);
  return beginCell().storeDictDirect(params).endCell();
}
