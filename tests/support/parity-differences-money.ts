import { type Address, type Cell, type Slice, toNano } from '@ton/core';
import type { ContractName } from '../../sdk/generated/code';
import { bodies, CocoonState, ExitCode, Op, type ProxyData, parseClientData, parseWorkerData } from '../../wrappers';
import { dataOf, type Outcome, refusal, type Scenario, type SentInLane, sentMessage } from './lanes';
import { LEAST_OWN, OWN_RESERVE } from './own-coins';
import { dearestRequest } from './price-sets';
import { NO_TAIL, packProxy, parseProxy } from './proxy-data';

/**
 * Where client, proxy and worker are meant to answer otherwise than the live code. Each difference stands in `differences`,
 * with the weakness that it ends, and says exactly what ours does instead; in all else ours does what the live code does.
 */

export interface Case extends Scenario {
  name: ContractName;
  /** what the live code did */
  live: Outcome;
  /** only for what both refuse, and for which of two good reasons */
  ours: Outcome;
}

interface Difference {
  of: readonly ContractName[];
  why: string;
  /** @returns what ours does instead of `so far`, undefined where this is not the case that is meant */
  instead(it: Case, soFar: Outcome): Outcome | undefined;
}

const children: readonly ContractName[] = ['client', 'worker'];
const all: readonly ContractName[] = ['client', 'worker', 'proxy'];

/** Exit codes of checks that the live code makes before it has read the whole body, where ours reads first. */
const BEFORE_FORM: ReadonlySet<number | undefined> = new Set([
  ExitCode.lowMsgValue,
  ExitCode.closed,
  ExitCode.expectedMessageFromOwner,
  ExitCode.signedMsgFormatMismatch,
  ExitCode.badSignature,
]);

