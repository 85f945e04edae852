import { type Address, type Builder, beginCell, type Cell } from '@ton/core';
import { parsing } from './errors';
import { endOf, storeHash, storeU8, storeU32, storeU64 } from './fields';
import { Op } from './generated/opcodes';
import { packVaultLimits, type VaultLimits } from './vault-data';

/** Bodies of the messages to and from the Vault, named as the operation; and readers of what it logs. */

interface Query {
  /** Free number of the sender; comes back in the answers. */
  queryId: bigint;
}

/** Number of a proposal, and of its operation. */
type Numbered = Query & { id: number };

/** Number of a proxy in the root's registry. */
type Listed = Query & { seqno: number };

export interface ScheduledActions {
  id: number;
  /** 0 normal; anything else is critical */
  class: number;
  /** 32 bytes */
  actionsHash: Buffer;
  proposal: Address;
}

function start(op: number, queryId: bigint): Builder {
  return storeU64(beginCell().storeUint(op, 32), 'queryId', queryId);
}

function plain(op: number) {
  return ({ queryId }: Query): Cell => start(op, queryId).endCell();
}

function numbered(op: number) {
  return ({ queryId, id }: Numbered): Cell => storeU32(start(op, queryId), 'id', id).endCell();
}

function withBody(op: number) {
  return ({ queryId, body }: Query & { body: Cell }): Cell => start(op, queryId).storeRef(body).endCell();
}

export const vaultBodies = {
  /** Deployer, once. @param until unix seconds, at most 550 days from now */
  vaultInit: (opts: Query & { governor: Address; guardian: Address | null; until: number }): Cell => {
    const builder = start(Op.vaultInit, opts.queryId).storeAddress(opts.governor).storeAddress(opts.guardian);
    return storeU32(builder, 'until', opts.until).endCell();
  },
  vaultSchedule({ queryId, ...operation }: Query & ScheduledActions): Cell {
    const builder = storeU32(start(Op.vaultSchedule, queryId), 'id', operation.id);
    storeHash(storeU8(builder, 'class', operation.class), 'actionsHash', operation.actionsHash);
    return builder.storeAddress(operation.proposal).endCell();
  },
  opScheduled({ queryId, id, eta, expires }: Numbered & { eta: number; expires: number }): Cell {
    const builder = storeU32(storeU32(start(Op.opScheduled, queryId), 'id', id), 'eta', eta);
    return storeU32(builder, 'expires', expires).endCell();
  },
  opDone: numbered(Op.opDone),
  opVetoed: numbered(Op.opVetoed),
  /** @param actions see packActions */
  vaultExecute: ({ queryId, id, actions }: Numbered & { actions: Cell }): Cell =>
    storeU32(start(Op.vaultExecute, queryId), 'id', id).storeRef(actions).endCell(),
  /** @param reason text of at most 512 bytes, see reasonCell */
  vaultVeto: ({ queryId, id, reason }: Numbered & { reason: Cell }): Cell =>
    storeU32(start(Op.vaultVeto, queryId), 'id', id).storeRef(reason).endCell(),
  vaultPause: ({ queryId, seconds }: Query & { seconds: number }): Cell =>
    storeU32(start(Op.vaultPause, queryId), 'seconds', seconds).endCell(),
  /** @param body one of the root's four removals */
  vaultRevoke: withBody(Op.vaultRevoke),
  vaultSetGovernor: ({ queryId, governor }: Query & { governor: Address }): Cell =>
    start(Op.vaultSetGovernor, queryId).storeAddress(governor).endCell(),
  vaultClaimGovernor: plain(Op.vaultClaimGovernor),
  /** @param guardian null: none. @param until unix seconds, at most a year from execution */
  vaultSetGuardian({ queryId, guardian, until }: Query & { guardian: Address | null; until: number }): Cell {
    return storeU32(start(Op.vaultSetGuardian, queryId).storeAddress(guardian), 'until', until).endCell();
  },
  vaultSetLimits: ({ queryId, limits }: Query & { limits: VaultLimits }): Cell =>
    start(Op.vaultSetLimits, queryId).storeRef(packVaultLimits(limits)).endCell(),
  /** @param registrar null: nobody lists proxies without a vote */
  vaultSetNetwork: ({ queryId, root, registrar }: Query & { root: Address; registrar: Address | null }): Cell =>
    start(Op.vaultSetNetwork, queryId).storeAddress(root).storeAddress(registrar).endCell(),
  /** @param body a rootPutProxy or rootUnregisterProxy */
  vaultRegistry: withBody(Op.vaultRegistry),
  registryFailed: ({ queryId, seqno, listing }: Listed & { listing: boolean }): Cell =>
    storeU32(start(Op.registryFailed, queryId), 'seqno', seqno).storeBit(listing).endCell(),
  registryRevoked: ({ queryId, seqno }: Listed): Cell =>
    storeU32(start(Op.registryRevoked, queryId), 'seqno', seqno).endCell(),
} as const;

/** Text in the form that the Vault takes a reason in. */
export function reasonCell(text: string): Cell {
  return beginCell().storeStringTail(text).endCell();
}

/** What the Vault writes down for readers of the chain. */
export type VaultLog =
  /** a message of the Vault came back; see actionQueryId */
  | { kind: 'actionBounced'; queryId: bigint; op: number }
  | { kind: 'veto'; queryId: bigint; id: number; reason: string };

/** @returns null for the body of anything else; throws CellFormatError when the op is right and the rest is not */
export function parseVaultLog(body: Cell): VaultLog | null {
  if (body.isExotic || body.bits.length < 32) return null;
  const slice = body.beginParse();
  const op = slice.loadUint(32);
  if (op === Op.actionBounced) {
    return parsing('action_bounced', () => {
      const log: VaultLog = { kind: 'actionBounced', queryId: slice.loadUintBig(64), op: slice.loadUint(32) };
      endOf(slice);
      return log;
    });
  }
  if (op !== Op.vetoReason) return null;
  return parsing('veto_reason', () => {
    const [queryId, id] = [slice.loadUintBig(64), slice.loadUint(32)];
    const reason = slice.loadRef().beginParse().loadStringTail();
    endOf(slice);
    return { kind: 'veto', queryId, id, reason };
  });
}
