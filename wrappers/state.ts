import { Cell, type ContractProvider, type TupleReader } from '@ton/core';
import { CellFormatError } from './errors';
import type { CocoonState } from './fields';

/** The account holds no contract (yet, or no longer: frozen). */
export class NotDeployedError extends Error {
  readonly code = 'NOT_DEPLOYED';

  constructor(what: string, state: string) {
    super(`the ${what} contract is not deployed: the account is ${state}`);
    this.name = 'NotDeployedError';
  }
}

/** The data cell of a live contract. @throws NotDeployedError */
export async function readStorage(provider: ContractProvider, what: string): Promise<Cell> {
  const { state } = await provider.getState();
  if (state.type !== 'active' || !state.data) throw new NotDeployedError(what, state.type);
  return Cell.fromBoc(state.data)[0]!;
}

/** A lifecycle state from a get method's stack. @throws CellFormatError for numbers other than 0, 1, 2 */
export function readState(stack: TupleReader): CocoonState {
  const state = stack.readNumber();
  if (state !== 0 && state !== 1 && state !== 2) {
    throw new CellFormatError('contract state', `${state} does not exist (0 normal, 1 closing, 2 closed)`);
  }
  return state;
}
