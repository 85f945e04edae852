import {
  CocoonVault,
  type DaoAction,
  OperationState,
  packVaultData,
  parseActions,
  parseRootData,
  parseVaultData,
} from '@cocoon/sdk';
import { Address, Cell, type Transaction } from '@ton/core';
import { outcomeOf } from '../../chain/outcome';
import type { Fork, ForkedAccount } from '../../localnet/fork';
import { CliError } from '../errors';
import { readState, targetName } from './chain-state';
import { type DaoContext, openVault } from './context';
import { operation as operationOf, outcomeText } from './follow';
import { type ProposalView, readProposal } from './proposals';
import { type RootChange, rootChanges } from './root-changes';

/** A proposal's actions, carried out by the Vault's own code on a fork of the chain. */

export interface ActionOutcome {
  index: number;
  to: string;
  target: string;
  op: string;
  /** the target's own; null: no contract ran */
  exitCode: number | null;
  ok: boolean;
  outcome: string;
  gas: number;
}

export interface BalanceChange {
  name: string;
  address: string;
  /** nanoTON */
  before: bigint;
  after: bigint;
}

export interface Rehearsal {
  /** the chain's clock when it is executed, unix seconds */
  at: number;
  /** what is queued and can be executed earlier, in its order */
  before: { id: number; ok: boolean; outcome: string }[];
  vault: { ok: boolean; exitCode: number | null; outcome: string; gas: number };
  actions: ActionOutcome[];
  root: RootChange[];
  balances: BalanceChange[];
  /** contracts of the network whose code changes */
  codes: string[];
  /** gas of everything that the execution sets off */
  gas: number;
}

/** Stands for whoever executes; takes the change. */
const ANYBODY = new Address(0, Buffer.alloc(32, 0xee));

/** When the operation could be executed: as queued, or after the time that is left to it. */
export async function executableAt(context: DaoContext, proposal: ProposalView): Promise<number> {
  const { limits, pausedUntil } = await openVault(context).getData();
  const delay = proposal.critical ? limits.delayCritical : limits.delayNormal;
  const waiting = ['queued', 'ready'].includes(proposal.state);
  const at = waiting ? Math.max(context.now, proposal.eta) : Math.max(context.now, proposal.endAt) + delay;
  return Math.max(at, pausedUntil);
}

/** Queued operations that can be executed before this one, by the order in which they can. */
export async function queuedBefore(context: DaoContext, id: number, at: number): Promise<number[]> {
  const operations = await openVault(context).getOperations();
  return [...operations]
    .filter(([other, { state, eta, expires }]) => {
      return other !== id && state === OperationState.waiting && eta <= at && expires > context.now;
    })
    .sort(([, a], [, b]) => a.eta - b.eta)
    .map(([other]) => other);
}

/**
 * @param opts.first proposals that are carried out before it
 * @param opts.at unix seconds
 */
export async function rehearse(
  context: DaoContext,
  proposal: ProposalView,
  opts: { at: number; first: readonly number[] },
): Promise<Rehearsal> {
  const { chain, info } = context;
  const { Fork } = loadFork();
  const source = {
    account: (address: Address) => chain.account(address),
    config: () => context.config(),
    time: async () => context.now,
  };
  const fork = await Fork.create(source, opts.at);
  const before: Rehearsal['before'] = [];
  for (const id of opts.first) {
    const earlier = await readProposal(context, id);
    // Its own time may end before this one's begins.
    await schedule(fork, info.vault, earlier, opts.at);
    const [first] = await execute(fork, info.vault, { id, actions: parseActions(earlier.payload.actions!) });
    const outcome = outcomeOf(first!);
    before.push({ id, ok: outcome.result === 'success', outcome: outcomeText(outcome) });
  }
  const actions = parseActions(proposal.payload.actions!);
  await schedule(fork, info.vault, proposal, opts.at);

  const now = await readState(context);
  const involved = new Map<string, Address>();
  for (const address of [info.vault, info.params.root, context.dao, ...actions.map(({ to }) => to)]) {
    involved.set(address.toRawString(), address);
  }
  const was = await states(fork, involved);
  const transactions = await execute(fork, info.vault, { id: proposal.id, actions });
  const is = await states(fork, involved);

  const root = info.params.root.toRawString();
  const outcome = outcomeOf(transactions[0]!);
  const nameOf = (address: Address) => targetName(now, address);
  return {
    at: opts.at,
    before,
    vault: {
      ok: outcome.result === 'success',
      exitCode: exitCodeOf(transactions[0]!),
      outcome: outcomeText(outcome),
      gas: gasOf(transactions[0]!),
    },
    actions: actionOutcomes(actions, transactions, nameOf),
    root: rootChanges(rootOf(was.get(root)), rootOf(is.get(root))),
    balances: [...involved].map(([key, address]) => ({
      name: nameOf(address),
      address: address.toString(),
      before: was.get(key)!.balance,
      after: is.get(key)!.balance,
    })),
    codes: [...involved].flatMap(([key, address]) => {
      const [old, fresh] = [was, is].map((each) => each.get(key)!.code?.hash().toString('hex') ?? 'none');
      return old === fresh ? [] : [`${nameOf(address)} ${address}: ${old} -> ${fresh}`];
    }),
    gas: transactions.reduce((sum, transaction) => sum + gasOf(transaction), 0),
  };
}

