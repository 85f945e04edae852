import { type RootWatch, rootStats } from '../node/root-watch';
import type { WorkerConfig } from './config';
import type { Earnings } from './earnings';
import type { EngineTarget } from './forward';
import type { Links } from './links';
import type { Metrics } from './metrics';
import type { Uplink } from './uplink';
import type { WalletWatch } from './wallet-watch';

/** The parts of a worker that have something to say about it. */
export interface StatusParts {
  config: Pick<WorkerConfig, 'model_name' | 'max_active_requests'>;
  target: EngineTarget;
  walletAddress: string;
  uplink: Uplink;
  root: RootWatch;
  links: Links;
  wallet: WalletWatch;
  earnings: Earnings;
  metrics: Metrics;
  /** The operator's switch. */
  enabled: () => boolean;
  /** Why the root does not let the model be served. */
  modelProblem: () => string | undefined;
  coefficient: () => number;
  active: () => number;
  /** Sends of the wallet that are not on chain yet. */
  pendingSends: () => number;
}

/** Why no request can come, each with what to do; empty when one can. */
export function notReady(parts: StatusParts): string[] {
  const { uplink, root, links, wallet, target, enabled } = parts;
  const reasons: string[] = [];
  if (!enabled()) reasons.push('disabled by the operator: POST /request/enable');
  if (uplink.problem !== undefined) reasons.push(`the engine at ${target.origin} is down: ${uplink.problem}`);
  if (root.current === undefined) {
    reasons.push(`the root contract has not been read yet${suffix(root.problem)}`);
    return reasons;
  }
  const problem = parts.modelProblem();
  if (problem !== undefined) {
    reasons.push(
      `${problem}: the network's owner, or a vote of its DAO, can list it; nothing has to be restarted then`,
    );
    return reasons;
  }
  if (links.readyCount > 0) return reasons;
  const states = links.states();
  if (states.length === 0) reasons.push('no proxy is registered in the root contract, or none of them can be dialled');
  for (const { address, problem } of states) reasons.push(`the proxy ${address} is not connected${suffix(problem)}`);
  if (wallet.problem !== undefined) reasons.push(wallet.problem);
  return reasons;
}

/** GET /jsonstats; keys as the live network's worker has them, and more. */
export async function jsonStats(parts: StatusParts): Promise<Record<string, unknown>> {
  const { config, target, walletAddress, uplink, root, links, wallet, earnings, metrics } = parts;
  await wallet.refresh();
  return {
    status: {
      wallet_balance: wallet.balance ?? null,
      ton_last_synced_at: Math.floor(root.readAtMs / 1000),
      enabled: parts.enabled() && uplink.up && parts.modelProblem() === undefined,
      model_allowed: parts.modelProblem() === undefined,
      actual_model: config.model_name,
      engine: { url: target.origin + target.prefix, kind: uplink.kind, up: uplink.up },
      coefficient: parts.coefficient(),
      active_queries: parts.active(),
      max_active_queries: config.max_active_requests,
    },
    stats: metrics.stats(),
    wallet: { address: walletAddress, balance: wallet.balance ?? null, pending_transactions_cnt: parts.pendingSends() },
    root_contract_config: rootStats(root.current),
    proxy_connections: links.states(),
    proxies: earnings.stats(),
  };
}

function suffix(problem: string | undefined): string {
  return problem === undefined ? '' : `: ${problem}`;
}
