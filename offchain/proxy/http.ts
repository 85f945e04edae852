import { HttpError, OperatorHttp, type OperatorHttpOptions } from '../node/operator-http';
import { NothingToSettle } from './action-lanes';
import type { Settled } from './actions';
import { errorText } from './errors';
import { PoolShortError } from './pool';

export interface ProxyHttpOptions extends Omit<OperatorHttpOptions, 'actions' | 'describe'> {
  actions: {
    charge(client: string): Promise<Settled>;
    payout(worker: string): Promise<Settled>;
    withdraw(): Promise<Settled>;
    commit(): Promise<{ seqno: number }>;
  };
}

/** The operator's HTTP interface of a proxy: what every node shows, and what it can be told to settle. */
export function proxyHttp({ actions, ...options }: ProxyHttpOptions): OperatorHttp {
  return new OperatorHttp({
    ...options,
    actions: {
      '/request/charge': async (query) => settled(await actions.charge(required(query, 'client'))),
      '/request/payout': async (query) => settled(await actions.payout(required(query, 'worker'))),
      '/request/withdraw': async () => settled(await actions.withdraw()),
      '/request/commit': async () => ({ committed: await actions.commit() }),
    },
    describe,
  });
}

function describe(error: unknown): HttpError {
  if (error instanceof NothingToSettle) return new HttpError(409, 'nothing_to_settle', error.message);
  if (error instanceof PoolShortError) return new HttpError(503, error.code, error.message);
  return new HttpError(502, 'settlement_failed', errorText(error));
}

function required(query: URLSearchParams, name: string): string {
  const value = query.get(name);
  if (!value) throw new HttpError(400, 'missing_parameter', `say whose: ?${name}=<owner or contract address>`);
  return value;
}

function settled({ transaction, tokens, amountNano }: Settled): unknown {
  const { hash, lt, account } = transaction;
  return {
    transaction: { hash, lt: lt.toString(), account },
    tokens: tokens.toString(),
    amount_nano: amountNano.toString(),
  };
}
