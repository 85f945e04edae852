import {
  CocoonDao,
  CocoonProposal,
  type ProposalInfo,
  type ProposalPayload,
  type ProposalState,
  parsePayload,
  stateOf,
} from '@cocoon/sdk';
import { Address } from '@ton/core';
import { type DaoContext, openVault, refused, usage } from './context';
import { opened } from './provider';

/** A proposal as it is on chain, with what people call its state. */
export interface ProposalView extends ProposalInfo {
  address: Address;
  payload: ProposalPayload;
  /** would the votes so far pass it? */
  passing: boolean;
  state: ProposalState;
}

export const PROPOSAL_STATES: readonly ProposalState[] = [
  'pending',
  'active',
  'passed',
  'defeated',
  'cancelled',
  'queued',
  'ready',
  'executed',
  'vetoed',
  'expired',
];

export function parseId(text: string): number {
  const id = Number(text);
  if (/^\d+$/.test(text) && id >= 1 && id < 2 ** 32) return id;
  throw usage(`"${text}" is not the number of a proposal.`, 'Numbers are 1, 2, 3, …; see `cocoon dao ls`.');
}

/** @throws CliError when there is no such proposal */
export async function readProposal(context: DaoContext, id: number): Promise<ProposalView> {
  const { chain, dao, info } = context;
  if (id >= info.nextId) {
    const last = info.nextId - 1;
    throw refused(`There is no proposal ${id}.`, last === 0 ? 'The DAO has none yet.' : `The newest one is ${last}.`);
  }
  // An open one may stem from an earlier version of the Dao's code: its place tells its address.
  const slot = info.open.get(id);
  const address = slot
    ? new Address(0, slot.account)
    : await opened(chain, CocoonDao.createFromAddress(dao)).getProposalAddress(id);
  const contract = opened(chain, CocoonProposal.createFromAddress(address));
  const account = await chain.account(address);
  if (account.status !== 'active') {
    throw refused(`Proposal ${id} (${address}) is not on chain any more.`, 'It was cleaned up after its time.');
  }
  const [data, passing, operation] = await Promise.all([
    contract.getData(),
    contract.getPassing(),
    openVault(context).getOperation(id),
  ]);
  if (data.payloadCell === null) throw refused(`Proposal ${id} was never opened.`, 'Look at `cocoon dao ls`.');
  const payload = parsePayload(data.payloadCell);
  return { ...data, address, payload, passing, state: stateOf(data, context.now, operation).state };
}

/** All that are still on chain, newest first. */
export async function readProposals(context: DaoContext): Promise<ProposalView[]> {
  const found: ProposalView[] = [];
  for (let id = context.info.nextId - 1; id >= 1; id -= 1) {
    try {
      found.push(await readProposal(context, id));
    } catch (error) {
      if ((error as { exitCode?: number }).exitCode !== 3) throw error;
    }
  }
  return found;
}