const differences: readonly Difference[] = [
  {
    of: all,
    why: 'a body that is both malformed and refused for another reason: ours names the malformation',
    instead: ({ ours, live }) =>
      ours.exitCode === ExitCode.tvmCellUnderflow && BEFORE_FORM.has(live.exitCode)
        ? { ...live, exitCode: ExitCode.tvmCellUnderflow }
        : undefined,
  },
  {
    of: all,
    why: 'W11: excesses that cannot be sent void nothing else',
    instead: (_, soFar) => change(soFar, { op: 'excesses', mode: 128 }, { mode: 130 }),
  },
  {
    of: children,
    why: 'W02, W09, W14: of a request that the proxy cannot take the whole body comes back',
    instead: (_, soFar) =>
      change(soFar, { op: 'clientProxyRequest', mode: 128 }, { flags: '3' }) ??
      change(soFar, { op: 'workerProxyRequest', mode: 128 }, { flags: '3' }),
  },
  {
    of: all,
    why: 'W11, W12: nothing can be sent to the address for the excesses, and ours says so before anything is booked',
    instead: (it) =>
      it.ours.exitCode === ExitCode.badAddress && !isStandard(excessesToOf(it))
        ? refused(it, ExitCode.badAddress)
        : undefined,
  },
  {
    of: children,
    why: 'W24: an account can be opened again; the live code knows neither operation. Here they come without their fields',
    instead: (it) => {
      const op = it.name === 'client' ? Op.ownerClientTopUpReopen : Op.ownerWorkerReopen;
      const unknown = it.live.exitCode === ExitCode.unknownOp || it.live.exitCode === ExitCode.closed;
      return opIn(it) === op && unknown ? refused(it, ExitCode.tvmCellUnderflow) : undefined;
    },
  },
  {
    of: children,
    why: 'W13: a closing account gives its owner what it had of its own, and not to whoever brings the voucher',
    instead: (it, soFar) => {
      const own = it.balance - OWN_RESERVE;
      if (!closes(it) || own < LEAST_OWN) return undefined;
      const body = bodies.payout({ queryId: queryIdIn(it) });
      const payout = sentMessage({ to: ownerOf(it), bounce: false, mode: 1, body, value: `${own}` });
      // By a voucher the reserve is 0.01 TON already; the owner's own request leaves 0.11 where the live code leaves all.
      const forced = opIn(it) === Op.ownerClientRequestRefund;
      const reserves = forced ? [`${OWN_RESERVE} mode 0`] : soFar.reserves;
      return { ...soFar, sent: [payout, ...soFar.sent], reserves };
    },
  },
  {
    of: ['proxy'],
    why: 'W10: revenue that is not all there is paid as far as it is',
    instead: (it) => {
      const before = proxyIn(it);
      const text = opIn(it) === 0;
      if (it.live.exitCode !== ExitCode.tvmRange || !(text || opIn(it) === Op.extProxyPayoutRequest)) return undefined;
      const paid = kept(it);
      const after = { ...before, balance: before.balance - paid };
      if (!text) return paying(it, after, { paid, to: before.owner, excessesTo: excessesToOf(it)! });
      const payout = {
        to: before.owner,
        bounce: false,
        mode: 128,
        body: bodies.payout({ queryId: 0n }),
        value: 'the rest',
      };
      return done(after, [sentMessage(payout)], 0n);
    },
  },
  {
    of: ['proxy'],
    why: 'W22: a closed proxy pays its owner what is nobody else’s; the live code sent all there was when it closed',
    instead: (it) => {
      const before = proxyIn(it);
      const refusedByLive = it.live.exitCode === ExitCode.closed;
      if (opIn(it) !== Op.extProxyPayoutRequest || !refusedByLive || before.state !== CocoonState.closed)
        return undefined;
      const paid = kept(it) - HUB_RESERVE;
      if (paid <= 0n) return undefined;
      return paying(it, before, { paid, to: before.owner, excessesTo: excessesToOf(it)! });
    },
  },
  {
    of: ['proxy'],
    why: 'W26: a closing or closed proxy takes no stake',
    instead: (it) =>
      opIn(it) === Op.extProxyIncreaseStake && proxyIn(it).state !== CocoonState.normal && went(it)
        ? refused(it, ExitCode.closed)
        : undefined,
  },
  {
    of: ['proxy'],
    why: 'W07: a stake begins with no less than the parameters ask for',
    instead: (it) => {
      const { state, stake, params } = proxyIn(it);
      if (opIn(it) !== Op.extProxyIncreaseStake || state !== CocoonState.normal || !went(it)) return undefined;
      const grams = fieldsOf(it).loadCoins();
      return stake === 0n && grams < params.minProxyStake ? refused(it, ExitCode.lowMsgValue) : undefined;
    },
  },
  {
    of: ['proxy'],
    why: 'W03, W04, W18: a worker is paid out of coins that are neither escrow nor revenue, and the pool remembers it',
    instead: (it, soFar) => {
      const payout = payoutIn(it);
      if (payout === undefined || !went(it)) return undefined;
      const before = proxyIn(it);
      const { workerPart, proxyPart } = payout;
      const balance = before.balance + proxyPart;
      if (kept(it) < balance + workerPart) return refused(it, ExitCode.tvmRange);
      const after = { ...before, balance, earned: -workerPart - proxyPart, clients: new Map() };
      return booked(it, soFar, after);
    },
  },
  {
    of: ['proxy'],
    why: 'W01: the pool reads what the client has, which the live code does not look at',
    instead: (it) => {
      const reached =
        it.live.exitCode === 0 || it.live.exitCode === ExitCode.closed || it.live.exitCode === ExitCode.tvmRange;
      if (opIn(it) !== Op.clientProxyRequest || !reached) return undefined;
      return claimIn(it, 'damaged') && refused(it, ExitCode.tvmCellUnderflow);
    },
  },
  {
    of: ['proxy'],
    why: 'W01, A9: a top up is recorded for its client; W36: of a pool short of its reserve no more is set aside than there is',
    instead: (it, soFar) => {
      const request = claimIn(it);
      const before = proxyIn(it);
      if (request?.op !== Op.clientProxyTopUp || before.state !== CocoonState.normal || !went(it)) return undefined;
      const { coins, balance, owner } = request;
      const escrow = coins < balance ? coins : balance;
      const clients = new Map([[accountOf(it), { escrow, ahead: 0n, owner }]]);
      // The client has credited what it sends: an honest one has at least that, and nobody else can ask.
      const after = { ...before, ...(escrow === 0n ? NO_TAIL : { earned: coins - escrow, clients }) };
      const keep = keptTowards(it, coins);
      if (keep === kept(it)) return booked(it, soFar, after);
      const reserves = [`${keep + coins} mode 0`];
      if (keep === it.balance) return { ...soFar, reserves };
      return { ...soFar, ...dataOf('proxy', packProxy(after)), actionCode: 0, reserves };
    },
  },
  {
    of: ['proxy'],
    why: 'W01, A5: a top up that a closing proxy sends back is remembered, and one too small to be sent back fails nothing',
    instead: (it) => {
      const request = claimIn(it);
      const before = proxyIn(it);
      if (request?.op !== Op.clientProxyTopUp || before.state === CocoonState.normal || !went(it)) return undefined;
      const { coins, balance, owner, excessesTo } = request;
      // Books that hold less than was sent back are ahead by no more than they hold.
      const ahead = coins < balance ? coins : balance;
      const clients = new Map([[accountOf(it), { escrow: 0n, ahead, owner }]]);
      const after = { ...before, ...(ahead === 0n ? NO_TAIL : { earned: 0n, clients }) };
      return paying(it, after, { paid: coins, to: owner, excessesTo, mode: 2, keep: keptTowards(it, coins) });
    },
  },
  {
    of: ['proxy'],
    why: 'W01, W05, W06, W25: a refund, forced or not, is paid from coins that are neither revenue nor stake, and takes no stake away',
    instead: (it) => {
      const request = claimIn(it);
      const before = proxyIn(it);
      const refund = request?.op === Op.clientProxyRefundGranted || request?.op === Op.clientProxyRefundForce;
      const reached = it.live.exitCode === 0 || it.live.exitCode === ExitCode.tvmRange;
      if (!refund || before.state === CocoonState.closed || !reached) return undefined;
      const { coins, owner, excessesTo } = request;
      const keep = keptTowards(it, 0n);
      if (coins > keep - before.balance - before.stake) return refused(it, ExitCode.tvmRange);
      const forced = request.op === Op.clientProxyRefundForce;
      if (!forced && keep === kept(it)) return undefined;
      return paying(it, before, { paid: coins, to: owner, excessesTo, keep: keep - coins });
    },
  },
];

