import { beginCell, type Cell, type Slice } from '@ton/core';
import { CellFormatError, InvalidFieldError, parsing } from './errors';
import { endOf, storeCoins, storeU32 } from './fields';

/**
 * Network parameters: one cell in the root, copied into every proxy (without the proxy code), client and worker
 * (without any code). The copy is part of a child's initial data and so of its address: layouts are bit-exact.
 *
 *     params#_ struct_version:uint8 params_version:uint32 unique_id:uint32 is_test:Bool
 *       price_per_token:Coins worker_fee_per_token:Coins
 *       prompt_multiplier:uint32        (struct_version >= 3)
 *       cached_multiplier:uint32        (>= 2)
 *       completion_multiplier:uint32    (>= 3)
 *       reasoning_multiplier:uint32     (>= 2)
 *       proxy_delay_before_close:uint32 client_delay_before_close:uint32
 *       min_proxy_stake:Coins min_client_stake:Coins   (>= 1)
 *       proxy_code:(Maybe ^Cell) worker_code:(Maybe ^Cell) client_code:(Maybe ^Cell)
 */
export interface CocoonParams {
  /** Layout version, 0 to 4. The contracts work with 3 and with 4, which is 3 with another number. */
  structVersion: number;
  /** Grows by one with each change of the parameters. */
  paramsVersion: number;
  /** Network number: 239 on mainnet. */
  uniqueId: number;
  isTest: boolean;
  /** nanoTON a client pays per adjusted token */
  pricePerToken: bigint;
  /** nanoTON of it that go to the worker */
  workerFeePerToken: bigint;
  /** Multipliers: 10000 = x1. */
  promptMultiplier: number;
  cachedMultiplier: number;
  completionMultiplier: number;
  reasoningMultiplier: number;
  /** seconds */
  proxyDelayBeforeClose: number;
  /** seconds */
  clientDelayBeforeClose: number;
  /** nanoTON */
  minProxyStake: bigint;
  /** nanoTON; also the stake that every new client contract starts with */
  minClientStake: bigint;
  proxyCode: Cell | null;
  workerCode: Cell | null;
  clientCode: Cell | null;
  /**
   * The live runners copy parameters as they are; the contracts bring copies of old layouts up to 3. Only where there is no
   * chain does a layout below 3 exist, and peers follow the runners there.
   */
  copiesKeepLayout?: boolean;
}

/** Which code references a copy keeps: root, proxy, client and worker. */
export type ParamsCodes = 'all' | 'children' | 'none';

/** The layout that our proxy, client and worker contracts accept, and the oldest that any child was deployed with. */
export const CHILD_STRUCT_VERSION = 3;
export const NEWEST_STRUCT_VERSION = 4;
/** What readers of the live network assume where a layout is older than the field. */
export const LEGACY_MIN_STAKE = 1_000_000_000n;
export const MULTIPLIER_ONE = 10_000;

/**
 * @param codes 'all' for the root (keeps `structVersion`), 'children' for a proxy, 'none' for a client or worker;
 *   the copies of children are written in struct_version 3, or 4 where the root already has it (as on mainnet since 2026)
 * @throws InvalidFieldError naming the parameter that does not fit
 */
export function storeParams(params: CocoonParams, codes: ParamsCodes): Cell {
  const same = codes === 'all' || params.copiesKeepLayout === true;
  const version = same ? params.structVersion : Math.max(CHILD_STRUCT_VERSION, params.structVersion);
  if (!isKnownVersion(version)) {
    throw new InvalidFieldError('structVersion', `${version} is not one of 0 to ${NEWEST_STRUCT_VERSION}`);
  }
  const builder = beginCell().storeUint(version, 8);
  storeU32(builder, 'paramsVersion', params.paramsVersion);
  storeU32(builder, 'uniqueId', params.uniqueId);
  builder.storeBit(params.isTest);
  storeCoins(builder, 'pricePerToken', params.pricePerToken);
  storeCoins(builder, 'workerFeePerToken', params.workerFeePerToken);
  if (version >= 3) storeU32(builder, 'promptMultiplier', params.promptMultiplier);
  if (version >= 2) storeU32(builder, 'cachedMultiplier', params.cachedMultiplier);
  if (version >= 3) storeU32(builder, 'completionMultiplier', params.completionMultiplier);
  if (version >= 2) storeU32(builder, 'reasoningMultiplier', params.reasoningMultiplier);
  storeU32(builder, 'proxyDelayBeforeClose', params.proxyDelayBeforeClose);
  storeU32(builder, 'clientDelayBeforeClose', params.clientDelayBeforeClose);
  if (version >= 1) {
    storeCoins(builder, 'minProxyStake', params.minProxyStake);
    storeCoins(builder, 'minClientStake', params.minClientStake);
  }
  return builder
    .storeMaybeRef(codes === 'all' ? params.proxyCode : null)
    .storeMaybeRef(codes === 'none' ? null : params.workerCode)
    .storeMaybeRef(codes === 'none' ? null : params.clientCode)
    .endCell();
}

/** @throws CellFormatError when the struct version is unknown (named) or the cell is not a params cell */
export function loadParams(cell: Cell): CocoonParams {
  return parsing('network parameters', () => {
    const slice = cell.beginParse();
    const params = readParams(slice);
    endOf(slice);
    return params;
  });
}

function readParams(slice: Slice): CocoonParams {
  const structVersion = slice.loadUint(8);
  if (!isKnownVersion(structVersion)) {
    throw new CellFormatError(
      'network parameters',
      `struct version ${structVersion} is unknown (0 to ${NEWEST_STRUCT_VERSION} are known); this release is too old`,
    );
  }
  const multiplier = (since: number) => (structVersion >= since ? slice.loadUint(32) : MULTIPLIER_ONE);
  const stake = () => (structVersion >= 1 ? slice.loadCoins() : LEGACY_MIN_STAKE);
  // Property order is reading order: every initialiser below consumes the slice.
  return {
    structVersion,
    paramsVersion: slice.loadUint(32),
    uniqueId: slice.loadUint(32),
    isTest: slice.loadBit(),
    pricePerToken: slice.loadCoins(),
    workerFeePerToken: slice.loadCoins(),
    promptMultiplier: multiplier(3),
    cachedMultiplier: multiplier(2),
    completionMultiplier: multiplier(3),
    reasoningMultiplier: multiplier(2),
    proxyDelayBeforeClose: slice.loadUint(32),
    clientDelayBeforeClose: slice.loadUint(32),
    minProxyStake: stake(),
    minClientStake: stake(),
    proxyCode: slice.loadMaybeRef(),
    workerCode: slice.loadMaybeRef(),
    clientCode: slice.loadMaybeRef(),
  };
}

function isKnownVersion(version: number): boolean {
  return Number.isInteger(version) && version >= 0 && version <= NEWEST_STRUCT_VERSION;
}
