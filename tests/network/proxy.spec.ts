import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CocoonClient,
  type CocoonParams,
  clientStateInit,
  contractCode,
  initialRootData,
  MAINNET_TERMS,
  modelHash,
  packRootData,
  parseClientData,
  parseProxyData,
  parseWorkerData,
  proxyStateInit,
  stateInitAddress,
  walletStateInit,
  workerStateInit,
} from '@cocoon/sdk';
import { privateKeyFromSeed, rawPublicKey } from '@cocoon/sdk/protocol/keys';
import { encode, type TlObject } from '@cocoon/sdk/protocol/tl/codec';
import { Address, Cell, toNano } from '@ton/core';
import pino from 'pino';
import { readProxyBooks } from '../../offchain/chain/proxy-books';
import { ToncenterChain } from '../../offchain/chain/toncenter';
import { CocoonWalletSender } from '../../offchain/chain/wallet';
import { type Localnet, startLocalnet } from '../../offchain/localnet';
import { type RunningProxy, startProxy } from '../../offchain/proxy';
import { dial, type PeerConnection, plain } from '../../offchain/transport';

jest.setTimeout(60_000);

const logger = pino({ level: process.env.COCOON_LOG_LEVEL ?? 'silent' });
const seed = (name: string) => createHash('sha256').update(`proxy test ${name}`).digest();
const code = (name: keyof typeof contractCode) => Cell.fromBase64(contractCode[name].boc);
const walletAddress = (key: Buffer, owner: Address) =>
  stateInitAddress(walletStateInit({ publicKey: rawPublicKey(privateKeyFromSeed(key)), owner, code: code('wallet') }));

const PARAMS: CocoonParams = {
  structVersion: 3,
  paramsVersion: 1,
  ...MAINNET_TERMS,
  // Less than one client can use up: what the contract can pay in advance runs out within a test.
  minProxyStake: toNano('1'),
  isTest: true,
  proxyCode: code('proxy'),
  workerCode: code('worker'),
  clientCode: code('client'),
};
const SECRET = Buffer.from('a long enough secret');
const BEARER = 'operator token';

let localnet: Localnet;
let chain: ToncenterChain;
let folder: string;
let config: Record<string, unknown>;
let root: Address;
let operator: Address;
let proxies: RunningProxy[];
const senders: CocoonWalletSender[] = [];
const connections: PeerConnection[] = [];

async function sender(name: string, owner: Address): Promise<CocoonWalletSender> {
  const key = privateKeyFromSeed(seed(name));
  const wallet = new CocoonWalletSender({ chain, key, owner, code: code('wallet'), logger, pollMs: 20 });
  senders.push(wallet);
  await localnet.chain.faucet(wallet.address, toNano('100'));
  return wallet;
}

const start = async (more: Record<string, unknown> = {}) => {
  const proxy = await startProxy({ ...config, ...more }, { logger });
  proxies.push(proxy);
  return proxy;
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cocoon-proxy-e2e-'));
  proxies = [];
  localnet = await startLocalnet({ port: 0, logger });
  chain = new ToncenterChain({ endpoint: `${localnet.url}/api/v2/jsonRPC`, logger });
  operator = walletAddress(seed('operator'), new Address(0, seed('cold')));
  const deployer = await sender('deployer', operator);
  const data = initialRootData({ owner: deployer.address, params: PARAMS, version: 1 });
  data.modelHashes.add(modelHash('demo@1:00').toString('hex'));
  const init = { code: code('root'), data: packRootData(data) };
  root = stateInitAddress(init);
  await deployer.send([{ to: root, value: toNano('1'), init }]);
  await localnet.chain.faucet(walletAddress(seed('proxy node'), operator), toNano('50'));
  config = {
    is_test: true,
    http_port: 0,
    workers_rpc_port: 0,
    client_rpc_port: 0,
    owner_address: operator.toString(),
    root_contract_address: root.toString(),
    node_wallet_key: seed('proxy node').toString('base64'),
    machine_specific_private_key: seed('proxy machine').toString('base64'),
    db_path: join(folder, 'ledger.sqlite'),
    ton_endpoint: `${localnet.url}/api/v2/jsonRPC`,
    transport: 'plain',
    http_access_hash: BEARER,
    poll_interval_ms: 20,
    commit_min_ms: 600_000,
    commit_max_ms: 600_000,
  };
});

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  for (const proxy of proxies) await proxy.close();
  for (const wallet of senders.splice(0)) await wallet.close();
  await chain.close();
  await localnet.close();
  rmSync(folder, { recursive: true, force: true });
});