/** What ours must do with the case, and the differences that it takes to say so. */
export function expectedOf(it: Case): { outcome: Outcome; why: string[] } {
  let outcome = it.live;
  const why: string[] = [];
  for (const difference of differences) {
    if (!difference.of.includes(it.name)) continue;
    const instead = difference.instead(it, outcome);
    if (instead === undefined) continue;
    outcome = instead;
    why.push(difference.why);
  }
  return { outcome, why };
}

export const MALFORMED = differences[0]!.why;

// ---- the case ---------------------------------------------------------------------------------

function opIn({ message }: Case): number | undefined {
  return message.body.bits.length < 32 ? undefined : message.body.beginParse().loadUint(32);
}

function queryIdIn({ message }: Case): bigint {
  return message.body.beginParse().skip(32).loadUintBig(64);
}

/** The body after operation and query id. */
function fieldsOf({ message }: Case): Slice {
  return message.body.beginParse().skip(96);
}

/** The live code did it, or would have but for the action phase. */
const went = (it: Case): boolean => it.live.exitCode === 0;

/** An address that messages can be sent to: addr_std without anycast. */
function isStandard(address: Slice | undefined): boolean {
  return address !== undefined && address.remainingBits >= 3 && address.preloadUint(3) === 0b100;
}

/** What stands before the address for the excesses; operations that are not here begin with it. */
const BEFORE_EXCESSES: ReadonlyMap<number, (fields: Slice) => Slice> = new Map([
  [Op.extClientTopUp, skipCoins],
  [Op.ownerClientChangeSecretHashAndTopUp, (fields) => skipCoins(fields).skip(256)],
  [Op.ownerClientRegister, (fields) => fields.skip(64)],
  [Op.ownerClientChangeSecretHash, (fields) => fields.skip(256)],
  [Op.ownerClientIncreaseStake, skipCoins],
  [Op.extProxyIncreaseStake, skipCoins],
]);

function skipCoins(fields: Slice): Slice {
  fields.loadCoins();
  return fields;
}

function excessesToOf(it: Case): Slice | undefined {
  try {
    const fields = fieldsOf(it);
    return BEFORE_EXCESSES.get(opIn(it)!)?.(fields) ?? fields;
  } catch {
    return undefined;
  }
}

/** What a worker contract asks for; undefined where the message is another one. */
function payoutIn(it: Case): { workerPart: bigint; proxyPart: bigint } | undefined {
  if (opIn(it) !== Op.workerProxyRequest || !went(it)) return undefined;
  const fields = fieldsOf(it);
  fields.loadAddress();
  const payload = fields
    .skip(2 + 64)
    .loadMaybeRef()
    ?.beginParse()
    .skip(32);
  return payload && { workerPart: payload.loadCoins(), proxyPart: payload.loadCoins() };
}

interface Claim {
  owner: Address;
  op: number;
  coins: bigint;
  excessesTo: Slice;
  /** what the client's own books say */
  balance: bigint;
}

const CLAIMS: readonly number[] = [Op.clientProxyTopUp, Op.clientProxyRefundGranted, Op.clientProxyRefundForce];

/**
 * What a client contract asks for, if that is about coins; undefined where the message is another one.
 * @param state only those whose client state says a balance, or only those whose does not
 */
