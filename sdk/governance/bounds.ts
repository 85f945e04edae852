import type { DaoParams, VaultLimits } from '../../wrappers';
import { LONGEST_WARMUP, UNBONDING_AFTER_USE } from './epoch';

/**
 * What the contracts demand of parameters and limits (contracts/dao/dao-params.tact, vault-limits.tact), to say it before a vote and
 * to check it after one. The contracts' tests hold this table to the code.
 */

const HOUR = 3_600;
const DAY = 24 * HOUR;
const TON = 1_000_000_000n;

export type Bound<Field> = readonly [field: Field, least: number | bigint, most: number | bigint | null];

/** Each by itself; null: no highest value. */
export const DAO_PARAM_BOUNDS: readonly Bound<keyof DaoParams>[] = [
  ['warmup', 0, LONGEST_WARMUP],
  ['votingDelay', 6 * HOUR, 7 * DAY],
  ['votingPeriod', 3 * DAY, 14 * DAY],
  ['extension', 6 * HOUR, 2 * DAY],
  ['criticalTimelock', 3 * DAY, 14 * DAY],
  ['grace', 8 * DAY, 30 * DAY],
  ['thresholdBps', 10, 500],
  ['thresholdFloor', 100n * TON, null],
  ['quorumNormalBps', 400, 4_000],
  ['quorumCriticalBps', 1_500, 5_000],
  ['approvalNormalBps', 5_000, 6_667],
  ['approvalCriticalBps', 6_000, 8_000],
  ['bond', 10n * TON, 1_000n * TON],
];

export const VAULT_LIMIT_BOUNDS: readonly Bound<keyof VaultLimits>[] = [
  ['delayNormal', DAY, 14 * DAY],
  ['delayCritical', 3 * DAY, 14 * DAY],
  ['grace', 8 * DAY, 30 * DAY],
  ['spendCapBps', 0, 2_000],
];

/** One demand, and whether it is met. Times in seconds, amounts in nanoTON, shares in basis points. */
export interface BoundCheck<Field> {
  field: Field;
  ok: boolean;
  value: number | bigint;
  /** what is allowed, in words */
  allowed: string;
}

function within<Field extends string>(
  values: Readonly<Record<Field, unknown>>,
  [field, least, most]: Bound<Field>,
): BoundCheck<Field> {
  const value = values[field] as number | bigint;
  const ok = value >= least && (most === null || value <= most);
  return { field, ok, value, allowed: most === null ? `at least ${least}` : `${least} to ${most}` };
}

export function daoParamChecks(params: DaoParams): BoundCheck<keyof DaoParams>[] {
  const { thresholdFloor, votingDelay, votingPeriod, extension, criticalTimelock } = params;
  const whole = votingDelay + votingPeriod + 2 * extension + criticalTimelock;
  const everything = `with voting period, two extensions and critical timelock at most ${UNBONDING_AFTER_USE} together, they are ${whole}`;
  return [
    ...DAO_PARAM_BOUNDS.map((bound) => within(params, bound)),
    within(params, ['quorumFloor', thresholdFloor, null]),
    { field: 'votingDelay', ok: whole <= UNBONDING_AFTER_USE, value: votingDelay, allowed: everything },
  ];
}

export function vaultLimitChecks(limits: VaultLimits): BoundCheck<keyof VaultLimits>[] {
  const { delayNormal, delayCritical, exitDelay } = limits;
  return [
    ...VAULT_LIMIT_BOUNDS.map((bound) => within(limits, bound)),
    {
      field: 'delayNormal',
      ok: delayNormal <= delayCritical,
      value: delayNormal,
      allowed: `at most the critical delay of ${delayCritical}`,
    },
    {
      field: 'delayCritical',
      ok: delayCritical >= exitDelay + DAY,
      value: delayCritical,
      allowed: `at least ${exitDelay + DAY}, a day more than the exit delay`,
    },
  ];
}
