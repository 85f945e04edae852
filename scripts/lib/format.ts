import type { CocoonParams } from '@cocoon/sdk';
import { fromNano } from '@ton/core';

/** Lines "name   value" with the values in one column. */
export function listing(rows: readonly (readonly [name: string, value: string | number | bigint | boolean])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}

export function tonAmount(nano: bigint): string {
  return `${fromNano(nano)} TON`;
}

export function paramsRows(params: CocoonParams): [string, string][] {
  const times = (multiplier: number) => `x${multiplier / 10_000}`;
  const hash = (code: CocoonParams['proxyCode']) => code?.hash().toString('hex') ?? 'none';
  return [
    ['struct version', String(params.structVersion)],
    ['params version', String(params.paramsVersion)],
    ['unique id', String(params.uniqueId)],
    ['test network', String(params.isTest)],
    ['price per token', `${params.pricePerToken} nanoTON`],
    ['worker fee per token', `${params.workerFeePerToken} nanoTON`],
    ['prompt multiplier', times(params.promptMultiplier)],
    ['cached multiplier', times(params.cachedMultiplier)],
    ['completion multiplier', times(params.completionMultiplier)],
    ['reasoning multiplier', times(params.reasoningMultiplier)],
    ['proxy close delay', `${params.proxyDelayBeforeClose} s`],
    ['client close delay', `${params.clientDelayBeforeClose} s`],
    ['min proxy stake', tonAmount(params.minProxyStake)],
    ['min client stake', tonAmount(params.minClientStake)],
    ['proxy code', hash(params.proxyCode)],
    ['worker code', hash(params.workerCode)],
    ['client code', hash(params.clientCode)],
  ];
}
