import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CocoonRoot, modelHash, type OutgoingMessage, parseRootData } from '@cocoon/sdk';
import { Address } from '@ton/core';
import pino from 'pino';
import { ToncenterChain } from '../../offchain/chain/toncenter';
import { OwnerWallet } from '../../offchain/cli/up/owner-wallet';
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

  function ask(): Promise<Response> {
    const body = { model: 'cocoon-demo', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 8 };
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
    await decide(CocoonRoot.buildDisallow(root, { kind: 'model', hash }));
    const reasons = (await (await get('worker', '/readyz')).json()) as { reasons: string[] };
    expect(reasons.reasons).toEqual([expect.stringContaining(`${hash.toString('hex')}) is not on the root's list`)]);
    const models = async () => ((await (await get('client', '/v1/models')).json()) as { data: unknown[] }).data;
    await until(async () => (await models()).length === 0);
    expect((await ask()).status).toBe(503);
    await decide(CocoonRoot.buildAllow(root, { kind: 'model', hash }));
    await until(async () => (await models()).length === 1);
    expect(await pricePaid()).toBe(20);
    expect(processes()).toEqual(before);
  });

  it('a proxy that is taken off the registry is left, and found again when it is registered', async () => {
    const before = processes();
    const [[seqno, endpoint] = [0, '']] = (await rootData()).registeredProxies;
    await decide(CocoonRoot.buildUnregisterProxy(root, { seqno }));
    for (const role of ['client', 'worker'] as const) {
      const answer = await get(role, '/readyz');
      expect([answer.status, await answer.text()]).toEqual([503, expect.stringMatching(/no proxy is registered/i)]);
    }
    await decide(CocoonRoot.buildRegisterProxy(root, { endpoint }));
    for (const role of ROLES) await until(() => isReady(role));
    expect(await pricePaid()).toBe(20);
    expect(processes()).toEqual(before);
  });
});