async function post(proxy: RunningProxy, path: string, token = BEARER) {
  const response = await fetch(`http://127.0.0.1:${proxy.httpPort}/request/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

async function peer(port: number) {
  const inbox: TlObject[] = [];
  const waiting: (() => void)[] = [];
  const connection = await dial({
    host: '127.0.0.1',
    port,
    security: plain,
    logger,
    onConnection: () => ({
      onMessage: (message) => {
        inbox.push(message);
        for (const wake of waiting.splice(0)) wake();
      },
      onQuery: async () => undefined,
      onClose: () => undefined,
    }),
  });
  connections.push(connection);
  const next = async <T extends TlObject['_']>(name: T): Promise<Extract<TlObject, { _: T }>> => {
    for (;;) {
      const found = inbox.findIndex((message) => message._ === name);
      if (found >= 0) return inbox.splice(found, 1)[0] as Extract<TlObject, { _: T }>;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { connection, next };
}

/** The same derivations a client and a worker make from the root and the proxy's identity. */
function contracts(root: Address, clientOwner: Address, workerOwner: Address) {
  const publicKey = rawPublicKey(privateKeyFromSeed(seed('proxy machine')));
  const proxy = stateInitAddress(
    proxyStateInit({ owner: operator, publicKey, root, params: PARAMS, proxyCode: code('proxy') }),
  );
  const common = { proxy, publicKey, params: PARAMS };
  return {
    proxy,
    client: clientStateInit({ ...common, owner: clientOwner }),
    worker: workerStateInit({ ...common, owner: workerOwner }),
  };
}

/** Opens a channel with its stake and a secret, and connects; and connects a worker. */
async function network(proxy: RunningProxy) {
  const clientNode = await sender('client', operator);
  const workerOwner = new Address(0, seed('worker owner'));
  const all = contracts(root, clientNode.address, workerOwner);
  const clientContract = stateInitAddress(all.client);
  const workerContract = stateInitAddress(all.worker);
  await clientNode.send([
    { to: clientContract, value: toNano('0.8'), init: all.client },
    { to: workerContract, value: toNano('0.3'), init: all.worker },
  ]);
  const client = await peer(proxy.clientPort);
  const welcome = await client.connection.query(
    {
      _: 'client.connectToProxy',
      params: {
        _: 'client.params',
        clientOwnerAddress: clientNode.address.toString(),
        isTest: true,
        minProtoVersion: 1,
        maxProtoVersion: 3,
      },
      minConfigVersion: 1,
    },
    { timeoutMs: 5000 },
  );
  expect(welcome.params.proxyScAddress).toBe(all.proxy.toString({ bounceable: false }));
  expect(welcome.auth._).toBe('client.proxyConnectionAuthLong');
  const nonce = BigInt.asUintN(64, welcome.auth.nonce);
  const excessesTo = clientNode.address;
  const authorized = client.connection.query({ _: 'client.authorizeWithProxyLong' }, { timeoutMs: 20_000 });
  await clientNode.send([
    CocoonClient.buildChangeSecretHashAndTopUp(clientContract, {
      amount: PARAMS.minClientStake,
      secretHash: createHash('sha256').update(SECRET).digest(),
      excessesTo,
    }) as never,
  ]);
  await clientNode.send([CocoonClient.buildRegister(clientContract, { nonce, excessesTo }) as never]);
  expect((await authorized)._).toBe('client.authorizationWithProxySuccess');

  const worker = await peer(proxy.workerPort);
  await worker.connection.query(
    {
      _: 'worker.connectToProxy',
      params: {
        _: 'worker.params',
        workerOwnerAddress: workerOwner.toString(),
        model: 'demo@1:00',
        coefficient: 1000,
        isTest: true,
        proxyCnt: 1,
        maxActiveRequests: 4,
        minProtoVersion: 1,
        maxProtoVersion: 3,
      },
    },
    { timeoutMs: 5000 },
  );
  await worker.connection.query(
    { _: 'worker.compareBalanceWithProxy', tokensCommittedToBlockchain: 0n, tokensCommittedToDb: 0n, maxTokens: 0n },
    { timeoutMs: 5000 },
  );
  await worker.connection.query({ _: 'worker.proxyHandshakeComplete', isDisabled: false }, { timeoutMs: 5000 });
  return { client, worker, clientNode, clientContract, workerContract, workerOwner, proxyContract: all.proxy };
}

async function answer({ client, worker }: Awaited<ReturnType<typeof network>>, total: bigint) {
  client.connection.send({
    _: 'client.runQueryEx',
    modelName: 'demo',
    query: encode({
      _: 'http.request',
      method: 'POST',
      url: '/v1/chat/completions',
      httpVersion: 'HTTP/1.1',
      headers: [],
      payload: Buffer.from('{}'),
    }),
    maxCoefficient: 1000,
    maxTokens: 100,
    timeout: 30,
    requestId: seed(`request ${total}`),
    minConfigVersion: 1,
    enableDebug: false,
  });
  const { requestId } = await worker.next('proxy.runQueryEx');
  const response = encode({
    _: 'http.response',
    httpVersion: 'HTTP/1.1',
    statusCode: 200,
    reason: 'OK',
    headers: [],
    payload: Buffer.from('hello'),
  });
  const tokensUsed = {
    _: 'tokensUsed',
    promptTokensUsed: 0n,
    cachedTokensUsed: 0n,
    completionTokensUsed: total,
    reasoningTokensUsed: 0n,
    totalTokensUsed: total,
  } as const;
  worker.connection.send({
    _: 'proxy.queryAnswerEx',
    requestId,
    answer: response,
    finalInfo: { _: 'proxy.queryFinalInfo', tokensUsed },
  });
  const frame = await client.next('client.queryAnswerEx');
  expect(frame.finalInfo?.tokensUsed.totalTokensUsed).toBe(total);
  return client.next('proxy.clientRequestPayment');
}

const data = async (address: Address) => (await chain.account(address)).data!;

describe('proxy on a local chain', () => {
  it('deploys and stakes its contract, serves an answer, and settles it to the nanoTON', async () => {
    const proxy = await start();
    const world = await network(proxy);
    expect(parseProxyData(await data(world.proxyContract))).toMatchObject({ state: 0, stake: PARAMS.minProxyStake });
    const tokens = 1_000_003n;
    expect((await answer(world, tokens)).maxTokens).toBe(tokens);
    const payer = encodeURIComponent(world.clientNode.address.toString());
    const payee = encodeURIComponent(world.workerOwner.toString());

    const charge = await post(proxy, `charge?client=${payer}`);
    expect(charge).toMatchObject({ status: 200, body: { tokens: `${tokens}`, amount_nano: `${tokens * 20n}` } });
    expect(parseClientData(await data(world.clientContract))).toMatchObject({
      tokensUsed: tokens,
      balance: PARAMS.minClientStake - tokens * 20n,
    });

    const payout = await post(proxy, `payout?worker=${payee}`);
    expect(payout).toMatchObject({ status: 200, body: { tokens: `${tokens}`, amount_nano: `${tokens * 19n}` } });
    expect(parseWorkerData(await data(world.workerContract)).tokens).toBe(tokens);
    const received = (await chain.transactions(world.workerOwner, { limit: 10 })).map(({ inMessage }) =>
      inMessage?.info.type === 'internal' ? inMessage.info.value.coins : 0n,
    );
    expect(received).toContain(tokens * 19n);

    const withdraw = await post(proxy, 'withdraw');
    expect(withdraw).toMatchObject({ status: 200, body: { amount_nano: `${tokens}` } });
    expect(parseProxyData(await data(world.proxyContract)).balance).toBe(0n);

    expect(await post(proxy, `charge?client=${payer}`)).toMatchObject({
      status: 409,
      body: { error: { code: 'nothing_to_settle' } },
    });
  });

  it('pays a worker more than its contract has to spare, by telling the contract what the client was charged', async () => {
    const proxy = await start({ max_tokens_per_request: 200_000_000, charge_threshold_nano: `${toNano(1000)}` });
    const world = await network(proxy);
    const tokens = 150_000_000n;
    await answer(world, tokens);
    const spare = (await readProxyBooks(chain, world.proxyContract))!.payable;
    expect(spare).toBeLessThan(tokens * PARAMS.pricePerToken);
    const payee = encodeURIComponent(world.workerOwner.toString());
    expect(await post(proxy, `payout?worker=${payee}`)).toMatchObject({ status: 200, body: { tokens: `${tokens}` } });
    const books = (await readProxyBooks(chain, world.proxyContract))!;
    expect(books).toMatchObject({ earned: 0n, escrow: PARAMS.minClientStake - tokens * PARAMS.pricePerToken });
    expect(books.backedStake).toBe(PARAMS.minProxyStake);
    const received = (await chain.transactions(world.workerOwner, { limit: 10 })).map(({ inMessage }) =>
      inMessage?.info.type === 'internal' ? inMessage.info.value.coins : 0n,
    );
    expect(received).toContain(tokens * PARAMS.workerFeePerToken);
  });

  it('continues after a restart with every counter, and finds the client again by its secret', async () => {
    const first = await start();
    const world = await network(first);
    await answer(world, 500n);
    await first.close();
    const second = await start();
    const client = await peer(second.clientPort);
    const welcome = await client.connection.query(
      {
        _: 'client.connectToProxy',
        params: {
          _: 'client.params',
          clientOwnerAddress: world.clientNode.address.toString(),
          isTest: true,
          minProtoVersion: 1,
          maxProtoVersion: 3,
        },
        minConfigVersion: 1,
      },
      { timeoutMs: 5000 },
    );
    expect(welcome.auth._).toBe('client.proxyConnectionAuthShort');
    const success = await client.connection.query(
      { _: 'client.authorizeWithProxyShort', data: SECRET },
      { timeoutMs: 5000 },
    );
    expect(success).toMatchObject({ maxTokens: 500n, tokensCommittedToDb: 500n });
  });

  it('does not start with a ledger that is older than what the chain has seen', async () => {
    const first = await start();
    await first.close();
    await expect(start({ db_path: join(folder, 'another.sqlite') })).rejects.toMatchObject({
      code: 'rollback',
      message: expect.stringContaining('restore the newest ledger'),
    });
  });

  it('does not wait for ever on a chain that was set back behind its ledger', async () => {
    const first = await start();
    await first.close();
    const setBack = Object.create(chain, {
      account: {
        value: async (address: Address) => {
          const account = await chain.account(address);
          return account.last === undefined ? account : { ...account, last: { ...account.last, lt: 1n } };
        },
      },
    }) as ToncenterChain;
    let now = Date.now();
    const later = () => {
      now += 10_000;
      return now;
    };
    await expect(startProxy(config, { logger, chain: setBack, now: later })).rejects.toMatchObject({
      code: 'chain',
      message: expect.stringMatching(/ledger\.sqlite has seen lt \d+; ton_endpoint is another chain/),
    });
  });

  it('does not start twice on one ledger', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ code: 'in_use', message: expect.not.stringContaining('\n') });
  });

  it('moves no money for strangers', async () => {
    const proxy = await start();
    expect((await post(proxy, 'withdraw', 'wrong')).status).toBe(401);
    expect((await fetch(`http://127.0.0.1:${proxy.httpPort}/request/withdraw`)).status).toBe(405);
    expect(await post(proxy, 'charge?client=nobody')).toMatchObject({ status: 400 });
    expect(await post(proxy, `charge?client=${operator.toString()}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'unknown_account' } },
    });
  });
});
