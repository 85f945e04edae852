import type { Transaction } from '@ton/core';
import { followTransactions } from '../chain/follow';
import { Ledger, machineIntegrity } from '../ledger';
import { systemClock } from '../node/clock';
import { type RootConfig, RootWatch } from '../node/root-watch';
import { FOLLOW_KEY } from './chain-view';
import type { ProxyConfig } from './config';
import { openIdentity } from './contract-record';
import { ensureDeployed, type ProxyState, readProxyState } from './deploy';
import { errorText, ProxyFatalError } from './errors';
import type { ProxyIdentity } from './identity';
import { assemble, type Parts, type RunnerDeps } from './parts';
import { atMost, pause } from './timing';

const SHUTDOWN_MS = 3000;
/** How far behind an endpoint may be at start before it counts as another chain. */
const CHAIN_LAG_MS = 30_000;

/** Puts the parts of a proxy together and runs them. */
export class ProxyRunner {
  private readonly config: ProxyConfig;
  private readonly deps: RunnerDeps;
  private readonly ledger: Ledger;
  private readonly root: RootWatch;
  private readonly parts: Parts;
  private readonly stopping = new AbortController();
  private readonly loops: Promise<void>[] = [];
  private contract: ProxyState | undefined;
  private starting = true;
  private fatal: ProxyFatalError | undefined;
  private fatalSeen: (error: ProxyFatalError) => void = () => undefined;

  /** Opens the ledger and reads the root contract; nothing is sent and nobody is served yet. */
  static async open(config: ProxyConfig, deps: RunnerDeps): Promise<ProxyRunner> {
    const integrity = machineIntegrity(config.machine_specific_private_key);
    const onHealth = (health: Ledger['health']) => {
      if (health.ok) deps.logger.info('the ledger writes again');
      else deps.logger.error({ reason: health.reason }, 'the ledger cannot write; no new requests are taken');
    };
    const ledger = new Ledger({ path: config.db_path, integrity, onHealth });
    try {
      let runner: ProxyRunner | undefined;
      const root = new RootWatch({
        chain: deps.chain,
        address: config.root_contract_address,
        isTest: config.is_test,
        chainless: config.chainless,
        checkImages: config.checkHashes,
        refreshMs: config.root_refresh_ms,
        retryMs: config.root_refresh_ms,
        clock: { ...systemClock, nowMs: deps.now },
        logger: deps.logger,
        onChange: (current, previous) => runner?.rootChanged(current, previous),
      });
      const { params } = await root.refresh();
      const identity = await openIdentity(config, ledger, params);
      runner = new ProxyRunner(config, deps, ledger, root, identity);
      runner.parts.terms.tell(deps.logger);
      return runner;
    } catch (error) {
      await ledger.close();
      throw error;
    }
  }

  private constructor(config: ProxyConfig, deps: RunnerDeps, ledger: Ledger, root: RootWatch, identity: ProxyIdentity) {
    this.config = config;
    this.deps = deps;
    this.ledger = ledger;
    this.root = root;
    const host = {
      notReady: () => this.notReady(),
      contract: () => this.contract,
      readContract: () => this.readContract(),
    };
    this.parts = assemble({ config, deps, ledger, root, identity, host });
  }

  /** Brings the contract up, anchors the ledger, then serves. Rejects when that is impossible; close() afterwards. */
  async start(): Promise<{ httpPort: number; clientPort: number; workerPort: number }> {
    const { logger, chain, actions } = this.deps;
    const { identity } = this.parts.books;
    const failed = new Promise<never>((_resolve, reject) => {
      this.fatalSeen = reject;
    });
    failed.catch(() => undefined);
    const httpPort = await this.parts.http.listen();
    await this.chainCaughtUp();
    await this.parts.settlement.recover();
    this.contract = await ensureDeployed({
      chain,
      identity,
      logger,
      wallet: actions.wallet,
      execute: (message) => actions.execute(message),
    });
    this.loops.push(this.follow());
    // Nobody is served before the chain has confirmed that this ledger is the newest one.
    const anchored = this.parts.commits.commit();
    anchored.catch(() => undefined);
    await Promise.race([anchored, failed]);
    const ports = await this.parts.peers.open();
    this.starting = false;
    this.root.start();
    this.loops.push(
      this.every(
        () => this.commitPause(),
        async () => {
          if (this.parts.books.unanchored()) await this.parts.commits.commit();
        },
      ),
      this.every(
        () => this.config.settle_interval_ms,
        async () => this.parts.settlement.tick(),
      ),
      this.every(
        () => this.config.poll_interval_ms,
        async () => {
          await this.readContract();
        },
      ),
    );
    logger.info({ contract: identity.address.toString(), httpPort, ...ports }, 'proxy is serving');
    return { httpPort, ...ports };
  }

