import { type CocoonParams, formatProxyText, MAINNET_TERMS } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import pino from 'pino';
import { request } from 'undici';
import { z } from 'zod';
import { ToncenterChain } from '../../chain/toncenter';
import { CliError } from '../errors';
import { type Accounts, addressText, deriveAccounts, releaseCode } from './accounts';
import { errorMessage } from './ask';
import { deployRoot } from './deploy-root';
import type { UpOptions } from './options';
import { OwnerWallet } from './owner-wallet';
import { freePort, isFree, userPort } from './ports';
import type { Progress } from './progress';
import type { StateDir } from './state-dir';
import { Supervisor } from './supervisor';

const TON = 1_000_000_000n;

/** What each wallet is given from the faucet when it holds less than half of it. */
const FUNDS = { deployer: 20n * TON, proxyNode: 50n * TON, workerNode: 20n * TON, clientNode: 60n * TON } as const;

const portsSchema = z.object({
  proxyHttp: z.number(),
  proxyWorkers: z.number(),
  proxyClients: z.number(),
  workerHttp: z.number(),
  engine: z.number(),
});
type Ports = z.infer<typeof portsSchema>;

/** The processes of one local network and the addresses they use. */
export class LocalNetwork {
  readonly terms: CocoonParams;
  readonly coefficient = 1000;
  endpoint = '';
  chainUrl = '';
  proxyUrl = '';
  readonly #options: UpOptions;
  readonly #state: StateDir;
  readonly #supervisor: Supervisor;
  #accounts: Accounts | undefined;

  constructor(options: UpOptions, state: StateDir, report: (line: string) => void) {
    this.#supervisor = new Supervisor(report);
    this.#options = options;
    this.#state = state;
    this.terms = {
      ...MAINNET_TERMS,
      structVersion: 3,
      paramsVersion: 1,
      isTest: true, // runners without attestation may only serve a network that says it is a test
      proxyCode: releaseCode('proxy'),
      workerCode: releaseCode('worker'),
      clientCode: releaseCode('client'),
    };
  }

