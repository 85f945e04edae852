import type { Address, Cell, Message } from '@ton/core';
import type { SmartContractTransaction } from '@ton/sandbox';
import type { ContractName } from '../../sdk/generated/code';
import { mainnetAccount } from './mainnet';
import { codeOf, putContract, type World } from './world';

/**
 * Two lanes: the same data, coins and message, once for our contract and once for the code that is live on mainnet.
 * Only this one transaction runs; what it sends goes nowhere.
 */

/** What the rest of the world can see of a transaction. Values of mode 128 depend on gas and are left out. */
export interface Outcome {
  /** compute phase; undefined when it was skipped */
  exitCode: number | undefined;
  actionCode: number | undefined;
  data: string;
  code: string;
  sent: { to: string; bounce: boolean; mode: number; body: string; value: string }[];
  reserves: string[];
}

export interface Scenario {
  address: Address;
  data: Cell;
  /** nanoTON in the account before the message */
  balance: bigint;
  message: Message;
}

export type Lane = 'ours' | 'live';

export async function run(world: World, name: ContractName, lane: Lane, scenario: Scenario): Promise<Outcome> {
  const { address, data, balance, message } = scenario;
  const code = lane === 'ours' ? codeOf(name) : mainnetAccount(name).code;
  await putContract(world, { address, code, data, balance });
  const contract = await world.chain.getContract(address);
  let tx: SmartContractTransaction;
  try {
    tx = await contract.receiveMessage(message, { now: world.now() });
  } catch (error) {
    // An external message that is not accepted makes no transaction.
    if (!(error instanceof Error) || !('exitCode' in error) || typeof error.exitCode !== 'number') throw error;
    return { exitCode: error.exitCode, actionCode: undefined, data: hex(data), code: 'kept', sent: [], reserves: [] };
  }
  const { accountState } = contract;
  if (accountState?.type !== 'active') throw new Error(`${name} is ${accountState?.type} after a message`);
  const { data: dataAfter, code: codeAfter } = accountState.state;
  return {
    ...phasesOf(tx),
    data: hex(dataAfter!),
    code: codeAfter!.equals(code) ? 'kept' : hex(codeAfter!),
    sent: sentIn(tx),
    reserves: reservesIn(tx),
  };
}

function phasesOf(tx: SmartContractTransaction): Pick<Outcome, 'exitCode' | 'actionCode'> {
  if (tx.description.type !== 'generic') throw new Error(`a ${tx.description.type} transaction`);
  const { computePhase, actionPhase } = tx.description;
  if (computePhase.type === 'skipped') return { exitCode: undefined, actionCode: undefined };
  return { exitCode: computePhase.exitCode, actionCode: actionPhase?.resultCode };
}

function sentIn(tx: SmartContractTransaction): Outcome['sent'] {
  if (tx.description.type !== 'generic' || tx.description.aborted) return [];
  return (tx.outActions ?? []).flatMap((action) => {
    if (action.type !== 'sendMsg') return [];
    const { info, body } = action.outMsg;
    if (info.type !== 'internal') throw new Error('an external message out');
    const value = action.mode & 128 ? 'the rest' : info.value.coins.toString();
    return [{ to: info.dest.toString(), bounce: info.bounce, mode: action.mode, body: hex(body), value }];
  });
}

/** A reserve with nothing sent after it has no effect, so it is not looked at. */
function reservesIn(tx: SmartContractTransaction): string[] {
  const actions = tx.outActions ?? [];
  if (!actions.some((action) => action.type === 'sendMsg')) return [];
  return actions.flatMap((action) =>
    action.type === 'reserve' ? [`${action.currency.coins} mode ${action.mode}`] : [],
  );
}

function hex(cell: Cell): string {
  return cell.hash().toString('hex');
}
