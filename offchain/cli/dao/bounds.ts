import type { DaoParams, VaultLimits } from '@cocoon/sdk';

/** What the contracts themselves demand of parameters (contracts/dao/dao-params.tact, vault-limits.tact): verify says it anew. */

const HOUR = 3_600;
const DAY = 24 * HOUR;
const TON = 1_000_000_000n;

export interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

export function check(name: string, ok: boolean, detail: string): Check {
  return { name, ok, detail };
}

type Bound = readonly [field: string, value: number | bigint, least: number | bigint, most: number | bigint];

function within([field, value, least, most]: Bound): Check {
  return check(`${field} within bounds`, value >= least && value <= most, `${value}, allowed ${least} to ${most}`);
}

export function paramChecks(p: DaoParams): Check[] {
  const bounds: Bound[] = [
    ['warmup', p.warmup, 0, 14],
    ['votingDelay', p.votingDelay, 6 * HOUR, 7 * DAY],
    ['votingPeriod', p.votingPeriod, 3 * DAY, 14 * DAY],
    ['extension', p.extension, 6 * HOUR, 2 * DAY],
    ['criticalTimelock', p.criticalTimelock, 3 * DAY, 14 * DAY],
    ['grace', p.grace, 8 * DAY, 30 * DAY],
    ['thresholdBps', p.thresholdBps, 10, 500],
    ['quorumNormalBps', p.quorumNormalBps, 400, 4_000],
    ['quorumCriticalBps', p.quorumCriticalBps, 1_500, 5_000],
    ['approvalNormalBps', p.approvalNormalBps, 5_000, 6_667],
    ['approvalCriticalBps', p.approvalCriticalBps, 6_000, 8_000],
    ['bond', p.bond, 10n * TON, 1_000n * TON],
  ];
  const whole = p.votingDelay + p.votingPeriod + 2 * p.extension + p.criticalTimelock;
  return [
    ...bounds.map(within),
    check(
      'thresholdFloor within bounds',
      p.thresholdFloor >= 100n * TON,
      `${p.thresholdFloor} nanoTON, at least 100 TON`,
    ),
    check(
      'quorumFloor within bounds',
      p.quorumFloor >= p.thresholdFloor,
      `${p.quorumFloor} nanoTON, at least the threshold's`,
    ),
    check('everything ends before stake can leave', whole <= 21 * DAY, `${whole} s, at most ${21 * DAY}`),
  ];
}

export function limitChecks(limits: VaultLimits): Check[] {
  const { delayNormal, delayCritical, exitDelay, grace, spendCapBps } = limits;
  return [
    within(['vault delayNormal', delayNormal, DAY, delayCritical]),
    within(['vault delayCritical', delayCritical, Math.max(3 * DAY, exitDelay + DAY), 14 * DAY]),
    within(['vault grace', grace, 8 * DAY, 30 * DAY]),
    within(['vault spendCapBps', spendCapBps, 0, 2_000]),
  ];
}
