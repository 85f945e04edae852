import type { GatewayError } from './errors';

/** Adjusted tokens of one request: after price multipliers and the worker's coefficient, the unit that is paid for. */
export interface TokenCounts {
  prompt: bigint;
  cached: bigint;
  completion: bigint;
  reasoning: bigint;
  total: bigint;
}

export interface HttpHeader {
  name: string;
  value: string;
}

/** Comes with the last message of an answer. */
export interface FinalInfo {
  tokens: TokenCounts;
  /** nanoTON that this channel pays for an adjusted token */
  pricePerToken: bigint;
  /** JSON texts of the worker and the proxy, when enable_debug was set. */
  workerDebug?: string;
  proxyDebug?: string;
}

/** Status line and headers of the engine's answer, plus the first bytes of the body (possibly none). */
export interface AnswerHead {
  status: number;
  reason: string;
  headers: readonly HttpHeader[];
  payload: Buffer;
}

/**
 * Receives one answer: `head`, then any number of `part`, the last of them with `final`; or `failed` at any point. After the
 * message with `final`, or after `failed`, nothing more is called.
 */
export interface AnswerSink {
  head(head: AnswerHead, final: FinalInfo | undefined): void;
  part(data: Buffer, final: FinalInfo | undefined): void;
  /** @param tokens adjusted tokens the peer says the request has used all the same; undefined when it does not say */
  failed(error: GatewayError, tokens?: bigint): void;
}

export interface UpstreamRequest {
  /** 32 random bytes. */
  requestId: Buffer;
  model: string;
  url: '/v1/chat/completions' | '/v1/completions';
  headers: readonly HttpHeader[];
  /** JSON body as the engine will see it. */
  payload: Buffer;
  /** Highest worker price accepted, 1000 = x1. */
  maxCoefficient: number;
  /** Most tokens the engine can generate for this request: what is reserved. */
  maxTokens: number;
  /** Seconds the caller waits. */
  timeoutS: number;
  enableDebug: boolean;
}

export interface RunningRequest {
  /** The caller is gone or out of time: stop the work where the peer understands that. The sink is not called any more. */
  cancel(): void;
}

export interface ModelWorker {
  coefficient: number;
  activeRequests: number;
  maxActiveRequests: number;
}

export interface ModelInfo {
  name: string;
  workers: readonly ModelWorker[];
}

/** What a request costs: nanoTON per adjusted token, and the multipliers (10000 = x1). */
export interface Pricing {
  pricePerToken: bigint;
  promptMultiplier: number;
  completionMultiplier: number;
  reasoningMultiplier: number;
}

/** The network as the HTTP edge sees it. */
export interface Upstream {
  /**
   * Starts a request. Every failure, also "no proxy is ready", is reported through `sink.failed`; never throws.
   * The sink may be called before this returns.
   */
  run(request: UpstreamRequest, sink: AnswerSink): RunningRequest;
  /** Models served through the connected proxies. Rejects with GatewayError. */
  models(): Promise<readonly ModelInfo[]>;
  /** The most that a request can cost now, whichever channel pays for it; undefined until the root contract has been read. */
  pricing(): Pricing | undefined;
  /** Undefined when requests can be served, else why not. */
  notReady(): GatewayError | undefined;
}