  get accounts(): Accounts {
    if (this.#accounts === undefined) throw new Error('the network has not been started');
    return this.#accounts;
  }

  /** Bearer token of the proxy's money-moving endpoints. */
  get proxyAccess(): string {
    return this.#state.keys.proxyAccess;
  }

  /** Addresses by which the proxy knows its client and its worker. */
  get owners(): { client: string; worker: string } {
    return { client: addressText(this.accounts.clientNode), worker: addressText(this.accounts.workerOwner) };
  }

  async start(progress: Progress, signal: AbortSignal): Promise<void> {
    const { keys } = this.#state;
    const clientPort = await userPort(this.#options.port, '--port');
    const chainPort = await userPort(this.#options.chainPort, '--chain-port');
    const ports = await this.#ports();
    this.endpoint = `http://127.0.0.1:${clientPort}`;
    this.chainUrl = `http://127.0.0.1:${chainPort}/api/v2`;
    this.proxyUrl = `http://127.0.0.1:${ports.proxyHttp}`;
    const deployer = await OwnerWallet.fromMnemonic(keys.deployer);
    this.#accounts = await deriveAccounts(keys, this.terms);
    const { accounts } = this;

    await progress.step('Starting the local chain', async (note) => {
      await this.#spawn('chain', ['--port', String(chainPort), '--state-dir', this.#state.dir('chain')], 30_000);
      note(`http://127.0.0.1:${chainPort}`);
    });
    const chain = new ToncenterChain({ endpoint: this.chainUrl, logger: pino({ level: 'silent' }) });

    await progress.step('Deploying the root contract', async (note) => {
      stopIfAsked(signal);
      for (const [name, amount] of Object.entries(FUNDS)) {
        const address = accounts[name as keyof typeof FUNDS];
        if ((await chain.account(address)).balance < amount / 2n) await faucet(chainPort, address, amount);
      }
      await deployRoot({
        chain,
        deployer,
        root: accounts.root,
        terms: this.terms,
        model: this.#options.model,
        proxyEndpoints: formatProxyText(
          { host: '127.0.0.1', port: ports.proxyWorkers },
          { host: '127.0.0.1', port: ports.proxyClients },
        ),
      });
      note(addressText(accounts.root));
    });

    await progress.step('Starting the engine', async (note) => {
      stopIfAsked(signal);
      note(await this.#startEngine(ports.engine));
    });

    const common = {
      is_test: true,
      is_testnet: false,
      root_contract_address: addressText(accounts.root),
      // All of it is on this machine.
      transport: 'plain',
      ton_endpoint: `${this.chainUrl}/jsonRPC`,
      poll_interval_ms: 200,
      root_refresh_ms: 1_000,
    };
    await progress.step('Starting the proxy', async (note) => {
      stopIfAsked(signal);
      const config = this.#state.writeConfig('proxy', {
        ...common,
        http_port: ports.proxyHttp,
        workers_rpc_port: ports.proxyWorkers,
        client_rpc_port: ports.proxyClients,
        owner_address: addressText(accounts.proxyOwner),
        node_wallet_key: keys.proxyNode,
        machine_specific_private_key: keys.proxyMachine,
        http_access_hash: keys.proxyAccess,
        check_models: true,
        db_path: `${this.#state.dir('proxy')}/ledger.sqlite`,
      });
      await this.#spawn('proxy', ['--config', config], 60_000);
      note(`stake ${this.terms.minProxyStake / TON} TON, contract ${addressText(accounts.proxyContract)}`);
    });

    await progress.step('Starting the worker and opening the payment channel', async (note) => {
      stopIfAsked(signal);
      const workerConfig = this.#state.writeConfig('worker', {
        ...common,
        http_port: ports.workerHttp,
        owner_address: addressText(accounts.workerOwner),
        node_wallet_key: keys.workerNode,
        http_access_hash: keys.workerAccess,
        proxy_connections: 1,
        model_name: this.#options.model,
        check_models: true,
        coefficient: this.coefficient,
        forward_requests_to: this.#options.engineUrl ?? `127.0.0.1:${ports.engine}`,
        state_dir: this.#state.dir('worker'),
      });
      const clientConfig = this.#state.writeConfig('client', {
        ...common,
        http_port: clientPort,
        owner_address: addressText(accounts.deployer),
        node_wallet_key: keys.clientNode,
        http_access_hash: keys.clientAccess,
        proxy_connections: 1,
        state_dir: this.#state.dir('client'),
      });
      const worker = this.#spawn('worker', ['--config', workerConfig], 60_000).then(() =>
        untilOk(`http://127.0.0.1:${ports.workerHttp}/readyz`, 'worker', signal),
      );
      const client = this.#spawn('client', ['--config', clientConfig], 60_000).then(() =>
        untilOk(`${this.endpoint}/readyz`, 'client', signal),
      );
      const results = await Promise.allSettled([worker, client]);
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      note(`${this.terms.minClientStake / TON} TON of escrow`);
    });
  }

  /** Rejects when one of the runners cannot be kept alive. */
  failure(): Promise<never> {
    return this.#supervisor.failure();
  }

  /** Stops the runners, buyers first, the chain last. */
  stop(): Promise<void> {
    return this.#supervisor.stop();
  }

  #spawn(name: string, args: string[], readyTimeoutMs: number): Promise<void> {
    return this.#supervisor.start({ name, args: [name, ...args], logDir: this.#state.logDir, readyTimeoutMs });
  }

  async #startEngine(port: number): Promise<string> {
    const { engineUrl, llama, model } = this.#options;
    if (engineUrl !== undefined) {
      await untilOk(`${engineUrl.replace(/\/(v1\/?)?$/, '')}/v1/models`, 'engine', AbortSignal.timeout(5000));
      return engineUrl;
    }
    const engine = llama === undefined ? [] : ['--llama', llama];
    await this.#spawn('engine', ['--port', String(port), '--model', model, ...engine], 60_000);
    return llama === undefined ? `${model} (the demo engine: no real model)` : `${model} (llama.cpp, ${llama})`;
  }

  /** The ports of the last run where they are still free: the proxy's are registered in the root. */
  async #ports(): Promise<Ports> {
    const known = this.#state.readJson('ports.json', portsSchema);
    const ports = {} as Ports;
    for (const name of Object.keys(portsSchema.shape) as (keyof Ports)[]) {
      const last = known?.[name];
      ports[name] = last !== undefined && (await isFree(last)) ? last : await freePort();
    }
    this.#state.writeJson('ports.json', ports);
    return ports;
  }
}

async function faucet(chainPort: number, address: Address, amount: bigint): Promise<void> {
  const response = await request(`http://127.0.0.1:${chainPort}/localnet/faucet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address: addressText(address), amount: amount.toString() }),
  });
  const body = await response.body.text();
  if (response.statusCode !== 200)
    throw new CliError(`The faucet refused: ${body}`, 'See chain.log in the state directory.');
}

/** Polls a readiness endpoint until it answers 200. */
async function untilOk(url: string, what: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + 60_000;
  let last = 'no answer';
  while (Date.now() < deadline && !signal.aborted) {
    try {
      const response = await request(url, { headersTimeout: 5000, bodyTimeout: 5000 });
      const body = await response.body.text();
      if (response.statusCode === 200) return;
      last = `HTTP ${response.statusCode}: ${errorMessage(body).slice(0, 1000)}`;
    } catch (error) {
      last = (error as Error).message || String((error as NodeJS.ErrnoException).code);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (what === 'engine')
    throw new CliError(`The engine does not answer ${url} (${last}).`, 'Start it, or correct --engine-url.');
  throw new CliError(`The ${what} did not become ready (${last}).`, `See ${what}.log in the state directory.`);
}

function stopIfAsked(signal: AbortSignal): void {
  if (signal.aborted) throw new CliError('Stopped before the network was up.', '');
}
