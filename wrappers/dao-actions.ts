import { type Address, beginCell, type Cell, loadStateInit, type StateInit, storeStateInit } from '@ton/core';
import { InvalidFieldError, parsing } from './errors';
import { endOf, storeCoins } from './fields';
import type { OutgoingMessage } from './sending';

/**
 * What a proposal asks the Vault to send: messages in their order, all or none. On chain a list of cells, each with a
 * reference to the next; the first one's hash stands for the whole list.
 */

export const MOST_ACTIONS = 10;

export interface DaoAction {
  to: Address;
  /** nanoTON that the treasury sends along; fees are paid by who executes */
  value: bigint;
  /** null: an empty body */
  body: Cell | null;
  /** deploys the destination where it does not exist; null: none */
  init: StateInit | null;
}

/** What a builder made, as an action. */
export function actionOf(message: OutgoingMessage): DaoAction {
  const { to, value, body, init } = message;
  const empty = body.bits.length === 0 && body.refs.length === 0;
  return { to, value, body: empty ? null : body, init: init ?? null };
}

/** @throws InvalidFieldError where there is no action or are more than ten */
export function packActions(actions: readonly DaoAction[]): Cell {
  if (actions.length === 0 || actions.length > MOST_ACTIONS) {
    throw new InvalidFieldError('actions', `${actions.length} given, 1 to ${MOST_ACTIONS} can be executed together`);
  }
  return actions.reduceRight<Cell | null>(packAction, null)!;
}

function packAction(next: Cell | null, { to, value, body, init }: DaoAction): Cell {
  const builder = storeCoins(beginCell().storeAddress(to), 'value', value).storeMaybeRef(body);
  const initCell = init === null ? null : beginCell().store(storeStateInit(init)).endCell();
  return builder.storeMaybeRef(initCell).storeMaybeRef(next).endCell();
}

/** @throws CellFormatError for anything that the Vault would not execute */
export function parseActions(first: Cell): DaoAction[] {
  return parsing('list of actions', () => {
    const actions: DaoAction[] = [];
    for (let cell: Cell | null = first; cell !== null; ) {
      if (actions.length === MOST_ACTIONS) throw new Error(`more than ${MOST_ACTIONS}`);
      const slice = cell.beginParse();
      const to = slice.loadAddress();
      const value = slice.loadCoins();
      const body = slice.loadMaybeRef();
      const init = slice.loadMaybeRef();
      cell = slice.loadMaybeRef();
      endOf(slice);
      actions.push({ to, value, body, init: init === null ? null : loadStateInit(init.beginParse()) });
    }
    return actions;
  });
}

/** What the governor schedules and a veto is about, 32 bytes. */
export function actionsHash(actions: readonly DaoAction[]): Buffer {
  return packActions(actions).hash();
}

/**
 * Query id for the body of an action: should the message bounce, the Vault's log carries it and tells which action it was.
 * The salt belongs to the list, so that a list that is proposed again keeps its hash.
 * @param salt 56 bits
 */
export function actionQueryId(salt: bigint, index: number): bigint {
  if (salt < 0n || salt >= 1n << 56n) throw new InvalidFieldError('salt', `${salt} is not an unsigned 56-bit integer`);
  if (!Number.isInteger(index) || index < 0 || index >= MOST_ACTIONS) {
    throw new InvalidFieldError('index', `${index} is not that of an action`);
  }
  return (salt << 8n) | BigInt(index);
}
