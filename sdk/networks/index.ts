/**
 * Facts about the networks that exist. Prices are nanoTON per adjusted token, stakes nanoTON, delays seconds;
 * multipliers are in 1/10000 (10000 = x1).
 */

export interface NetworkTerms {
  readonly uniqueId: number;
  readonly pricePerToken: bigint;
  readonly workerFeePerToken: bigint;
  readonly promptMultiplier: number;
  readonly cachedMultiplier: number;
  readonly completionMultiplier: number;
  readonly reasoningMultiplier: number;
  readonly proxyDelayBeforeClose: number;
  readonly clientDelayBeforeClose: number;
  readonly minProxyStake: bigint;
  readonly minClientStake: bigint;
}

/** The terms that the root of the live network carries (root version 87, params version 17). */
export const MAINNET_TERMS: NetworkTerms = {
  uniqueId: 239,
  pricePerToken: 20n,
  workerFeePerToken: 19n,
  promptMultiplier: 10_000,
  cachedMultiplier: 1_000,
  completionMultiplier: 80_000,
  reasoningMultiplier: 80_000,
  proxyDelayBeforeClose: 86_400,
  clientDelayBeforeClose: 43_200,
  minProxyStake: 15_000_000_000n,
  minClientStake: 15_000_000_000n,
};

/** Root contract of the live network on TON mainnet. */
export const MAINNET_ROOT = 'EQCns7bYSp0igFvS1wpb5wsZjCKCV19MD5AVzI4EyxsnU73k';

export * from './manifest';
