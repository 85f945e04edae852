import { type RootWatch, rootStats } from '../node/root-watch';
import type { Books } from './books';
import type { CommitLog } from './commit';
import type { ProxyState } from './deploy';
import type { ProxyMetrics } from './metrics';
import type { Relay } from './relay';
import type { WorkerSide } from './request-parts';
import type { Scheduler } from './scheduler';
import type { TermsNotice } from './terms-notice';

export interface StatsSources {
  books: Books;
  root: RootWatch;
  commits: CommitLog;
  metrics: ProxyMetrics;
  relay: Relay;
  scheduler: Scheduler<WorkerSide>;
  wallet: string;
  ready(): boolean;
  terms: TermsNotice;
  /** The proxy contract as last read. */
  contract(): ProxyState | undefined;
}

/** The content of /jsonstats, in the live network's names where it has them. Amounts and tokens are decimal texts. */
export function jsonStats(sources: StatsSources): Record<string, unknown> {
  const { books, root, commits, metrics, relay, scheduler } = sources;
  const { identity } = books;
  const { prices, params } = identity;
  return {
    status: {
      enabled: sources.ready(),
      running_queries: relay.active,
      waiting_queries: scheduler.waiting(),
      notices: [sources.terms.text].filter((text) => text !== undefined),
    },
    stats: { ...metrics.totals, adjusted_tokens_used: metrics.tokens },
    wallet: { address: sources.wallet },
    smartcontract: {
      address: identity.address.toString(),
      owner_address: identity.owner.toString(),
      params_version: params.paramsVersion,
      terms_outdated: sources.terms.outdated,
      price_per_token: prices.pricePerToken,
      worker_fee_per_token: prices.workerFeePerToken,
      ready_for_withdraw: sources.contract()?.withdrawable ?? 0n,
      backed_stake: sources.contract()?.backedStake ?? 0n,
    },
    commits: { last_seqno: commits.last.seqno, observed_seqno: commits.last.observed },
    root_contract_config: rootStats(root.current),
    workers: [...books.workers.values()].map((worker) => ({
      owner_address: worker.owner,
      sc_address: worker.contract,
      earned_tokens: worker.levels.max,
      committed_tokens: worker.levels.anchored,
      payed_tokens: worker.tokensPaid,
      unpayed_tokens: worker.levels.max - worker.tokensPaid,
    })),
    worker_connections: scheduler.seats().map(({ seat, running, latencyMs }) => ({
      owner_address: seat.account.owner,
      model: seat.model,
      coefficient: seat.coefficient,
      running_queries: running,
      max_running_queries: seat.limit,
      latency_ms: latencyMs ?? null,
      enabled: seat.enabled,
    })),
    clients: [...books.clients.values()].map((client) => ({
      owner_address: client.owner,
      sc_address: client.contract,
      state: client.chain.state,
      used_tokens: client.levels.max,
      committed_tokens: client.levels.anchored,
      charged_tokens: client.chain.tokensUsed,
      available_tokens: client.available(prices),
      reserved_tokens: client.reserved,
      running_queries: client.running,
    })),
  };
}
