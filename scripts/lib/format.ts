import type { CocoonParams } from '@cocoon/sdk';
import { fromNano } from '@ton/core';

export type Row = readonly [name: string, value: string | number | bigint | boolean];

/** Lines "name   value" with the values in one column. */
export function listing(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}

export function tonAmount(nano: bigint): string {
  return `${fromNano(nano)} TON`;
}

export function when(unixSeconds: number): string {
  return unixSeconds === 0 ? 'none' : new Date(unixSeconds * 1000).toISOString();
}

/**
 * What differs between two listings: `name  old → new`. A name may stand several times (registered proxies, hashes):
 * then what came and what went is told.
 */
export function changedRows(before: readonly Row[], after: readonly Row[]): Row[] {
  const names = [...new Set([...before, ...after].map(([name]) => name))];
  return names.flatMap((name) => {
    const values = (rows: readonly Row[]) => rows.filter(([key]) => key === name).map(([, value]) => String(value));
    const [old, fresh] = [values(before), values(after)];
    const gone = old.filter((value) => !fresh.includes(value));
    const come = fresh.filter((value) => !old.includes(value));
    if (gone.length === 1 && come.length === 1) return [[name, `${gone[0]} → ${come[0]}`] as Row];
    return [...gone.map((value): Row => [name, `- ${value}`]), ...come.map((value): Row => [name, `+ ${value}`])];
  });
}

export function paramsRows(params: CocoonParams): Row[] {
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