function claimIn(it: Case, state: 'sound' | 'damaged' = 'sound'): Claim | undefined {
  if (opIn(it) !== Op.clientProxyRequest) return undefined;
  try {
    const fields = fieldsOf(it);
    const owner = fields.loadAddress();
    const balance = balanceIn(fields.loadRef());
    const payload = fields.loadMaybeRef()?.beginParse();
    const op = payload?.loadUint(32);
    if (payload === undefined || op === undefined || !CLAIMS.includes(op)) return undefined;
    if ((balance === undefined) !== (state === 'damaged')) return undefined;
    return { owner, op, coins: payload.loadCoins(), excessesTo: payload, balance: balance ?? 0n };
  } catch {
    return undefined;
  }
}

function balanceIn(state: Cell): bigint | undefined {
  try {
    return state.beginParse().skip(2).loadCoins();
  } catch {
    return undefined;
  }
}

function accountOf({ message: { info } }: Case): string {
  if (info.type !== 'internal') throw new Error(`a message that is ${info.type}`);
  return info.src.hash.toString('hex');
}

function ownerOf({ name, data }: Case): Address {
  return (name === 'client' ? parseClientData(data) : parseWorkerData(data)).owner;
}

/** The live code did it, and the account is closed now for the first time. */
function closes(it: Case): boolean {
  if (it.live.exitCode !== 0 || it.live.actionCode !== 0) return false;
  const op = opIn(it);
  if (op === Op.extClientGrantRefundSigned || op === Op.extWorkerLastPayoutRequestSigned) return true;
  return op === Op.ownerClientRequestRefund && parseClientData(it.data).state === CocoonState.closing;
}

const proxyIn = ({ data }: Case): ProxyData => parseProxy(data);

const HUB_RESERVE = toNano('0.01');
/** What the proxy's share of a request costs at most. */
const PROXY_SHARE = dearestRequest('current');

/** What a proxy sets aside: what it had, and no less than its reserve. */
const kept = ({ balance }: Case): bigint => (balance > HUB_RESERVE ? balance : HUB_RESERVE);

/** The same where `amount` of the message is not the pool's: below its reserve it takes what the message can spare. */
function keptTowards({ balance, message: { info } }: Case, amount: bigint): bigint {
  if (balance >= HUB_RESERVE || info.type !== 'internal') return balance;
  const spare = balance + info.value.coins - amount - PROXY_SHARE;
  const most = spare < HUB_RESERVE ? spare : HUB_RESERVE;
  return most > balance ? most : balance;
}

// ---- what ours does instead -------------------------------------------------------------------

const refused = ({ name, data }: Case, exitCode: number): Outcome => refusal(name, data, exitCode);

function change(outcome: Outcome, which: { op: string; mode: number }, to: Partial<SentInLane>): Outcome | undefined {
  const matches = ({ op, mode }: SentInLane) => op === which.op && mode === which.mode;
  if (!outcome.sent.some(matches)) return undefined;
  return { ...outcome, sent: outcome.sent.map((message) => (matches(message) ? { ...message, ...to } : message)) };
}

/** As the live code, with more on the books; unless that failed, for another reason than an address that voids nothing now. */
function booked(it: Case, soFar: Outcome, after: ProxyData): Outcome {
  const voided = it.live.actionCode === ExitCode.actionInvalid || it.live.actionCode === ExitCode.actionBadDestination;
  if (it.live.actionCode !== 0 && !voided) return soFar;
  return { ...soFar, actionCode: 0, ...dataOf('proxy', packProxy(after)) };
}

function done(after: ProxyData, sent: SentInLane[], reserve: bigint): Outcome {
  const reserves = [`${reserve} mode 0`];
  return { exitCode: 0, actionCode: 0, ...dataOf('proxy', packProxy(after)), code: 'kept', sent, reserves };
}

/** A payout and the excesses. */
function paying(
  it: Case,
  after: ProxyData,
  opts: { paid: bigint; to: Address; excessesTo: Slice; mode?: number; keep?: bigint },
): Outcome {
  const { paid, to, mode = 1, keep = kept(it) - paid } = opts;
  const queryId = queryIdIn(it);
  const payout = { to, bounce: false, mode, body: bodies.payout({ queryId }), value: `${paid}` };
  const rest = { bounce: false, mode: 130, body: bodies.excesses({ queryId }), value: 'the rest' };
  const excesses = { to: opts.excessesTo.clone().loadMaybeAddress(), ...rest };
  return done(after, [sentMessage(payout), sentMessage(excesses)], keep);
}
