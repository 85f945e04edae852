import { Address, type Cell } from '@ton/core';
import type { ContractName } from '../../sdk/generated/code';
import { ExitCode, Op, packWalletData, parseWalletData } from '../../wrappers';
import type { Outcome } from './lanes';
import type { Case } from './parity-cases';

/** Where our contracts are meant to answer otherwise than the live code. Each rule is as narrow as the reason for it. */

/** Exit codes of checks that the live code makes before it has read the whole body, where ours reads first. */
const BEFORE_FORM: ReadonlySet<number | undefined> = new Set([
  ExitCode.lowMsgValue,
  ExitCode.closed,
  ExitCode.expectedMessageFromOwner,
  ExitCode.walletNotOwner,
  ExitCode.signedMsgFormatMismatch,
  ExitCode.badSignature,
]);

/** Operations that the live root answers with 1010 or 1012; the bodies compared here have none of their fields. */
const ONLY_OURS: ReadonlySet<number> = new Set([
  Op.rootChangeParamsFull,
  Op.rootPutProxy,
  Op.rootAddPublicKey,
  Op.rootAddPublicKeySigned,
  Op.rootChangeKeyManager,
]);
const NOT_FOR_LIVE: ReadonlySet<number | undefined> = new Set([ExitCode.expectedMessageFromOwner, ExitCode.unknownOp]);

/**
 * What ours has to do where the live code does `live`; null where that is the same. Every difference is between two
 * refusals, or refuses what the live code takes to nobody's good, or (wallet) keeps a number that the live code gives back.
 */
export function intended(name: ContractName, scenario: Case, ours: Outcome, live: Outcome): Outcome | null {
  // A body that is both malformed and refused for another reason: ours names the malformation.
  if (ours.exitCode === ExitCode.tvmCellUnderflow && BEFORE_FORM.has(live.exitCode)) {
    return { ...live, exitCode: ours.exitCode };
  }
  if (name === 'root') return rootDifference(scenario, ours, live);
  if (name === 'wallet') return walletDifference(scenario, ours, live);
  return null;
}

function rootDifference({ data, message }: Case, ours: Outcome, live: Outcome): Outcome | null {
  const { exitCode } = ours;
  const refused = { ...ours, data: hashOf(data), code: 'kept', sent: [], reserves: [] };
  const op = message.body.bits.length < 32 ? undefined : message.body.beginParse().loadUint(32);
  // An operation that the live code does not have, without its fields.
  if (exitCode === ExitCode.tvmCellUnderflow && ONLY_OURS.has(op!) && NOT_FOR_LIVE.has(live.exitCode)) return refused;
  if (live.exitCode !== 0) return null;
  // W19, W22: terms that contradict each other.
  if (exitCode === ExitCode.badParams && termsContradict(message.body)) return refused;
  // W29: an owner that could not send a message.
  if (exitCode === ExitCode.badAddress && ownerIsUnreachable(message.body)) return refused;
  return null;
}

function termsContradict(body: Cell): boolean {
  const slice = body.beginParse();
  const op = slice.loadUint(32);
  slice.skip(64);
  const [price, fee] = [slice.loadCoins(), slice.loadCoins()];
  if (op === Op.rootChangePrice) return fee > price;
  const [proxyDelay, clientDelay] = [slice.loadUint(32), slice.loadUint(32)];
  return op === Op.rootChangeParams && (fee > price || proxyDelay < clientDelay);
}

function ownerIsUnreachable(body: Cell): boolean {
  const slice = body.beginParse();
  const op = slice.loadUint(32);
  const owner = slice.skip(64).loadAddressAny();
  return op === Op.rootChangeOwner && !(owner instanceof Address && [0, -1].includes(owner.workChain));
}

/** W33: where the action phase of an external message fails, the live code gives the number back; ours never does. */
function walletDifference({ data, message }: Case, ours: Outcome, live: Outcome): Outcome | null {
  if (message.info.type !== 'external-in' || live.exitCode !== 0 || live.actionCode === 0) return null;
  if (live.data !== hashOf(data)) return null;
  const wallet = parseWalletData(data);
  const counted = hashOf(packWalletData({ ...wallet, seqno: wallet.seqno + 1 }));
  const kept = { ...ours, data: counted, code: 'kept', actionCode: 0 };
  // Either what cannot be sent is left out, or a mode that does not exist ends it all.
  return ours.exitCode === 0 ? kept : { ...kept, exitCode: ExitCode.actionInvalid, sent: [], reserves: [] };
}

/**
 * W33: the wallet adds 2 to the mode of every message of its key, so that one that cannot be sent is left out.
 * W11: so does the root with its excesses.
 * And should the coins that the wallet's owner withdraws come back, they come with the whole body.
 */
export function withModesOfOurs(name: ContractName, { message }: Case, live: Outcome): Outcome {
  const fromKey = message.info.type === 'external-in';
  const sent = live.sent.map((one) => {
    if (name === 'root') return one.op === 'excesses' && one.mode === 128 ? { ...one, mode: 130 } : one;
    if (fromKey) return { ...one, mode: one.mode | 2 };
    return one.op === 'text' && one.mode === 128 ? { ...one, flags: '3' } : one;
  });
  return { ...live, sent };
}

function hashOf(cell: Cell): string {
  return cell.hash().toString('hex');
}
