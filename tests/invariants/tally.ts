import { ExitCode } from '../../wrappers';
import type { Delivery } from '../support/message-pool';
import { nameOf, people, proxy } from './cast';
import { bouncedRequest, opNumber, requestIn } from './observer';

/** How much of what could go wrong was really tried. A property that passes without these is worth nothing. */
export class Tally {
  deliveries = 0;
  /** contracts that did what they were asked */
  successes = 0;
  /** contracts that refused or could not */
  refusals = 0;
  /** messages to an account without code */
  toNoCode = 0;
  /** requests of a child that its proxy failed */
  failedRequests = 0;
  /** bounces that came back to a child */
  bouncedRequests = 0;
  /** vouchers that a stranger delivered */
  strangersVouchers = 0;
  /** other messages of strangers */
  strangers = 0;
  /** refunds and top-ups that the pool handled */
  refunds = 0;
  topUps = 0;
  workerPayouts = 0;
  ownerPayouts = 0;
  readonly exitCodes = new Set<number>();

  add({ message, cause, tx, ok, exitCode, dataBefore, sent }: Delivery): void {
    this.deliveries += 1;
    if (tx === undefined) {
      if (message.info.dest.equals(proxy.owner) && message.info.src.equals(proxy.address)) this.ownerPayouts += 1;
      return;
    }
    if (ok) this.successes += 1;
    else this.refusals += 1;
    if (exitCode !== undefined) this.exitCodes.add(exitCode);
    if (dataBefore === undefined && !ok) this.toNoCode += 1;
    const item = { message, cause };
    const request = requestIn(item);
    if (request?.body.payload && message.info.dest.equals(proxy.address)) {
      if (!ok) this.failedRequests += 1;
      else if (request.from === 'worker') this.workerPayouts += 1;
      else if (request.body.payload.kind === 'topUp') this.topUps += 1;
      else this.refunds += 1;
    }
    if (bouncedRequest(item) !== undefined) this.bouncedRequests += 1;
    if (nameOf(message.info.src) === nameOf(people.stranger)) {
      if (opNumber(message.body) !== undefined && message.body.refs.length === 1 && sent.length > 0)
        this.strangersVouchers += 1;
      else this.strangers += 1;
    }
  }

  merge(other: Tally): void {
    for (const key of COUNTERS) this[key] += other[key];
    for (const code of other.exitCodes) this.exitCodes.add(code);
  }

  toString(): string {
    const codes = [...this.exitCodes].sort((one, other) => one - other).join(' ');
    return `${COUNTERS.map((key) => `${key} ${this[key]}`).join(', ')}; exit codes ${codes}`;
  }
}

const COUNTERS = [
  ...(['deliveries', 'successes', 'refusals', 'toNoCode', 'failedRequests', 'bouncedRequests'] as const),
  ...(['strangersVouchers', 'strangers', 'refunds', 'topUps', 'workerPayouts', 'ownerPayouts'] as const),
] as const;

/** Refusals that a good sequence provokes. */
export const EXPECTED_REFUSALS: readonly number[] = [
  ...[ExitCode.lowMsgValue, ExitCode.closed, ExitCode.badSignature, ExitCode.oldMessage],
  ...[ExitCode.expectedOwner, ExitCode.expectedMessageFromOwner, ExitCode.contractAddressMismatch, ExitCode.unknownOp],
];
