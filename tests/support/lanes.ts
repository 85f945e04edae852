import type { Address, Cell, Message } from '@ton/core';
import type { SmartContractTransaction } from '@ton/sandbox';
import type { ContractName } from '../../sdk/generated/code';
import { mainnetAccount } from './mainnet';
import { type ProxyTail, packKnownFields, parseProxy } from './proxy-data';
import { opOf } from './trace';
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
  /** Hash of the data; of a proxy's, of the fields that both codes know. */
  data: string;
  /** What stands after them, readable; empty at birth, and for other contracts. */
  tail: string;
  code: string;
  /** What the contract sent, or was about to send when the action phase failed. */
  sent: SentInLane[];
  reserves: string[];
}

export interface SentInLane {
  to: string;
  op: string;
  bounce: boolean;
  mode: number;
  /** 3: should it bounce, its whole body comes back */
  flags: string;
  body: string;
  value: string;
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
    return refusal(name, data, error.exitCode);
  }
  const { accountState } = contract;
  if (accountState?.type !== 'active') throw new Error(`${name} is ${accountState?.type} after a message`);
  const { data: dataAfter, code: codeAfter } = accountState.state;
  return {
    ...phasesOf(tx),
    ...dataOf(name, dataAfter!),
    code: codeAfter!.equals(code) ? 'kept' : hex(codeAfter!),
    sent: sentIn(tx),
    reserves: reservesIn(tx),
  };
}

/** Nothing happened but an exit code. */
export function refusal(name: ContractName, data: Cell, exitCode: number): Outcome {
  return { exitCode, actionCode: undefined, ...dataOf(name, data), code: 'kept', sent: [], reserves: [] };
}

export function dataOf(name: ContractName, data: Cell): Pick<Outcome, 'data' | 'tail'> {
  if (name !== 'proxy') return { data: hex(data), tail: '' };
  const parsed = parseProxy(data);
  return { data: hex(packKnownFields(parsed)), tail: describeTail(parsed) };
}

export function describeTail({ earned, clients }: ProxyTail): string {
  if (earned === 0n && clients === null) return '';
  const records = [...(clients ?? [])].map(
    ([account, { escrow, ahead, owner }]) => `${account}: ${escrow}, ahead ${ahead}, ${owner}`,
  );
  return [`earned ${earned}`, ...records].join('; ');
}

function phasesOf(tx: SmartContractTransaction): Pick<Outcome, 'exitCode' | 'actionCode'> {
  if (tx.description.type !== 'generic') throw new Error(`a ${tx.description.type} transaction`);
  const { computePhase, actionPhase } = tx.description;
  if (computePhase.type === 'skipped') return { exitCode: undefined, actionCode: undefined };
  return { exitCode: computePhase.exitCode, actionCode: actionPhase?.resultCode };
}

function sentIn(tx: SmartContractTransaction): SentInLane[] {
  return (tx.outActions ?? []).flatMap((action) => {
    if (action.type !== 'sendMsg') return [];
    const { info, body } = action.outMsg;
    if (info.type !== 'internal') throw new Error('an external message out');
    const value = action.mode & 128 ? 'the rest' : info.value.coins.toString();
    return [
      sentMessage({
        to: info.dest,
        bounce: info.bounce,
        mode: withoutBounce(action.mode),
        flags: info.ihrFee,
        body,
        value,
      }),
    ];
  });
}

export function sentMessage(message: {
  to: Address | null;
  bounce: boolean;
  mode: number;
  flags?: bigint;
  body: Cell;
  value: string;
}): SentInLane {
  const { to, body, flags = 0n, ...rest } = message;
  return { to: String(to), op: opOf(body), flags: flags.toString(), body: hex(body), ...rest };
}

/** A reserve with nothing sent after it has no effect, so it is not looked at. */
function reservesIn(tx: SmartContractTransaction): string[] {
  const actions = tx.outActions ?? [];
  if (!actions.some((action) => action.type === 'sendMsg')) return [];
  return actions.flatMap((action) =>
    action.type === 'reserve' ? [`${action.currency.coins} mode ${withoutBounce(action.mode)}`] : [],
  );
}

export function hex(cell: Cell): string {
  return cell.hash().toString('hex');
}

/**
 * Bit 16 says that a failing action makes the message bounce: nothing shows of it until an action fails. The tests of the
 * guarantees make actions fail.
 */
function withoutBounce(mode: number): number {
  return mode & ~16;
}
