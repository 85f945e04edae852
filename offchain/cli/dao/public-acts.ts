import { CocoonDao, CocoonProposal, CocoonVault, executeCost, operationCost, vetoCost } from '@cocoon/sdk';
import type { Address, Cell } from '@ton/core';
import { parseTon } from './amounts';
import { type Act, type Acting, requireOk } from './carry-out';
import { readState, targetName } from './chain-state';
import { openVault, refused, usage } from './context';
import { type ProposalView, readProposal } from './proposals';
import { actionsOf } from './reads';
import { stakeOf } from './status';
import { span, ton, when } from './text';

/** What anybody may do for a proposal, what its proposer may, and what the guardian may. */

function names({ dao, info }: Acting, more: readonly (readonly [Address, string])[] = []): Map<string, string> {
  const all = [[dao, 'dao'], [info.vault, 'vault'], [info.params.root, 'root'], ...more] as const;
  return new Map(all.map(([address, name]) => [address.toRawString(), name]));
}

async function stateNow(context: Acting, id: number): Promise<string> {
  const { state, eta, expires } = await readProposal({ ...context, now: await context.chain.time() }, id);
  const times =
    state === 'queued' || state === 'ready' ? `: from ${when(eta, context.now)} to ${when(expires, context.now)}` : '';
  return `Proposal ${id} is ${state}${times}.`;
}

export async function finalizeAct(context: Acting, id: number): Promise<Act> {
  const proposal = await readProposal(context, id);
  const open = proposal.status === 1 || proposal.status === 5;
  if (!open) throw refused(`Proposal ${id} is ${proposal.state}.`, 'There is nothing to finalize.');
  if (context.now < proposal.endAt) {
    throw refused(`Voting on ${id} is not over.`, `It ends ${when(proposal.endAt, context.now)}.`);
  }
  return {
    title: `finalize ${id}: ${proposal.passing ? 'it passed' : 'it is defeated'}`,
    message: CocoonProposal.buildFinalize(proposal.address),
    cost: operationCost(proposal.passing ? 'finalize, passed' : 'finalize, defeated'),
    tree: proposal.passing
      ? [
          'you -> Proposal: proposalFinalize',
          'Proposal -> Dao: proposalPassed',
          'Dao -> Vault: vaultSchedule',
          'Vault -> Proposal: opScheduled',
        ]
      : ['you -> Proposal: proposalFinalize', 'Proposal -> Dao: proposalClosed'],
    names: names(context, [[proposal.address, 'proposal']]),
    conclude: async (hops) => {
      requireOk(hops);
      return [await stateNow(context, id)];
    },
  };
}

export async function cancelAct(context: Acting, id: number): Promise<Act> {
  const proposal = await readProposal(context, id);
  if (proposal.state !== 'pending')
    throw refused(`Proposal ${id} is ${proposal.state}.`, 'Only a pending one can be cancelled.');
  const proposer = proposal.parties?.proposer;
  return {
    title: `cancel ${id}; its bond returns`,
    message: CocoonProposal.buildCancel(proposal.address),
    cost: operationCost('cancel'),
    tree: ['you -> Proposal: proposalCancel', 'Proposal -> you: the bond', 'Proposal -> Dao: proposalClosed'],
    names: names(context, [[proposal.address, 'proposal']]),
    ...(proposer === undefined ? {} : { only: proposer }),
    conclude: async (hops) => {
      requireOk(hops);
      return [await stateNow(context, id)];
    },
  };
}

export async function executeAct(context: Acting, id: number): Promise<Act> {
  const proposal = await readProposal(context, id);
  const actions = actionsOf(proposal);
  if (actions.length === 0) throw refused(`Proposal ${id} has no actions.`, 'There is nothing to execute.');
  await requireReady(context, proposal);
  const now = await readState(context);
  const targets = actions.map(({ to }) => [to, targetName(now, to)] as const);
  return {
    title: `execute ${id}: ${actions.length} actions`,
    message: CocoonVault.buildExecute(context.info.vault, { id, actions }),
    cost: executeCost(actions),
    treasuryPays: targets.map(([, name]) => name).filter((name) => name !== 'vault'),
    tree: ['you -> Vault: vaultExecute', ...targets.map(([to, name]) => `Vault -> ${name} ${to}`)],
    names: names(context, [
      [proposal.address, 'proposal'],
      ...targets.filter(([, name]) => /^(root|vault|dao|registrar)$/.test(name)),
    ]),
    conclude: async (hops) => {
      requireOk(hops);
      return [await stateNow(context, id)];
    },
  };
}

async function requireReady(context: Acting, { id, state, eta }: ProposalView): Promise<void> {
  if (state === 'queued')
    throw refused(`Proposal ${id} waits for its timelock.`, `It can be executed ${when(eta, context.now)}.`);
  if (state !== 'ready') throw refused(`Proposal ${id} is ${state}.`, 'Only a ready one can be executed.');
  const { pausedUntil } = await openVault(context).getData();
  if (pausedUntil > context.now) {
    throw refused('The guardian has paused the Vault.', `It goes on ${when(pausedUntil, context.now)}.`);
  }
}

