import { CocoonProxy } from '@cocoon/sdk';
import { privateKeyFromSeed } from '@cocoon/sdk/protocol/keys';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import type { Ledger } from '../ledger';
import { imageProblem, modelProblem } from '../node/allowed';
import type { RootWatch } from '../node/root-watch';
import { Books } from './books';
import type { ChainActions } from './chain-actions';
import { ChainView } from './chain-view';
import { CommitLog } from './commit';
import type { ProxyConfig } from './config';
import { contractReads } from './contract-reads';
import type { ProxyState } from './deploy';
import { findAccount } from './find-account';
import { proxyHttp } from './http';
import type { ProxyIdentity } from './identity';
import { ProxyMetrics } from './metrics';
import { Nonces } from './nonces';
import { type Doorway, Peers } from './peers';
import { PRESUMED_CLIENT } from './presumed-client';
import { Relay } from './relay';
import type { WorkerSide } from './request-parts';
import { RootCatchUp } from './root-catch-up';
import { Scheduler } from './scheduler';
import { Settlement } from './settlement';
import { jsonStats } from './stats';
import { TermsNotice } from './terms-notice';
import { VoucherBook } from './vouchers';
import { Waiters } from './waiters';

export interface RunnerDeps {
  logger: Logger;
  chain: Chain;
  actions: ChainActions;
  /** Where peers come in. */
  doorways: readonly Doorway[];
  /** Unix milliseconds. */
  now(): number;
}

export interface PartsOptions {
  config: ProxyConfig;
  deps: RunnerDeps;
  ledger: Ledger;
  /** Read at least once. */
  root: RootWatch;
  identity: ProxyIdentity;
  /** What the parts ask the runner they belong to. */
  host: {
    /** Why no new requests are taken; empty when all is well. */
    notReady(): string[];
    /** The proxy contract as last read, and as it is now. */
    contract(): ProxyState | undefined;
    readContract(): Promise<ProxyState | undefined>;
  };
}

export type Parts = ReturnType<typeof assemble>;

/** Makes the parts of a proxy and connects them. Nothing runs yet. */
export function assemble({ config, deps, ledger, root, identity, host }: PartsOptions) {
  const { logger, now } = deps;
  const waiters = new Waiters();
  let lastId = 0;
  const books = new Books(ledger, identity);
  const vouchers = new VoucherBook(privateKeyFromSeed(config.machine_specific_private_key), deps.actions.wallet, now);
  const nonces = new Nonces();
  const scheduler = new Scheduler<WorkerSide>({ now, queueLimit: config.queue_limit });
  const commits = new CommitLog({
    ledger,
    books,
    logger,
    now,
    timeoutMs: config.chain_timeout_ms,
    send: (seqno, uniqueHash) => deps.actions.send(CocoonProxy.buildSaveState(identity.address, { seqno, uniqueHash })),
  });
  const terms = new TermsNotice(identity.params, () => root.known.params);
  const catchUp = new RootCatchUp(root, now, logger);
  const metrics: ProxyMetrics = new ProxyMetrics({
    running: () => relay.active,
    waiting: () => scheduler.waiting(),
    workers: () => scheduler.seats().length,
    clients: () => [...peers.clients].filter(({ account }) => account !== undefined).length,
    ready: () => host.notReady().length === 0,
    termsOutdated: () => terms.outdated,
  });
  const relay: Relay = new Relay({
    books,
    ledger,
    scheduler,
    vouchers,
    metrics,
    logger,
    now,
    rootVersion: () => root.known.version,
    unready: () => host.notReady()[0],
    limits: {
      maxClientRequests: config.max_client_requests,
      maxRequestBytes: config.max_request_bytes,
      maxRequestHeaders: config.max_request_headers,
      maxTimeoutS: config.max_timeout_s,
      queueTimeoutMs: config.queue_timeout_ms,
      drainTimeoutMs: config.drain_timeout_ms,
      maxTokensPerRequest: BigInt(config.max_tokens_per_request),
    },
  });
  const settlement = new Settlement({
    ledger,
    books,
    vouchers,
    logger,
    now,
    excessesTo: deps.actions.wallet,
    execute: (message) => deps.actions.execute(message),
    commit: () => commits.commit(),
    observed: (check) => waiters.until(check),
    contract: () => host.contract(),
    readContract: () => host.readContract(),
    reads: contractReads(deps.chain, identity.address),
    thresholds: {
      charge: config.charge_threshold_nano,
      payout: config.payout_threshold_nano,
      withdraw: config.withdraw_threshold_nano,
    },
    timeoutMs: config.chain_timeout_ms,
  });
  const view = new ChainView({
    books,
    logger,
    wallet: deps.actions.wallet,
    onSaveState: (seqno, hash, lt) => commits.observe(seqno, hash, lt),
    onRegister: (owner, nonce) => nonces.confirm(owner.toRawString(), nonce),
    onAccount: () => waiters.poke(),
  });
  const peers: Peers = new Peers({
    doorways: deps.doorways,
    maxConnections: config.max_connections,
    logger,
    context: {
      books,
      vouchers,
      relay,
      scheduler,
      nonces,
      logger,
      isTest: config.is_test,
      isTestnet: config.is_testnet,
      presumedClient: config.chainless ? PRESUMED_CLIENT : undefined,
      handshakeTimeoutMs: config.handshake_timeout_ms,
      authTimeoutMs: config.auth_timeout_ms,
      rootVersion: () => root.known.version,
      rootAtLeast: (version) => catchUp.atLeast(version),
      imageProblem: (peer) => imageProblem(root.known, 'worker', peer),
      modelProblem: (model) => (config.check_models ? modelProblem(root.known, model) : undefined),
      nextId: () => ++lastId,
    },
  });
  const stats = () =>
    jsonStats({
      books,
      root,
      commits,
      metrics,
      relay,
      scheduler,
      wallet: deps.actions.wallet.toString(),
      ready: () => host.notReady().length === 0,
      terms,
      contract: () => host.contract(),
    });
  const http = proxyHttp({
    host: config.http_host,
    port: config.http_port,
    accessHash: config.http_access_hash,
    logger,
    notReady: () => host.notReady(),
    notices: () => [terms.text].filter((text) => text !== undefined),
    metrics: () => metrics.registry.metrics(),
    stats,
    actions: {
      charge: (client) => settlement.charge(findAccount(books.clients, client, 'client')),
      payout: (worker) => settlement.payout(findAccount(books.workers, worker, 'worker')),
      withdraw: () => settlement.withdraw(),
      commit: async () => {
        await commits.commit();
        return { seqno: commits.last.observed };
      },
    },
  });
  return { books, commits, relay, settlement, view, peers, http, waiters, terms };
}
