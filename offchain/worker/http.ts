import { Address } from '@ton/core';
import { OutcomeError } from '../chain/outcome';
import { ChainError } from '../chain/port';
import { WalletError } from '../chain/wallet-errors';
import { HttpError, OperatorHttp, type OperatorHttpOptions } from '../node/operator-http';
import { coefficientSchema } from './config';
import { PayoutError, type PayoutResult } from './earnings';

export interface WorkerHttpOptions extends Omit<OperatorHttpOptions, 'actions' | 'describe'> {
  actions: {
    setEnabled(enabled: boolean): void;
    payout(proxy: Address | undefined): Promise<PayoutResult>;
    changeCoefficient(coefficient: number): void;
  };
}

/** The operator's HTTP interface of a worker: what every node shows, and what it can be told to do. */
export function workerHttp({ actions, ...options }: WorkerHttpOptions): OperatorHttp {
  const setEnabled = (enabled: boolean) => async () => {
    actions.setEnabled(enabled);
    return { enabled };
  };
  return new OperatorHttp({
    ...options,
    actions: {
      '/request/enable': setEnabled(true),
      '/request/disable': setEnabled(false),
      '/request/payout': async (query) => shownPayout(await actions.payout(proxyParameter(query))),
      '/request/change_coefficient': async (query) => {
        const coefficient = coefficientParameter(query);
        actions.changeCoefficient(coefficient);
        return { coefficient };
      },
    },
    describe,
  });
}

function proxyParameter(query: URLSearchParams): Address | undefined {
  const text = query.get('proxy');
  if (text === null || text === '') return undefined;
  try {
    return Address.parse(text);
  } catch {
    throw new HttpError(400, 'invalid_parameter', '"proxy" must be the address of a proxy contract.');
  }
}

/** As the live worker takes it: a factor, such as 1.5, which is 1500 thousandths. */
function coefficientParameter(query: URLSearchParams): number {
  const text = query.get('coefficient') ?? '';
  const parsed = coefficientSchema.safeParse(
    /^\d{1,6}(\.\d{1,9})?$/.test(text) ? Math.trunc(Math.round(Number(text) * 1e6) / 1000) : undefined,
  );
  if (parsed.success) return parsed.data;
  throw new HttpError(
    400,
    'invalid_parameter',
    'Give ?coefficient= as a factor of the base price, such as 1 or 1.5 (0 to 999999).',
  );
}

function shownPayout({ worker, proxy, transaction, tokens, amountNano }: PayoutResult): unknown {
  return {
    proxy: proxy.toString(),
    worker: worker.toString(),
    tokens: tokens.toString(),
    amount_nano: amountNano.toString(),
    transaction: {
      hash: transaction.hash().toString('hex'),
      lt: transaction.lt.toString(),
      account: worker.toString(),
    },
  };
}

function describe(error: unknown): HttpError | undefined {
  if (error instanceof PayoutError) return new HttpError(409, error.code, error.message);
  if (error instanceof WalletError || error instanceof OutcomeError || error instanceof ChainError)
    return new HttpError(502, error.code, error.message);
  return undefined;
}
