import { group, table, ton } from '../format';
import type { Bill } from './settle';

/** The bill of one answer, as text for people. */
export function renderBill(bill: Bill): string {
  const { tokens, terms } = bill;
  const kinds = [
    ['prompt', tokens.raw.prompt, terms.promptMultiplier, tokens.adjusted.prompt],
    ['cached', tokens.raw.cached, terms.cachedMultiplier, tokens.adjusted.cached],
    ['completion', tokens.raw.completion, terms.completionMultiplier, tokens.adjusted.completion],
    ['reasoning', tokens.raw.reasoning, terms.reasoningMultiplier, tokens.adjusted.reasoning],
  ] as const;
  const tokenTable = table(
    [
      ['tokens', 'count', 'weight', 'adjusted'],
      ...kinds.map(([kind, raw, multiplier, adjusted]) => [
        kind,
        group(raw),
        `x${multiplier / 10_000}`,
        group(adjusted),
      ]),
      ['total', '', '', group(tokens.adjusted.total)],
    ],
    ['left', 'right', 'right', 'right'],
  );
  const price = `  price: ${terms.pricePerToken} nanoTON per adjusted token, ${terms.workerFeePerToken} of them to the worker`;
  const moneyTable = table(
    [
      ['who', 'nanoTON', 'step', 'transaction'],
      ...bill.money.map((row) => [row.who, group(row.amount), row.step, row.transaction]),
    ],
    ['left', 'right', 'left', 'left'],
  );
  const feeTable = table(
    [
      ['network fees of', 'gas units', 'fees', 'first transaction'],
      ...bill.fees.map((row) => [row.step, group(row.gas), ton(row.fees), row.transaction]),
    ],
    ['left', 'right', 'right', 'left'],
  );
  return ['', tokenTable, '', price, '', moneyTable, '', feeTable, ''].join('\n');
}
