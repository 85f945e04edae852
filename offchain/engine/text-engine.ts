/** What stands between the OpenAI surface (http-server.ts) and something that produces tokens. */

export interface ChatMessage {
  role: string;
  content: string;
}

export type ReasoningEffort = 'minimal' | 'low' | 'medium' | 'high';

export interface GenerationRequest {
  prompt: { kind: 'chat'; messages: readonly ChatMessage[] } | { kind: 'text'; text: string };
  /** Most tokens to generate, reasoning included; absent: as long as the answer naturally is, within the context. */
  maxTokens: number | undefined;
  temperature: number | undefined;
  topP: number | undefined;
  seed: number | undefined;
  reasoning: ReasoningEffort | undefined;
  /** Go on until maxTokens, as engines offer it for load tests. */
  ignoreEos: boolean;
}

export interface GeneratedToken {
  /** Text this token adds; empty while it is only part of a character. */
  text: string;
  kind: 'answer' | 'reasoning';
}

export type FinishReason = 'stop' | 'length';

export interface Generation {
  promptTokens: number;
  /** Leading part of the prompt that did not have to be computed again. */
  cachedTokens: number;
  /** Every yielded token counts. Returns why it ended. Throws the signal's reason soon after it aborts. */
  tokens(signal: AbortSignal): AsyncGenerator<GeneratedToken, FinishReason, undefined>;
}

export interface TextEngine {
  /** Name under which the model is served. */
  readonly model: string;
  /** `owned_by` of GET /v1/models: how workers tell engines apart. */
  readonly ownedBy: string;
  /** Most tokens of prompt and answer together. */
  readonly maxModelLen: number;
  /** @throws EngineError 400 when the prompt does not fit */
  prepare(request: GenerationRequest): Promise<Generation>;
  close(): Promise<void>;
}
