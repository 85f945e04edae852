import type { CocoonParams, CocoonState } from '@cocoon/sdk';
import { stateName } from '../contracts';
import { when } from '../format';
import { ScriptError } from '../script-error';

/** What a contract would refuse, or accept to everybody's harm: said before anything is sent, with the way out. */

type Terms = Pick<
  CocoonParams,
  'pricePerToken' | 'workerFeePerToken' | 'proxyDelayBeforeClose' | 'clientDelayBeforeClose'
>;

export function requireSoundTerms(terms: Terms): void {
  if (terms.workerFeePerToken > terms.pricePerToken) {
    throw new ScriptError(
      `workerFee=${terms.workerFeePerToken} exceeds price=${terms.pricePerToken}.`,
      'Every payout would fail: the proxy cannot pay more than clients are charged.',
    );
  }
  if (terms.proxyDelayBeforeClose <= terms.clientDelayBeforeClose) {
    throw new ScriptError(
      `proxyDelay=${terms.proxyDelayBeforeClose} is not above clientDelay=${terms.clientDelayBeforeClose}.`,
      'A client could not take back its escrow before its proxy has closed.',
    );
  }
}

export function requireState(
  what: string,
  state: CocoonState,
  allowed: readonly CocoonState[],
  nextStep: string,
): void {
  if (!allowed.includes(state)) throw new ScriptError(`The ${what} is ${stateName(state)}.`, nextStep);
}

/** @param now the chain's clock; the contract compares with the clock of the block that executes the message */
export function requireUnlocked(what: string, unlockTs: number, now: number): void {
  if (now > unlockTs) return;
  throw new ScriptError(
    `The ${what} is locked until ${when(unlockTs)} (${unlockTs - now} s from now).`,
    'Run the script again after that.',
  );
}
