import { Address, beginCell, type Cell } from '@ton/core';
import { type DaoAction, daoBodies, packActions, packDaoParams } from '../../../wrappers';
import { type Cast, DAY, daoParams, payee, refuser, stranger, TON } from './cast';

/** What members propose to do, with the class that it must be given. */

export interface Draft {
  actions: Cell;
  class: 0 | 1;
}

export const DRAFTS = ['payment', 'refusal', 'tooMuch', 'nowhere', 'deployment', 'rules'] as const;
export type DraftName = (typeof DRAFTS)[number];

const pay = (to: Address, tons: bigint): DaoAction => ({ to, value: tons * TON, body: null, init: null });

/** Nobody knows what it does. */
const deployment = { ...pay(stranger, 1n), init: { code: beginCell().endCell(), data: beginCell().endCell() } };

const known = new WeakMap<Cast, Record<DraftName, Draft>>();

export function draftsFor(cast: Cast): Record<DraftName, Draft> {
  const found = known.get(cast);
  if (found !== undefined) return found;
  const params = { ...daoParams, warmup: 1, votingPeriod: 4 * DAY };
  const expectedHash = packDaoParams(daoParams).hash();
  const rules = daoBodies.daoSetParams({ queryId: 0n, expectedHash, params });
  const drafts: Record<DraftName, Draft> = {
    // Two of them are more than normal operations may spend in a week.
    payment: { actions: packActions([pay(payee, 30n)]), class: 0 },
    refusal: { actions: packActions([pay(payee, 1n), pay(refuser, 5n)]), class: 0 },
    tooMuch: { actions: packActions([pay(payee, 1n), pay(payee, 5_000n)]), class: 1 },
    // There is no such workchain: the chain cannot send this.
    nowhere: { actions: packActions([pay(payee, 1n), pay(new Address(5, payee.hash), 1n)]), class: 0 },
    deployment: { actions: packActions([deployment]), class: 1 },
    rules: { actions: packActions([{ ...pay(cast.dao.address, 0n), value: TON / 5n, body: rules }]), class: 1 },
  };
  known.set(cast, drafts);
  return drafts;
}

/** Critical, unless it is known not to be. */
export function classOf(cast: Cast, actions: Cell): 0 | 1 {
  return Object.values(draftsFor(cast)).find((draft) => draft.actions.equals(actions))?.class ?? 1;
}
