import { TonCode } from '@cocoon/sdk/errors';
import type { TlObject, TlType } from '@cocoon/sdk/protocol/tl/codec';
import type { RequestEvent } from './request-states';
import { NO_TOKENS, type RequestTokens, readTokens } from './tokens';

/** An answer frame of a worker, the same for every protocol version. */
export interface WorkerFrame {
  /** The request id the proxy gave, hex. */
  id: string;
  event: Extract<RequestEvent, 'head' | 'lastHead' | 'part' | 'lastPart' | 'workerError' | 'workerStopped'>;
  data: Buffer;
  /** Cumulative; only the last frame's are final. */
  tokens: RequestTokens;
  error?: { code: number; text: string };
  debug?: string;
  /** Unix seconds. */
  times?: { start: number; end: number };
}

const EMPTY = Buffer.alloc(0);

/**
 * Reads a one-way message of a worker as an answer frame; undefined when it is another kind of message.
 * @throws PeerViolation for impossible token counts
 */
export function readWorkerFrame(message: TlObject, limit: bigint): WorkerFrame | undefined {
  switch (message._) {
    case 'proxy.queryAnswer':
    case 'proxy.queryAnswerPart': {
      const kind =
        message._ === 'proxy.queryAnswer' ? (['head', 'lastHead'] as const) : (['part', 'lastPart'] as const);
      return {
        id: message.requestId.toString('hex'),
        event: kind[message.isCompleted ? 1 : 0],
        data: message.answer,
        tokens: readTokens(message.tokensUsed, limit),
      };
    }
    case 'proxy.queryAnswerEx':
    case 'proxy.queryAnswerPartEx': {
      const kind =
        message._ === 'proxy.queryAnswerEx' ? (['head', 'lastHead'] as const) : (['part', 'lastPart'] as const);
      return {
        id: message.requestId.toString('hex'),
        event: kind[message.finalInfo ? 1 : 0],
        data: message.answer,
        ...final(message.finalInfo, limit),
      };
    }
    case 'proxy.queryAnswerError':
    case 'proxy.queryAnswerPartError':
      return {
        id: message.requestId.toString('hex'),
        event: errorEvent(message.errorCode),
        data: EMPTY,
        tokens: readTokens(message.tokensUsed, limit),
        error: { code: message.errorCode, text: message.error },
      };
    case 'proxy.queryAnswerErrorEx':
      return {
        id: message.requestId.toString('hex'),
        event: errorEvent(message.errorCode),
        data: EMPTY,
        error: { code: message.errorCode, text: message.error },
        ...final(message.finalInfo, limit),
      };
    default:
      return undefined;
  }
}

/** A worker that stopped because of the request's own time limit or a cancel did its work; anything else is its failure. */
function errorEvent(code: number): 'workerStopped' | 'workerError' {
  return code === TonCode.timeout || code === TonCode.cancelled ? 'workerStopped' : 'workerError';
}

function final(
  info: TlType<'proxy.queryFinalInfo'> | undefined,
  limit: bigint,
): Pick<WorkerFrame, 'tokens' | 'debug' | 'times'> {
  if (!info) return { tokens: NO_TOKENS };
  const { workerDebug, workerStartTime, workerEndTime } = info;
  return {
    tokens: readTokens(info.tokensUsed, limit),
    ...(workerDebug === undefined ? {} : { debug: workerDebug }),
    ...(workerStartTime === undefined || workerEndTime === undefined
      ? {}
      : { times: { start: workerStartTime, end: workerEndTime } }),
  };
}
