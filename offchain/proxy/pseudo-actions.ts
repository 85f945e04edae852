import type { OutgoingMessage } from '@cocoon/sdk';
import { parseSaveState } from '@cocoon/sdk';
import type { Address, Cell } from '@ton/core';
import { ChainError } from '../chain/port';
import type { PseudoChain } from '../chain/pseudo';
import type { ActionOutcome } from './actions';
import type { ChainActions } from './chain-actions';

/**
 * The proxy's actions where there is no chain: its contract is there as soon as it is asked for, its save_state is on "chain" at
 * once, and everything that would move money is refused.
 */
export function pseudoActions(chain: PseudoChain, wallet: Address): ChainActions {
  const carryOut = ({ to, body, init }: OutgoingMessage): ActionOutcome => {
    if (init?.code && init.data) chain.presume({ code: init.code, data: init.data });
    else if (!isSaveState(body)) throw refused(to);
    const { lt, hash } = chain.deliver(wallet, to, body);
    return { hash: hash().toString('hex'), lt, account: to.toRawString() };
  };
  return {
    wallet,
    send: async (message) => {
      carryOut(message);
    },
    execute: async (message) => carryOut(message),
    close: async () => undefined,
  };
}

function isSaveState(body: Cell): boolean {
  return parseSaveState(body) !== null;
}

function refused(to: Address): ChainError {
  return new ChainError(
    `nothing is sent to ${to}: there is no chain in this mode (--disable-ton), and no money moves`,
    {
      code: 'message-rejected',
      retryable: false,
    },
  );
}
