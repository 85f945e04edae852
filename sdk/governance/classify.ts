import type { Address, Cell } from '@ton/core';
import { type DaoAction, Op, opName } from '../../wrappers';
import type { ActionClass } from './tally';

/** The rule by which the Dao says how dangerous a list of actions is: contracts/dao/classes.tact. */

export interface ClassScope {
  dao: Address;
  vault: Address;
  root: Address;
  /** nanoTON */
  transferCap: bigint;
}

export interface ClassReason {
  class: ActionClass;
  /** one sentence: the rule that made it so */
  reason: string;
}

export interface Classification extends ClassReason {
  /** one per action, in their order */
  actions: ClassReason[];
}

/** More than this with a message to the root is critical, nanoTON. */
export const MOST_FOR_ROOT = 1_000_000_000n;

/** Operations of the root that list or remove something, or set the price; never one that lets a new image in. */
export const NORMAL_ROOT_OPS: ReadonlySet<number> = new Set([
  Op.rootRegisterProxy,
  Op.rootUnregisterProxy,
  Op.rootUpdateProxy,
  Op.rootAddModelType,
  Op.rootDelModelType,
  Op.rootDelWorkerType,
  Op.rootDelProxyType,
  Op.rootChangePrice,
]);

/** op and query_id */
const HEAD_BITS = 96;

export function classify(actions: readonly DaoAction[], scope: ClassScope): Classification {
  const reasons = actions.map((action) => classifyAction(action, scope));
  const critical = reasons.find((reason) => reason.class === 'critical');
  if (critical !== undefined) return { ...critical, actions: reasons };
  const transfers = actions.filter(({ to }) => !to.equals(scope.root)).reduce((sum, { value }) => sum + value, 0n);
  if (transfers > scope.transferCap) {
    const reason = `transfers of ${transfers} nanoTON in all are above the cap of ${scope.transferCap} nanoTON`;
    return { class: 'critical', reason, actions: reasons };
  }
  const reason = actions.length === 0 ? 'it has no actions' : 'every action is on the list of harmless ones';
  return { class: 'normal', reason, actions: reasons };
}

export function classifyAction({ to, value, body, init }: DaoAction, scope: ClassScope): ClassReason {
  if (init !== null) return critical('it deploys a contract');
  if (to.equals(scope.dao)) return critical('it goes to the Dao itself');
  if (to.equals(scope.vault)) return critical('it goes to the Vault itself');
  if (to.equals(scope.root)) return classifyForRoot(value, body);
  if (body !== null && !isNothing(body)) return critical('it says something to a contract that is not the root');
  return { class: 'normal', reason: 'a plain transfer' };
}

function classifyForRoot(value: bigint, body: Cell | null): ClassReason {
  if (value > MOST_FOR_ROOT) return critical(`it sends the root more than ${MOST_FOR_ROOT} nanoTON`);
  if (body === null) return critical('it says nothing to the root');
  if (body.isExotic || body.refs.length > 0 || body.bits.length < HEAD_BITS) {
    return critical('its body is not one ordinary cell with an operation and a query id');
  }
  const op = body.beginParse().preloadUint(32);
  const name = opName(op) ?? `0x${op.toString(16).padStart(8, '0')}`;
  if (!NORMAL_ROOT_OPS.has(op)) return critical(`${name} is not on the list of harmless operations of the root`);
  return { class: 'normal', reason: `${name} is on the list of harmless operations of the root` };
}

function critical(reason: string): ClassReason {
  return { class: 'critical', reason };
}

function isNothing(body: Cell): boolean {
  return !body.isExotic && body.bits.length === 0 && body.refs.length === 0;
}
