import type { TlType } from '@cocoon/sdk/protocol/tl/codec';
import { PeerViolation } from './errors';

/** Adjusted tokens of one request by kind. */
export interface RequestTokens {
  prompt: bigint;
  cached: bigint;
  completion: bigint;
  reasoning: bigint;
  total: bigint;
}

export const NO_TOKENS: RequestTokens = { prompt: 0n, cached: 0n, completion: 0n, reasoning: 0n, total: 0n };

/**
 * What a worker reports, checked: counters only grow, so nothing may be negative, the total must be the sum of its
 * parts, and no single request is believed beyond `limit`.
 * @throws PeerViolation
 */
export function readTokens(wire: TlType<'tokensUsed'>, limit: bigint): RequestTokens {
  const tokens = {
    prompt: wire.promptTokensUsed,
    cached: wire.cachedTokensUsed,
    completion: wire.completionTokensUsed,
    reasoning: wire.reasoningTokensUsed,
    total: wire.totalTokensUsed,
  };
  for (const [name, value] of Object.entries(tokens)) {
    if (value < 0n) throw new PeerViolation(`the worker reports ${value} ${name} tokens`);
  }
  const sum = tokens.prompt + tokens.cached + tokens.completion + tokens.reasoning;
  if (tokens.total !== sum)
    throw new PeerViolation(`the worker reports ${tokens.total} tokens in total, but its parts sum up to ${sum}`);
  if (tokens.total > limit)
    throw new PeerViolation(
      `the worker reports ${tokens.total} tokens for one request, more than max_tokens_per_request ${limit}`,
    );
  return tokens;
}

/** The same request with no more than `most` tokens in all; what is dropped is dropped from the kinds that come last. */
export function limitTokens({ prompt, cached, completion, reasoning }: RequestTokens, most: bigint): RequestTokens {
  let left = most;
  const [p = 0n, c = 0n, o = 0n, r = 0n] = [prompt, cached, completion, reasoning].map((wanted) => {
    const given = wanted < left ? wanted : left;
    left -= given;
    return given;
  });
  return { prompt: p, cached: c, completion: o, reasoning: r, total: p + c + o + r };
}

export function wireTokens(tokens: RequestTokens): TlType<'tokensUsed'> {
  return {
    _: 'tokensUsed',
    promptTokensUsed: tokens.prompt,
    cachedTokensUsed: tokens.cached,
    completionTokensUsed: tokens.completion,
    reasoningTokensUsed: tokens.reasoning,
    totalTokensUsed: tokens.total,
  };
}
