import { EventEmitter, once } from 'node:events';
import { MAINNET_TERMS } from '@cocoon/sdk/networks';
import { GatewayError } from '../errors';
import type {
  AnswerSink,
  FinalInfo,
  ModelInfo,
  Pricing,
  RunningRequest,
  TokenCounts,
  Upstream,
  UpstreamRequest,
} from '../upstream';

/** One request as it reached the fake network, with the sink to answer it through. */
export class FakeRun implements RunningRequest {
  readonly request: UpstreamRequest;
  readonly sink: AnswerSink;
  cancelled = false;
  readonly #events: EventEmitter;

  constructor(request: UpstreamRequest, sink: AnswerSink, events: EventEmitter) {
    this.request = request;
    this.sink = sink;
    this.#events = events;
  }

  get body(): Record<string, unknown> {
    return JSON.parse(this.request.payload.toString()) as Record<string, unknown>;
  }

  cancel(): void {
    this.cancelled = true;
    this.#events.emit('cancel', this);
  }

  /** A whole answer in one message. */
  answerJson(value: unknown, options: { status?: number; tokens?: bigint } = {}): void {
    this.sink.head(
      {
        status: options.status ?? 200,
        reason: 'OK',
        headers: [{ name: 'Content-Type', value: 'application/json' }],
        payload: Buffer.from(JSON.stringify(value)),
      },
      final(options.tokens ?? 5n),
    );
  }

  startStream(contentType = 'text/event-stream'): void {
    const headers = [
      { name: 'content-type', value: contentType },
      { name: 'Content-Length', value: '999' },
    ];
    this.sink.head({ status: 200, reason: 'OK', headers, payload: Buffer.alloc(0) }, undefined);
  }

  chunk(text: string): void {
    this.sink.part(Buffer.from(`data: ${JSON.stringify(chatChunk(text))}\n\n`), undefined);
  }

  endStream(tokens = 7n): void {
    this.sink.part(Buffer.from('data: [DONE]\n\n'), final(tokens));
  }
}

export function final(total: bigint): FinalInfo {
  const tokens: TokenCounts = { prompt: total, cached: 0n, completion: 0n, reasoning: 0n, total };
  return { tokens, pricePerToken: MAINNET_TERMS.pricePerToken };
}

export function chatChunk(text: string): Record<string, unknown> {
  const choices = [{ index: 0, delta: { content: text }, finish_reason: null }];
  return { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices };
}

export function chatCompletion(text: string): Record<string, unknown> {
  const choices = [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }];
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, total_cost: 60 };
  return { id: 'c1', object: 'chat.completion', created: 1, model: 'm', choices, usage };
}

/** A network that does what its `script` says, so that every answer and every failure can be played. */
export class FakeUpstream implements Upstream {
  readonly runs: FakeRun[] = [];
  script: (run: FakeRun) => void = (run) => run.answerJson(chatCompletion('hello'));
  served: readonly ModelInfo[] = [
    { name: 'm', workers: [{ coefficient: 1000, activeRequests: 1, maxActiveRequests: 10 }] },
  ];
  prices: Pricing | undefined = MAINNET_TERMS;
  unavailable: GatewayError | undefined;
  readonly #events = new EventEmitter();

  run(request: UpstreamRequest, sink: AnswerSink): RunningRequest {
    const run = new FakeRun(request, sink, this.#events);
    this.runs.push(run);
    this.#events.emit('run', run);
    this.script(run);
    return run;
  }

  /** Resolves with the next request that arrives. */
  async nextRun(): Promise<FakeRun> {
    return (await once(this.#events, 'run'))[0] as FakeRun;
  }

  /** Resolves when a request is cancelled. */
  async nextCancel(): Promise<FakeRun> {
    return (await once(this.#events, 'cancel'))[0] as FakeRun;
  }

  async models(): Promise<readonly ModelInfo[]> {
    if (this.unavailable !== undefined) throw this.unavailable;
    return this.served;
  }

  pricing(): Pricing | undefined {
    return this.prices;
  }

  notReady(): GatewayError | undefined {
    return this.unavailable;
  }
}

export function noProxy(): GatewayError {
  return new GatewayError('No proxy is ready.', {
    status: 503,
    type: 'service_unavailable',
    code: 'no_proxy_ready',
  });
}