export function activateAct(context: Acting): Act {
  const { info, now } = context;
  if (info.active) throw refused('The DAO is active already.', 'Go on and propose.');
  if (info.enoughSince === 0)
    throw refused('The DAO has too little stake or too few members.', 'See `cocoon dao status`.');
  const at = info.enoughSince + 7 * 86_400;
  if (now < at) throw refused('The stake has not been enough for 7 days.', `It can be activated ${when(at, now)}.`);
  return {
    title: 'activate the DAO',
    message: CocoonDao.buildActivate(context.dao),
    cost: operationCost('activate'),
    tree: ['you -> Dao: daoActivate', 'Dao -> you: change'],
    names: names(context),
    conclude: (hops) => {
      requireOk(hops);
      return ['The DAO is active.'];
    },
  };
}

/** Coins for rent: of the Dao, of a Proposal by its number, or of one's own Stake. */
export async function topUpAct(context: Acting, target: string, text: string): Promise<Act> {
  const value = parseTon(text, 'amount');
  const to = await topUpTarget(context, target);
  return {
    title: `give ${target} ${ton(value)} for its rent`,
    message: CocoonDao.buildTopUp(to, { value }),
    moves: value,
    cost: operationCost(/^(dao|vault|stake)$/.test(target) ? `top up, ${target as 'dao'}` : 'top up, proposal'),
    tree: [`you -> ${target}: topUp; the coins stay there`],
    names: names(context, [[to, target]]),
    conclude: (hops) => {
      requireOk(hops);
      return ['Done.'];
    },
  };
}

async function topUpTarget(context: Acting, target: string): Promise<Address> {
  if (target === 'dao') return context.dao;
  if (target === 'vault') return context.info.vault;
  if (target === 'stake') return stakeOf(context, context.me).address;
  if (/^\d+$/.test(target)) return (await readProposal(context, Number(target))).address;
  throw usage(`"${target}" cannot be topped up.`, 'Give dao, vault, stake or the number of a proposal.');
}

/** contracts/dao/vault-limits.tact */
const PAUSE_INTERVAL = 60 * 86_400;

async function guardianOf(context: Acting): Promise<Address> {
  const { guardian, guardianUntil } = await openVault(context).getData();
  if (guardian === null || guardianUntil <= context.now) {
    throw refused('This DAO has no guardian now.', 'Only a vote can appoint one.');
  }
  return guardian;
}

export async function vetoAct(context: Acting, id: number, reason: string): Promise<Act> {
  const guardian = await guardianOf(context);
  if (Buffer.byteLength(reason) > 512) throw usage('--reason is longer than 512 bytes.', 'Shorten it.');
  const operation = await openVault(context).getOperation(id);
  if (operation === null || operation.state !== 0)
    throw refused(`The Vault has no waiting operation ${id}.`, 'See `cocoon dao show`.');
  if (operation.unvetoable) {
    throw refused(`Operation ${id} passed a second time after a veto.`, 'It cannot be vetoed again.');
  }
  const proposal = await readProposal(context, id);
  return {
    title: `veto ${id}; a second pass of the same actions will stand`,
    message: CocoonVault.buildVeto(context.info.vault, { id, reason }),
    cost: vetoCost(reason),
    tree: ['you -> Vault: vaultVeto', 'Vault -> Proposal: opVetoed'],
    names: names(context, [[proposal.address, 'proposal']]),
    only: guardian,
    conclude: async (hops) => {
      requireOk(hops);
      return [await stateNow(context, id)];
    },
  };
}

export async function pauseAct(context: Acting, days: string): Promise<Act> {
  if (!/^[1-7]$/.test(days)) throw usage(`--days ${days}: not 1 to 7.`, 'A pause lasts at most 7 days.');
  const guardian = await guardianOf(context);
  const { lastPause } = await openVault(context).getData();
  const next = lastPause + PAUSE_INTERVAL;
  if (lastPause > 0 && context.now < next) {
    throw refused('The guardian may pause once in 60 days.', `The next pause is possible ${when(next, context.now)}.`);
  }
  const seconds = Number(days) * 86_400;
  return {
    title: `pause execution for ${span(seconds)}; the next pause is possible in 60 days`,
    message: CocoonVault.buildPause(context.info.vault, { seconds }),
    cost: operationCost('pause'),
    tree: ['you -> Vault: vaultPause', 'Vault -> you: change'],
    names: names(context),
    only: guardian,
    conclude: (hops) => {
      requireOk(hops);
      return [`Nothing is executed for ${span(seconds)}.`];
    },
  };
}

/** @param body BoC in base64 of one of the root's four removals */
export async function revokeAct(context: Acting, body: Cell): Promise<Act> {
  const guardian = await guardianOf(context);
  return {
    title: "take an entry off the root's lists at once",
    message: CocoonVault.buildRevoke(context.info.vault, { body }),
    cost: operationCost('revoke'),
    tree: ['you -> Vault: vaultRevoke', 'Vault -> root: the removal'],
    names: names(context),
    only: guardian,
    conclude: (hops) => {
      requireOk(hops);
      return ['Revoked.'];
    },
  };
}
