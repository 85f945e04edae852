import { TonCode } from '@cocoon/sdk/errors';
import type { TlObject, TlType } from '@cocoon/sdk/protocol/tl/codec';
import type { Logger } from 'pino';
import type { RequestRow } from '../ledger';
import type { ClientAccount, Reservation, WorkerAccount } from './accounts';
import { RequestError } from './errors';
import type { RelayedRequest } from './relayed-request';
import type { RequestEvent, RequestState } from './request-states';
import type { WorkerSeat } from './scheduler';
import type { RequestTokens } from './tokens';

/** The client side of one request. `send` answers whether the frame was taken; a closed connection takes nothing. */
export interface ClientSide {
  readonly account: ClientAccount;
  readonly proto: number;
  send(message: TlObject): boolean;
}

/** The worker side. `send` throws for a frame too large to send. */
export interface WorkerSide extends WorkerSeat {
  readonly account: WorkerAccount;
  readonly proto: number;
  send(message: TlObject): boolean;
  drop(reason: Error): void;
}

export interface RequestFacts {
  /** Id towards the worker, 32 random bytes. */
  id: Buffer;
  /** Id the client chose. */
  clientRequestId: Buffer;
  model: string;
  query: Buffer;
  enableDebug: boolean;
  /** Unix milliseconds. */
  startedAt: number;
  deadlineAt: number;
}

export interface RequestDeps {
  logger: Logger;
  now(): number;
  drainTimeoutMs: number;
  /** Of what a worker reports, what the client's channel can pay for. */
  payable(tokens: RequestTokens, reservation: Reservation, client: ClientAccount): RequestTokens;
  /** Debits, credits, and writes everything to the ledger; resolves when it would survive `kill -9`. */
  settle(
    row: RequestRow,
    tokens: RequestTokens,
    worker: WorkerAccount,
    reservation: Reservation,
    client: ClientAccount,
  ): Promise<void>;
  /** Records a request that cost nothing. */
  record(row: RequestRow, reservation: Reservation): void;
  payoutVoucher(worker: WorkerAccount): TlType<'proxy.signedPayment'>;
  /** After the last frame: both sides learn the new counters. */
  notify(request: RelayedRequest, tokens: RequestTokens): void;
  ended(request: RelayedRequest): void;
}

export const lost = () => new RequestError('worker_lost', 'the worker that was answering disconnected; try again');
export const badAnswer = () =>
  new RequestError('worker_failed', 'the worker sent an answer that is no HTTP response; try again');

export function outOfOrder(event: RequestEvent, state: RequestState): RequestError {
  return new RequestError(
    'worker_failed',
    `the worker sent answer frames out of order (${event} while ${state}); try again`,
  );
}

export function workerFailure(error: { code: number; text: string }): RequestError {
  const stopped = error.code === TonCode.timeout;
  return new RequestError(
    stopped ? 'request_timeout' : 'worker_failed',
    `the worker reports: ${error.text} (code ${error.code})`,
  );
}
