/**
 * The life of one relayed request, as one table.
 *
 *   queued ──assigned──▶ forwarded ──head──▶ answering ──lastPart──▶ done
 *     │                     │                    │
 *     ├─refused/timeout─▶ failed ◀─workerError/workerLost/violation┤
 *     │                     │                    │
 *     └─cancel─▶ cancelled  └──cancel/timeout────┴──▶ draining ──last*──▶ cancelled
 *
 * `draining`: the client no longer gets the answer (it cancelled, went away, or its time is up), but the worker's final
 * count is awaited, because an abort must not be a way to free answers. No answer frame reaches the client from there.
 */
export type RequestState = 'queued' | 'forwarded' | 'answering' | 'draining' | 'done' | 'failed' | 'cancelled';

export type RequestEvent =
  /** The scheduler gave a worker. */
  | 'assigned'
  /** The scheduler, or sending to the worker, refused. */
  | 'refused'
  /** First answer frame, body still open. */
  | 'head'
  /** First answer frame that is also the last. */
  | 'lastHead'
  | 'part'
  | 'lastPart'
  /** The worker reported a failure of its own: not charged. */
  | 'workerError'
  /** The worker ended the request because of its time limit or a cancel: what it counted is charged. */
  | 'workerStopped'
  /** The worker's connection ended. */
  | 'workerLost'
  /** The client asked to stop, or its connection ended. */
  | 'cancel'
  /** The request's time is up; in draining: the worker did not report its count in time. */
  | 'timeout'
  /** A frame that cannot stand here: out of order, malformed, negative count. */
  | 'violation';

export type Effect =
  /** Send the query to the worker. */
  | 'forward'
  | 'sendHead'
  | 'sendPart'
  /** Ask the worker to stop (protocol 3 and later) and give it a bounded time to report. */
  | 'stopWorker'
  /** Answer the client with the error that caused this event. */
  | 'sendError'
  /** Debit the client, credit the worker, write the ledger; then the held last frame goes out. */
  | 'settle'
  /** End the reservation with nothing used. */
  | 'release'
  /** End the connection of the peer that broke the protocol. */
  | 'dropWorker';

export interface Transition {
  to: RequestState;
  effects: readonly Effect[];
}

const to = (state: RequestState, ...effects: Effect[]): Transition => ({ to: state, effects });

/** An event with no entry cannot happen in that state or has no meaning there; it is ignored. Final states have none. */
export const TRANSITIONS: Record<RequestState, Partial<Record<RequestEvent, Transition>>> = {
  queued: {
    assigned: to('forwarded', 'forward'),
    refused: to('failed', 'release', 'sendError'),
    cancel: to('cancelled', 'release', 'sendError'),
    timeout: to('failed', 'release', 'sendError'),
  },
  forwarded: {
    refused: to('failed', 'release', 'sendError'),
    head: to('answering', 'sendHead'),
    lastHead: to('done', 'settle'),
    part: to('failed', 'release', 'sendError', 'dropWorker'),
    lastPart: to('failed', 'release', 'sendError', 'dropWorker'),
    workerError: to('failed', 'release', 'sendError'),
    workerStopped: to('failed', 'settle', 'sendError'),
    workerLost: to('failed', 'release', 'sendError'),
    violation: to('failed', 'release', 'sendError', 'dropWorker'),
    cancel: to('draining', 'stopWorker'),
    timeout: to('draining', 'sendError', 'stopWorker'),
  },
  answering: {
    head: to('failed', 'release', 'sendError', 'dropWorker'),
    lastHead: to('failed', 'release', 'sendError', 'dropWorker'),
    part: to('answering', 'sendPart'),
    lastPart: to('done', 'settle'),
    workerError: to('failed', 'release', 'sendError'),
    workerStopped: to('failed', 'settle', 'sendError'),
    workerLost: to('failed', 'release', 'sendError'),
    violation: to('failed', 'release', 'sendError', 'dropWorker'),
    cancel: to('draining', 'stopWorker'),
    timeout: to('draining', 'sendError', 'stopWorker'),
  },
  draining: {
    head: to('draining'),
    part: to('draining'),
    lastHead: to('cancelled', 'settle', 'sendError'),
    lastPart: to('cancelled', 'settle', 'sendError'),
    workerError: to('cancelled', 'settle', 'sendError'),
    workerStopped: to('cancelled', 'settle', 'sendError'),
    workerLost: to('cancelled', 'release', 'sendError'),
    violation: to('cancelled', 'release', 'sendError', 'dropWorker'),
    timeout: to('cancelled', 'release', 'sendError'),
  },
  done: {},
  failed: {},
  cancelled: {},
};

export const FINAL_STATES: readonly RequestState[] = ['done', 'failed', 'cancelled'];

export function isFinal(state: RequestState): boolean {
  return FINAL_STATES.includes(state);
}
