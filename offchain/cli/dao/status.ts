import { CocoonStake, contractCode, type StakeInfo } from '@cocoon/sdk';
import { type Address, Cell } from '@ton/core';
import { type DaoContext, openVault } from './context';
import { opened } from './provider';
import { bps, epochDay, type Row, rows, span, toJson, ton, when } from './text';

const STAKE_CODE = Cell.fromBase64(contractCode.stake.boc);

export function stakeOf({ chain, dao }: DaoContext, owner: Address) {
  return opened(chain, CocoonStake.createFromConfig({ dao, owner }, STAKE_CODE));
}

/** @returns null where the member never staked */
export async function readStake(context: DaoContext, owner: Address): Promise<StakeInfo | null> {
  const stake = stakeOf(context, owner);
  const { status } = await context.chain.account(stake.address);
  return status === 'active' ? stake.getData() : null;
}

export async function showStatus(context: DaoContext, member: Address | undefined): Promise<void> {
  const { info, now, dao, json, print } = context;
  const vault = await openVault(context).getData();
  const spending = await openVault(context).getSpending();
  const treasury = (await context.chain.account(info.vault)).balance;
  const stake = member && (await readStake(context, member));
  if (json) {
    const { params, open, paramsHash, ...counts } = info;
    print(
      toJson({
        dao: dao.toString(),
        time: now,
        ...counts,
        vault: info.vault.toString(),
        paramsHash: paramsHash.toString('hex'),
        params: { ...params, root: params.root.toString() },
        open: [...open.keys()],
        treasury,
        spending,
        guardian: vault.guardian?.toString() ?? null,
        guardianUntil: vault.guardianUntil,
        pausedUntil: vault.pausedUntil,
        limits: vault.limits,
        ...(member ? { member: member.toString(), stake: stake ? stakeJson(stake) : null } : {}),
      }),
    );
    return;
  }
  const { params } = info;
  print(
    rows([
      ['dao', dao.toString()],
      ['vault', info.vault.toString()],
      ['root', params.root.toString()],
      ['state', info.active ? 'active' : inactive(context)],
      ['stake', `${ton(info.total)} of ${info.members} members`],
      ['treasury', ton(treasury)],
      ['normal spending', `${ton(spending.left)} left of this week's ${ton(spending.left + spending.spent)}`],
      ['open proposals', info.open.size === 0 ? 'none' : [...info.open.keys()].join(', ')],
      ['paused', vault.pausedUntil > now ? `until ${when(vault.pausedUntil, now)}` : 'no'],
      ['guardian', guardianText(vault.guardian, vault.guardianUntil, now)],
    ]),
  );
  print(
    `Rules\n${rows([
      ['voting', `starts after ${span(params.votingDelay)}, lasts ${span(params.votingPeriod)}`],
      ['extension', `${span(params.extension)} after a late turn of the result, at most twice`],
      ['timelock', `${span(vault.limits.delayNormal)} normal, ${span(vault.limits.delayCritical)} critical`],
      [
        'to propose',
        `${bps(params.thresholdBps)} of all stake, at least ${ton(params.thresholdFloor)}; bond ${ton(params.bond)}`,
      ],
      [
        'quorum',
        `${bps(params.quorumNormalBps)} normal, ${bps(params.quorumCriticalBps)} critical, at least ${ton(params.quorumFloor)}`,
      ],
      [
        'approval',
        `more than ${bps(params.approvalNormalBps)} normal, at least ${bps(params.approvalCriticalBps)} critical`,
      ],
      ['new stake votes', `${params.warmup + 1} UTC days after it was staked`],
    ])}`,
  );
  if (member) print(`Your stake\n${stake ? rows(stakeRows(stake, now)) : '  none; `cocoon dao stake AMOUNT` begins'}`);
}

function inactive({ info, now }: DaoContext): string {
  const { activationStake, activationMembers } = info.params;
  if (info.enoughSince === 0) return `not active: needs ${ton(activationStake)} of ${activationMembers} members`;
  return `not active: enough stake since ${when(info.enoughSince, now)}, can be activated 7 days after`;
}

export function guardianText(guardian: Address | null, until: number, now: number): string {
  if (guardian === null) return 'none';
  return until > now ? `${guardian} until ${when(until, now)}` : `none (its term ended ${when(until, now)})`;
}

export function stakeRows(stake: StakeInfo, now: number): Row[] {
  const waiting = [...stake.labels].filter(([epoch]) => epoch > Math.floor(now / 86_400));
  return [
    ['own', ton(stake.own)],
    ...waiting.map(
      ([epoch, amount]): Row => ['  of it new', `${ton(amount)} votes in proposals made from ${epochDay(epoch)} on`],
    ),
    ['pending', ton(stake.pend)],
    ['delegated to you', ton(stake.inn)],
    ['delegated by you', stake.out > 0n ? `${ton(stake.out)} to ${stake.delegate}` : 'nothing'],
    ...(stake.busy === 0 ? [] : [['delegation', stake.busy === 1 ? 'under way' : 'ending'] as Row]),
    ...[...stake.releases].map(
      ([at, amount]): Row => ['unbonding', `${ton(amount)}, to withdraw from ${when(at, now)}`],
    ),
    ...(stake.refundable === 0n
      ? []
      : [['refundable', `${ton(stake.refundable)}: \`cocoon dao withdraw\`, or \`sync\` to stake it`] as Row]),
    ...(stake.unsynced === 0n ? [] : [['not reported', `${ton(stake.unsynced)}: \`cocoon dao sync\``] as Row]),
  ];
}

function stakeJson({ dao, owner, delegate, votes, ...rest }: StakeInfo) {
  return { ...rest, delegate: delegate?.toString() ?? null, liveReceipts: votes.size };
}
