/**
 * Adjusted tokens: the only unit payments are counted in. Client, proxy and worker must come to the same number, so
 * the order of the floating-point operations is part of the protocol.
 */

/** A token count, coefficient or multiplier that cannot be billed. `field` names it. */
export class MeteringError extends Error {
  readonly code = 'METERING';
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.name = 'MeteringError';
    this.field = field;
  }
}

/** Raw counts as an engine reports them; cached is part of prompt, reasoning is part of completion. */
export interface TokenUsage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

/** Price weights of the network's parameters, in 1/10000 (10000 = x1). */
export interface Multipliers {
  readonly promptMultiplier: number;
  readonly cachedMultiplier: number;
  readonly completionMultiplier: number;
  readonly reasoningMultiplier: number;
}

/** Adjusted tokens by kind; `total` is their sum. */
export interface AdjustedTokens {
  readonly prompt: bigint;
  readonly cached: bigint;
  readonly completion: bigint;
  readonly reasoning: bigint;
  readonly total: bigint;
}

/** Token counts are unsigned 32-bit in the engines' replies. */
export const MAX_RAW_TOKENS = 0xffffffff;
/** Coefficients end below this on the live network (1000 = x1). */
export const COEFFICIENT_LIMIT = 1_000_000_000;
/** Multiplier that changes nothing. */
export const UNIT_MULTIPLIER = 10_000;

const MAX_MULTIPLIER = 0xffffffff;
/** Amounts travel as signed 64-bit numbers. */
const MAX_ADJUSTED = 2n ** 63n - 1n;

function requireInteger(field: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new MeteringError(field, `${value} is not an integer from 0 to ${max}`);
  }
}

function requireAmount(field: string, value: bigint): bigint {
  if (value > MAX_ADJUSTED) throw new MeteringError(field, `${value} adjusted tokens do not fit 63 bits`);
  return value;
}

/**
 * Adjusted tokens of one kind: trunc(((tokens * (coefficient * 0.001)) * multiplier) * 0.0001), in exactly this order
 * of IEEE doubles. Another order differs by one token for some inputs, and a peer would then refuse the bill.
 * @param tokens unsigned 32-bit count
 * @param coefficient the worker's price, 1000 = x1, below 10^9
 * @param multiplier 1/10000
 * @throws MeteringError for a negative, fractional, NaN or too large input, or an amount above 63 bits
 */
export function adjustTokens(tokens: number, coefficient: number, multiplier: number): bigint {
  requireInteger('tokens', tokens, MAX_RAW_TOKENS);
  requireInteger('coefficient', coefficient, COEFFICIENT_LIMIT - 1);
  requireInteger('multiplier', multiplier, MAX_MULTIPLIER);
  return requireAmount('tokens', BigInt(Math.trunc(tokens * (coefficient * 0.001) * multiplier * 0.0001)));
}

/**
 * What a reply costs in adjusted tokens. An engine that reports more cached than prompt tokens, or more reasoning than
 * completion tokens, is taken to mean all of them: the parts never exceed the whole and never go below zero.
 * @throws MeteringError as adjustTokens
 */
export function tokensUsed(usage: TokenUsage, coefficient: number, multipliers: Multipliers): AdjustedTokens {
  const { promptTokens, completionTokens } = usage;
  requireInteger('cachedTokens', usage.cachedTokens, MAX_RAW_TOKENS);
  requireInteger('reasoningTokens', usage.reasoningTokens, MAX_RAW_TOKENS);
  requireInteger('promptTokens', promptTokens, MAX_RAW_TOKENS);
  requireInteger('completionTokens', completionTokens, MAX_RAW_TOKENS);
  const cachedTokens = Math.min(usage.cachedTokens, promptTokens);
  const reasoningTokens = Math.min(usage.reasoningTokens, completionTokens);
  const prompt = adjustTokens(promptTokens - cachedTokens, coefficient, multipliers.promptMultiplier);
  const cached = adjustTokens(cachedTokens, coefficient, multipliers.cachedMultiplier);
  const completion = adjustTokens(completionTokens - reasoningTokens, coefficient, multipliers.completionMultiplier);
  const reasoning = adjustTokens(reasoningTokens, coefficient, multipliers.reasoningMultiplier);
  const total = requireAmount('total', prompt + cached + completion + reasoning);
  return { prompt, cached, completion, reasoning, total };
}

/**
 * Tokens to hold while a request runs: adjust(maxTokens + bytes of its http.request, maxCoefficient, multiplier).
 * The live proxy uses multiplier 10000, which holds too little where the network's multipliers are above x1; pass the
 * largest of them to hold enough. Negative and oversized wishes of a client are refused here (B7), before any sum.
 * @param opts.queryBytes length of the http.request blob
 * @throws MeteringError naming maxTokens, maxCoefficient or queryBytes
 */
export function reservation(opts: {
  maxTokens: number;
  queryBytes: number;
  maxCoefficient: number;
  multiplier?: number;
}): bigint {
  const { maxTokens, queryBytes, maxCoefficient, multiplier = UNIT_MULTIPLIER } = opts;
  requireInteger('maxTokens', maxTokens, 0x7fffffff);
  requireInteger('queryBytes', queryBytes, 0x7fffffff);
  requireInteger('maxCoefficient', maxCoefficient, COEFFICIENT_LIMIT - 1);
  return adjustTokens(maxTokens + queryBytes, maxCoefficient, multiplier);
}