/** Loaded when it is asked for: nothing else of this command needs the emulator. */
function loadFork(): typeof import('../../localnet/fork') {
  try {
    return require('../../localnet/fork') as typeof import('../../localnet/fork');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new CliError('The emulator is not installed here.', 'Run: npm install @ton/sandbox', { cause: error });
  }
}

/** Makes the Vault ready for it, as far as it is not: the record that a passed vote puts there, no timelock left, no pause. */
async function schedule(fork: Fork, vault: Address, proposal: ProposalView, at: number): Promise<void> {
  const { data } = await fork.account(vault);
  const state = parseVaultData(data!);
  const known = state.operations.get(proposal.id);
  const { id, critical, address } = proposal;
  const record = known ?? {
    actionsHash: proposal.payload.actions!.hash(),
    critical,
    unvetoable: false,
    proposal: address,
  };
  const ready = { ...record, state: OperationState.waiting, eta: Math.min(known?.eta ?? at, at), expires: at + 1 };
  const operations = new Map([...state.operations, [id, ready]]);
  const pausedUntil = Math.min(state.pausedUntil, at);
  await fork.putData(vault, packVaultData({ ...state, pausedUntil, operations }));
}

async function execute(fork: Fork, vault: Address, what: { id: number; actions: readonly DaoAction[] }) {
  return fork.send(ANYBODY, CocoonVault.buildExecute(vault, what));
}

async function states(fork: Fork, involved: ReadonlyMap<string, Address>): Promise<Map<string, ForkedAccount>> {
  const found = new Map<string, ForkedAccount>();
  for (const [key, address] of involved) found.set(key, await fork.account(address));
  return found;
}

function rootOf(account: ForkedAccount | undefined) {
  return account?.data === undefined ? undefined : parseRootData(account.data);
}

/** The transactions that the Vault's messages led to, each by its action. */
function actionOutcomes(
  actions: readonly DaoAction[],
  transactions: readonly Transaction[],
  nameOf: (address: Address) => string,
): ActionOutcome[] {
  const sent = [...transactions[0]!.outMessages.values()];
  return actions.map(({ to, body }, index) => {
    const hash = (body ?? Cell.EMPTY).hash();
    const place = sent.findIndex(
      ({ info, body: carried }) => info.dest?.toString() === to.toString() && carried.hash().equals(hash),
    );
    const told = { index, to: to.toString(), target: nameOf(to) };
    const [message] = place < 0 ? [] : sent.splice(place, 1);
    const arrived = transactions.find(({ inMessage }) => sameMessage(inMessage, message));
    if (message === undefined || arrived === undefined) {
      return { ...told, op: 'none', exitCode: null, ok: false, outcome: 'it was not sent', gas: 0 };
    }
    const outcome = outcomeOf(arrived);
    const ok = outcome.result === 'success' || outcome.result === 'credited';
    const [op, exitCode] = [operationOf(message), exitCodeOf(arrived)];
    return { ...told, op, exitCode, ok, outcome: outcomeText(outcome), gas: gasOf(arrived) };
  });
}

function sameMessage(one: Transaction['inMessage'], other: Transaction['inMessage']): boolean {
  if (one?.info.type !== 'internal' || other?.info.type !== 'internal') return false;
  return one.info.createdLt === other.info.createdLt && one.info.src.equals(other.info.src);
}

function gasOf({ description }: Transaction): number {
  if (description.type !== 'generic' || description.computePhase.type !== 'vm') return 0;
  return Number(description.computePhase.gasUsed);
}

function exitCodeOf({ description }: Transaction): number | null {
  if (description.type !== 'generic' || description.computePhase.type !== 'vm') return null;
  const { computePhase, actionPhase } = description;
  return computePhase.success && actionPhase && !actionPhase.success ? actionPhase.resultCode : computePhase.exitCode;
}
