import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CocoonRoot,
  contractCode,
  formatProxyText,
  modelHash,
  type OutgoingMessage,
  parseRootData,
  privateKeyFromSeed,
  rawPublicKey,
  stateInitAddress,
  walletStateInit,
} from '@cocoon/sdk';
import { Address, Cell } from '@ton/core';
import pino from 'pino';
import { ToncenterChain } from '../../offchain/chain/toncenter';
import { OwnerWallet } from '../../offchain/cli/up/owner-wallet';
import { startProxy } from '../../offchain/proxy';
import { startNetwork, type TestNetwork, until } from './local-network';

/** The owner of the root (here a wallet, on a real network the DAO's Vault) decides; runners that nobody restarts follow. */

const ROLES = ['client', 'proxy', 'worker'] as const;
type Role = (typeof ROLES)[number];

interface Stats {
  root_contract_config: { version: number; params_version: number };
  proxies: { sc_address: string; params_version: number; price_per_token?: number }[];
}

describe('decisions about the root, while a network runs', () => {
  let network: TestNetwork;
  let chain: ToncenterChain;
  let owner: OwnerWallet;
  let root: Address;

  beforeAll(async () => {
    network = await startNetwork();
    chain = new ToncenterChain({
      endpoint: `${network.config('client').ton_endpoint}`,
      logger: pino({ level: 'silent' }),
    });
    const keys = JSON.parse(readFileSync(join(network.stateDir, 'keys.json'), 'utf8')) as { deployer: string[] };
    owner = await OwnerWallet.fromMnemonic(keys.deployer);
    root = Address.parse(network.bill.root);
  }, 120_000);

  afterAll(async () => {
    await chain.close();
    expect(await network.stop()).toBe(0);
  });

  const url = (role: Role, path: string) => `http://127.0.0.1:${network.config(role).http_port}${path}`;
  const origin = (role: Role, path: string) => (role === 'client' ? `${network.origin}${path}` : url(role, path));
  const get = (role: Role, path: string) => fetch(origin(role, path));
  const stats = async (role: Role) => (await (await get(role, '/jsonstats')).json()) as Stats;
  const isReady = async (role: Role) => (await get(role, '/readyz').catch(() => undefined))?.status === 200;
  const processes = () => ROLES.map((role) => network.pid(role));
  const rootData = async () => parseRootData((await chain.account(root)).data!);

  /** The owner's decision; resolves when every runner has read it. */
  async function decide(...messages: OutgoingMessage[]): Promise<void> {
    await owner.send(chain, messages);
    const { version } = await rootData();
    for (const role of ROLES) await until(async () => (await stats(role)).root_contract_config.version === version);
  }

  async function faucet(address: string): Promise<void> {
    const { origin: chainOrigin } = new URL(`${network.config('client').ton_endpoint}`);
    const body = JSON.stringify({ address, amount: '60000000000' });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${chainOrigin}/localnet/faucet`, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
  }

  function ask(more: { stream?: boolean; max_tokens?: number } = {}): Promise<Response> {
    const body = { model: 'cocoon-demo', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 8, ...more };
    return fetch(`${network.origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** nanoTON per adjusted token of an answer. */
  async function pricePaid(): Promise<number> {
    const answer = await ask();
    expect(answer.status).toBe(200);
    return Number(answer.headers.get('x-cocoon-cost')) / Number(answer.headers.get('x-cocoon-tokens'));
  }

  /** Resolves when an answer has begun that takes some seconds; the function reads the rest of it. */
  async function longAnswer(): Promise<() => Promise<string>> {
    const answer = await ask({ stream: true, max_tokens: 160 });
    expect(answer.status).toBe(200);
    return () => answer.text();
  }

  async function dies(role: Role): Promise<void> {
    const pid = network.pid(role)!;
    process.kill(pid, 'SIGKILL');
    await until(async () => ![undefined, pid].includes(network.pid(role)) && (await isReady(role)));
    for (const other of ROLES) await until(() => isReady(other));
  }

  it('a higher price: the channel keeps its own, and the proxy says what its operator can do', async () => {
    const before = processes();
    const [channel] = (await stats('client')).proxies;
    await decide(CocoonRoot.buildChangePrice(root, { pricePerToken: 30n, workerFeePerToken: 28n }));
    expect(await pricePaid()).toBe(20);
    expect((await stats('client')).proxies).toMatchObject([{ sc_address: channel?.sc_address, price_per_token: 20 }]);
    const notice = expect.stringMatching(/version 2: 30 nanoTON.*version 1: 20 nanoTON.*deploy a new proxy contract/);
    expect(await (await get('proxy', '/readyz')).json()).toMatchObject({ ready: true, notices: [notice] });
    expect(await (await get('proxy', '/metrics')).text()).toContain('cocoon_proxy_terms_outdated 1');
    expect(await (await get('client', '/metrics')).text()).toContain('cocoon_client_channels_of_older_terms 1');
    expect(processes()).toEqual(before);
  });

  it('runners that are killed after it come back to the same contracts, although new workers would be paid more', async () => {
    const [channel] = (await stats('client')).proxies;
    const [account] = (await stats('worker')).proxies;
    await dies('proxy');
    await dies('worker');
    expect(await pricePaid()).toBe(20);
    expect((await stats('client')).proxies).toMatchObject([{ sc_address: channel?.sc_address }]);
    expect((await stats('worker')).proxies).toMatchObject([{ sc_address: account?.sc_address, params_version: 1 }]);
  }, 90_000);

  it('a lower price: the client keeps its channel, also when it is killed, although new clients would pay less', async () => {
    const [channel] = (await stats('client')).proxies;
    await decide(CocoonRoot.buildChangePrice(root, { pricePerToken: 10n, workerFeePerToken: 9n }));
    await dies('client');
    expect(await pricePaid()).toBe(20);
    expect((await stats('client')).proxies).toMatchObject([
      { sc_address: channel?.sc_address, params_version: 1, price_per_token: 20 },
    ]);
  }, 90_000);

  it('a model that is dropped is served no more, and again when it is listed', async () => {
    const before = processes();
    const hash = modelHash('cocoon-demo');
    const rest = await longAnswer();
    await decide(CocoonRoot.buildDisallow(root, { kind: 'model', hash }));
    const reasons = (await (await get('worker', '/readyz')).json()) as { reasons: string[] };
    expect(reasons.reasons).toEqual([expect.stringContaining(`${hash.toString('hex')}) is not on the root's list`)]);
    const models = async () => ((await (await get('client', '/v1/models')).json()) as { data: unknown[] }).data;
    await until(async () => (await models()).length === 0);
    expect((await ask()).status).toBe(503);
    expect((await rest()).trim()).toMatch(/data: \[DONE\]$/);
    await decide(CocoonRoot.buildAllow(root, { kind: 'model', hash }));
    await until(async () => (await models()).length === 1);
    expect(await pricePaid()).toBe(20);
    expect(processes()).toEqual(before);
  });

  it('a proxy that is taken off the registry is left, and found again when it is registered', async () => {
    const before = processes();
    const [[seqno, endpoint] = [0, '']] = (await rootData()).registeredProxies;
    const rest = await longAnswer();
    await decide(CocoonRoot.buildUnregisterProxy(root, { seqno }));
    for (const role of ['client', 'worker'] as const) {
      const answer = await get(role, '/readyz');
      expect([answer.status, await answer.text()]).toEqual([503, expect.stringMatching(/no proxy is registered/i)]);
    }
    expect((await rest()).trim()).toMatch(/data: \[DONE\]$/);
    await decide(CocoonRoot.buildRegisterProxy(root, { endpoint }));
    for (const role of ROLES) await until(() => isReady(role));
    expect(await pricePaid()).toBe(20);
    expect(processes()).toEqual(before);
  });

  it('a proxy contract deployed after the vote: its clients and workers get the new terms, the old ones keep theirs', async () => {
    const before = processes();
    const [old] = (await stats('client')).proxies;
    const nodeKey = Buffer.alloc(32, 0x51);
    const { workers_rpc_port: _workers, client_rpc_port: _clients, ...config } = network.config('proxy');
    const wallet = walletStateInit({
      publicKey: rawPublicKey(privateKeyFromSeed(nodeKey)),
      owner: Address.parse(`${config.owner_address}`),
      code: Cell.fromBase64(contractCode.wallet.boc),
    });
    const { address: client } = ((await (await get('client', '/jsonstats')).json()) as { wallet: { address: string } })
      .wallet;
    for (const address of [stateInitAddress(wallet).toString(), client]) await faucet(address);
    const moved = await startProxy(
      {
        ...config,
        http_port: 0,
        workers_rpc_port: 0,
        client_rpc_port: 0,
        node_wallet_key: nodeKey.toString('base64'),
        machine_specific_private_key: Buffer.alloc(32, 0x52).toString('base64'),
        db_path: join(network.stateDir, 'second.sqlite'),
      },
      { logger: pino({ level: 'silent' }) },
    );
    try {
      const [[seqno] = [0]] = (await rootData()).registeredProxies;
      const at = (port: number) => ({ host: '127.0.0.1', port });
      const endpoint = formatProxyText(at(moved.workerPort), at(moved.clientPort));
      const { version } = await rootData();
      await owner.send(chain, [
        CocoonRoot.buildRegisterProxy(root, { endpoint }),
        CocoonRoot.buildUnregisterProxy(root, { seqno }),
      ]);
      expect((await rootData()).version).toBeGreaterThan(version);
      await until(async () => (await stats('client')).proxies.some(({ price_per_token: price }) => price === 10));
      for (const role of ['client', 'worker'] as const) await until(() => isReady(role));
      expect(await pricePaid()).toBe(10);
      const both = expect.arrayContaining([
        expect.objectContaining({ sc_address: old?.sc_address, params_version: 1, price_per_token: 20 }),
        expect.objectContaining({ params_version: 3, price_per_token: 10 }),
      ]);
      expect((await stats('client')).proxies).toEqual(both);
      expect(processes()).toEqual(before);
      // The escrow in the old channel is not forgotten, although no proxy names it any more.
      await dies('client');
      await until(async () => (await stats('client')).proxies.length === 2);
      expect((await stats('client')).proxies).toEqual(both);
    } finally {
      await moved.close();
    }
  }, 90_000);
});
