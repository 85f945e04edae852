import type { AnswerSink, UpstreamRequest } from '../upstream';

export function request(): UpstreamRequest {
  return {
    requestId: Buffer.alloc(32, 5),
    model: 'm',
    url: '/v1/chat/completions',
    headers: [{ name: 'Host', value: 'localhost' }],
    payload: Buffer.from('{"model":"m"}'),
    maxCoefficient: 4000,
    maxTokens: 100,
    timeoutS: 20,
    enableDebug: false,
  };
}

/** Records what a sink is told; `over` resolves at its end. */
export function recorder(): AnswerSink & { log: string[]; over: Promise<void> } {
  const log: string[] = [];
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    log,
    over,
    head: (head, last) => {
      log.push(`head ${head.status} ${head.payload}${last ? ` final ${last.tokens.total}` : ''}`);
      if (last) end();
    },
    part: (data, last) => {
      log.push(`part ${data}${last ? ` final ${last.tokens.total}` : ''}`);
      if (last) end();
    },
    failed: (error) => {
      log.push(`failed ${error.code}`);
      end();
    },
  };
}
