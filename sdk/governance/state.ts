import { OperationState, type ProposalInfo, ProposalStatus, type VaultOperation } from '../../wrappers';
import { passes } from './tally';

/** What people call the state of a proposal: a function of what is stored and of the time. */
export type ProposalState =
  /** nobody has made it */
  | 'none'
  | 'pending'
  | 'active'
  /** won; waits for somebody to finalize it, or for the Vault to take it */
  | 'passed'
  | 'defeated'
  | 'cancelled'
  /** in the Vault, under its timelock */
  | 'queued'
  /** may be executed */
  | 'ready'
  | 'executed'
  | 'vetoed'
  /** nobody finalized or executed it in time */
  | 'expired';

/** What a proposal stores and a state depends on. */
export type StoredProposal = Pick<
  ProposalInfo,
  'status' | 'startAt' | 'endAt' | 'finalizeBy' | 'eta' | 'expires' | 'yes' | 'no' | 'abstain'
> &
  Pick<ProposalInfo, 'quorum' | 'approvalBps' | 'critical'>;

/** Periods of a proposal in its order; each lasts until its last second, the end excluded. */
interface Period {
  state: ProposalState;
  /** unix seconds; undefined: for ever */
  until?: (proposal: StoredProposal) => number;
}

const FOR_EVER = {
  none: [{ state: 'none' }],
  defeated: [{ state: 'defeated' }],
  cancelled: [{ state: 'cancelled' }],
  executed: [{ state: 'executed' }],
  vetoed: [{ state: 'vetoed' }],
} as const satisfies Record<string, Period[]>;

const WON: Period[] = [{ state: 'passed', until: ({ finalizeBy }) => finalizeBy }, { state: 'expired' }];
const VOTING: Period[] = [
  { state: 'pending', until: ({ startAt }) => startAt },
  { state: 'active', until: ({ endAt }) => endAt },
];

/**
 * The one table: stored status -> periods.
 *
 *     none
 *     live: pending -> active -> defeated | passed -> expired
 *     scheduling, passed: passed -> expired
 *     queued: queued -> ready -> expired
 *     defeated, cancelled, executed, vetoed: final
 */
const PERIODS: Record<keyof typeof ProposalStatus, (proposal: StoredProposal) => Period[]> = {
  none: () => FOR_EVER.none,
  live: (proposal) => [...VOTING, ...(passes(proposal, proposal) ? WON : FOR_EVER.defeated)],
  defeated: () => FOR_EVER.defeated,
  cancelled: () => FOR_EVER.cancelled,
  scheduling: () => WON,
  passed: () => WON,
  queued: () => [
    { state: 'queued', until: ({ eta }) => eta },
    { state: 'ready', until: ({ expires }) => expires },
    { state: 'expired' },
  ],
  executed: () => FOR_EVER.executed,
  vetoed: () => FOR_EVER.vetoed,
};

const STATUS_NAMES = Object.keys(ProposalStatus) as (keyof typeof ProposalStatus)[];

export interface StateNow {
  state: ProposalState;
  /** when it becomes another one by itself, unix seconds; null: never */
  until: number | null;
}

/**
 * @param operation the Vault's record, where it has one: it knows of executions and vetoes before the proposal hears of them
 */
export function stateOf(proposal: StoredProposal, now: number, operation: VaultOperation | null = null): StateNow {
  const name = STATUS_NAMES.find((key) => ProposalStatus[key] === proposal.status) ?? 'none';
  const { status, seen } = withOperation(name, proposal, operation);
  for (const { state, until } of PERIODS[status](seen)) {
    if (until === undefined) return { state, until: null };
    const end = until(seen);
    if (now < end) return { state, until: end };
  }
  throw new Error(`a proposal of status ${status} has no last period`);
}

function withOperation(name: keyof typeof ProposalStatus, proposal: StoredProposal, operation: VaultOperation | null) {
  const waiting = name === 'scheduling' || name === 'passed' || name === 'queued';
  if (operation === null || !waiting) return { status: name, seen: proposal };
  const { done, vetoed } = OperationState;
  const status = operation.state === done ? 'executed' : operation.state === vetoed ? 'vetoed' : 'queued';
  return { status, seen: { ...proposal, eta: operation.eta, expires: operation.expires } } as const;
}

/** Whether a state can still change. */
export function isFinal(state: ProposalState): boolean {
  return ['defeated', 'cancelled', 'executed', 'vetoed', 'expired'].includes(state);
}