  /** Lists count from now on; terms do not change for a contract that is there. */
  private rootChanged(current: RootConfig, previous: RootConfig | undefined): void {
    if (current.params.paramsVersion !== previous?.params.paramsVersion) this.parts.terms.tell(this.deps.logger);
    this.parts.peers.rootChanged();
  }

  async close(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.stopping.abort();
    this.root.stop();
    this.parts.commits.stop();
    this.parts.relay.stop();
    await this.parts.peers.close(new Error('the proxy is shutting down'));
    await atMost(SHUTDOWN_MS, this.parts.settlement.idle());
    await this.deps.actions.close();
    this.parts.waiters.clear();
    await atMost(SHUTDOWN_MS, Promise.allSettled(this.loops));
    await this.parts.http.close();
    await this.ledger.close();
  }

  /**
   * A chain that has not reached what this ledger has already seen is another one, a restored one, or an endpoint that
   * lags. Following it would wait in silence for transactions that never come.
   */
  private async chainCaughtUp(): Promise<void> {
    const { chain, logger } = this.deps;
    const { address } = this.parts.books.identity;
    const seen = BigInt(this.ledger.meta(FOLLOW_KEY(address)) ?? '0');
    const giveUpAt = this.deps.now() + CHAIN_LAG_MS;
    for (let first = true; ; first = false) {
      const reached = (await chain.account(address)).last?.lt ?? 0n;
      if (reached >= seen || this.stopping.signal.aborted) return;
      const what = `the chain shows the proxy contract ${address.toString()} at lt ${reached}, but the ledger ${this.config.db_path} has seen lt ${seen}`;
      if (this.deps.now() >= giveUpAt) {
        throw new ProxyFatalError('chain', `${what}; ton_endpoint is another chain, or one that was set back`);
      }
      if (first) logger.warn(`${what}; waiting for the endpoint to catch up`);
      await pause(this.config.poll_interval_ms, this.stopping.signal);
    }
  }

  /** Why no new requests are taken, in words for the operator; empty when all is well. */
  private notReady(): string[] {
    const reasons: string[] = [];
    if (this.fatal) reasons.push(this.fatal.message);
    if (this.stopping.signal.aborted) reasons.push('the proxy is shutting down');
    else if (this.starting) reasons.push('the proxy is starting');
    const { health } = this.ledger;
    if (!health.ok) reasons.push(health.reason);
    if (this.contract && this.contract.state !== 0) reasons.push('the proxy contract is closing or closed');
    return reasons;
  }

  private async follow(): Promise<void> {
    const { chain, logger } = this.deps;
    const { address } = this.parts.books.identity;
    const from = this.ledger.meta(FOLLOW_KEY(address));
    try {
      await followTransactions(chain, address, {
        ...(from === undefined ? {} : { from: { lt: BigInt(from) } }),
        pollMs: this.config.poll_interval_ms,
        signal: this.stopping.signal,
        onTransaction: (tx) => this.observe(tx),
        onError: (error) =>
          logger.warn({ reason: errorText(error) }, 'the proxy contract could not be followed, trying again'),
      });
    } catch (error) {
      await this.halt(
        new ProxyFatalError('chain', `the proxy contract can no longer be followed: ${errorText(error)}`, error),
      );
    }
  }

  private async observe(tx: Transaction): Promise<void> {
    if (this.fatal) return;
    try {
      await this.parts.view.apply(tx);
    } catch (error) {
      if (!(error instanceof ProxyFatalError)) throw error;
      await this.halt(error);
    }
  }

  /** Stops serving for good but stays up, so that the operator can read why instead of watching restarts. */
  private async halt(error: ProxyFatalError): Promise<void> {
    this.fatal = error;
    this.deps.logger.fatal({ code: error.code }, error.message);
    this.fatalSeen(error);
    this.parts.relay.stop();
    await this.parts.peers.close(new Error('the proxy has stopped serving'));
  }

  private async readContract(): Promise<ProxyState | undefined> {
    const state = await readProxyState(this.deps.chain, this.parts.books.identity.address);
    if (state) this.contract = state;
    return state;
  }

  private commitPause(): number {
    const { commit_min_ms: min, commit_max_ms: max } = this.config;
    return min + Math.random() * (max - min);
  }

  private async every(intervalMs: () => number, work: () => Promise<unknown>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await pause(intervalMs(), signal);
      if (signal.aborted || this.fatal) return;
      await work().catch((error: unknown) =>
        this.deps.logger.warn({ reason: errorText(error) }, 'periodic work failed, trying again'),
      );
    }
  }
}
