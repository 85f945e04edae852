import { beginCell, type Cell } from '@ton/core';
import { packActions } from '../../../wrappers';
import { stranger, TON } from './cast';

/** What members propose to do, with the class that it must be given. */

interface Draft {
  actions: Cell;
  class: 0 | 1;
}

const payment = { to: stranger, value: TON, body: null, init: null };
/** Nobody knows what it does. */
const deployment = { ...payment, init: { code: beginCell().endCell(), data: beginCell().endCell() } };

export const drafts = {
  payment: { actions: packActions([payment]), class: 0 },
  deployment: { actions: packActions([deployment]), class: 1 },
} as const satisfies Record<string, Draft>;

/** Critical, unless it is known not to be. */
export function classOf(actions: Cell): 0 | 1 {
  return Object.values(drafts).find((draft) => draft.actions.equals(actions))?.class ?? 1;
}
