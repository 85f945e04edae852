import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contractCode, privateKeyFromSeed, rawPublicKey, stateInitAddress, walletStateInit } from '@cocoon/sdk';
import type { TlObject } from '@cocoon/sdk/protocol/tl';
import { Cell, toNano } from '@ton/core';
import OpenAI from 'openai';
import { type RunningClient, startClient } from '.';
import { secretHash } from './session';
import { FakeChain, WALLET as OWNER, ROOT } from './testing/fake-network';
import { FakeProxy, finalInfo, httpResponse } from './testing/fake-proxy';
import { chatChunk, chatCompletion } from './testing/fake-upstream';
import { silentLogger } from './testing/start-gateway';

const SEED = Buffer.alloc(32, 3);
const SECRET = 'a secret of the configuration';
const wallet = stateInitAddress(
  walletStateInit({
    publicKey: rawPublicKey(privateKeyFromSeed(SEED)),
    owner: OWNER,
    code: Cell.fromBase64(contractCode.wallet.boc),
  }),
);

interface World {
  chain: FakeChain;
  proxy: FakeProxy;
  openai: OpenAI;
  get(path: string): Promise<Response>;
  ready(): Promise<void>;
  client: RunningClient;
}

const config = {
  is_test: true,
  http_port: 0,
  owner_address: OWNER.toString(),
  root_contract_address: ROOT.toString(),
  node_wallet_key: SEED.toString('base64'),
  secret_string: SECRET,
  ton_endpoint: 'http://127.0.0.1:9/unused',
  transport: 'plain',
  poll_interval_ms: 20,
  root_refresh_ms: 100,
};

/** A whole client over real sockets; the chain is in memory, so only what needs no transaction is played here. */
async function world(known = true): Promise<World> {
  const chain = new FakeChain(wallet);
  const proxy = new FakeProxy(chain);
  await proxy.start();
  chain.publishRoot(proxy.endpoint);
  if (known) {
    chain.setClient({ balance: toNano('15'), secretHash: secretHash(Buffer.from(SECRET)) });
    proxy.knownSecretHash = secretHash(Buffer.from(SECRET));
  }
  const stateDir = mkdtempSync(join(tmpdir(), 'cocoon-client-'));
  const client = await startClient({ ...config, state_dir: stateDir }, { logger: silentLogger, chain });
  const url = `http://127.0.0.1:${client.httpPort}`;
  const get = (path: string) => fetch(`${url}${path}`);
  const ready = async () => {
    // Each look is a round trip through the event loop of this very process, so this cannot spin without progress.
    while ((await get('/readyz')).status !== 200);
  };
  return { chain, proxy, client, get, ready, openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'x', maxRetries: 0 }) };
}

describe('the whole client', () => {
  let w: World;
  const ask = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };
  afterEach(async () => {
    await w.client.close();
    await w.proxy.close();
  });

  test('a whole answer and a streamed one go through, and are counted', async () => {
    w = await world();
    await w.ready();
    w.proxy.onRun = ({ requestId }, connection) => {
      const answer = httpResponse(JSON.stringify(chatCompletion('hello')), 'application/json');
      connection.send({ _: 'client.queryAnswerEx', requestId, answer, finalInfo: finalInfo(9n) });
    };
    expect(await w.openai.chat.completions.create(ask)).toEqual(chatCompletion('hello'));

    w.proxy.onRun = ({ requestId }, connection) => {
      connection.send({ _: 'client.queryAnswerEx', requestId, answer: httpResponse('', 'text/event-stream') });
      for (const word of ['one ', 'two']) {
        const answer = Buffer.from(`data: ${JSON.stringify(chatChunk(word))}\n\n`);
        connection.send({ _: 'client.queryAnswerPartEx', requestId, answer });
      }
      const answer = Buffer.from('data: [DONE]\n\n');
      connection.send({ _: 'client.queryAnswerPartEx', requestId, answer, finalInfo: finalInfo(4n) });
    };
    let text = '';
    for await (const chunk of await w.openai.chat.completions.create({ ...ask, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('one two');
    const stats = (await (await w.get('/jsonstats')).json()) as {
      proxies: Record<string, unknown>[];
      wallet: { address: string };
    };
    expect(stats.proxies[0]).toMatchObject({ tokens_received: 13, state: 0, stake: 15_000_000_000 });
    expect(stats.wallet.address).toBe(wallet.toString({ bounceable: false }));
    expect(JSON.stringify(stats)).not.toContain(SECRET);
  });

  test('aborting a stream reaches the proxy', async () => {
    w = await world();
    await w.ready();
    w.proxy.onRun = ({ requestId }, connection) => {
      connection.send({ _: 'client.queryAnswerEx', requestId, answer: httpResponse('', 'text/event-stream') });
      const answer = Buffer.from(`data: ${JSON.stringify(chatChunk('one'))}\n\n`);
      connection.send({ _: 'client.queryAnswerPartEx', requestId, answer });
    };
    const cancelled = w.proxy.next('client.cancelQuery');
    const started = w.proxy.next('client.runQueryEx');
    const stream = await w.openai.chat.completions.create({ ...ask, stream: true });
    for await (const _ of stream) break;
    expect((await cancelled).requestId).toEqual((await started).requestId);
  });

  test('a proxy that goes away ends its requests and is found again when it is back', async () => {
    w = await world();
    await w.ready();
    const port = Number(w.proxy.endpoint.split(':')[1]);
    const arrived = w.proxy.next('client.runQueryEx');
    const answer = w.openai.chat.completions.create(ask).catch((error: unknown) => error);
    await arrived;
    await w.proxy.close();
    expect(await answer).toMatchObject({ status: 502, code: 'connection_lost' });
    expect((await w.get('/readyz')).status).toBe(503);
    await w.proxy.start(port);
    await w.ready();
  });

  test('statistics are told in the middle of a handshake with a proxy, and say that nothing is ready (B10)', async () => {
    w = await world();
    const asked = w.proxy.next('client.connectToProxy');
    w.proxy.answer = (query) =>
      query._ === 'client.connectToProxy' ? new Promise<TlObject>(() => undefined) : undefined;
    w.proxy.connections[0]?.close();
    await asked;
    for (const path of ['/jsonstats', '/metrics', '/healthz']) expect((await w.get(path)).status).toBe(200);
    const told = await stats();
    expect(told.status.enabled).toBe(false);
    expect(told.proxy_connections).toMatchObject([{ is_ready: false, running_requests: 0 }]);
  });

  const stats = async () => (await (await w.get('/jsonstats')).json()) as Stats;
  interface Stats {
    status: { enabled: boolean };
    root_contract_config: { version: number };
    proxies: Record<string, unknown>[];
    proxy_connections: Record<string, unknown>[];
  }

  test('new terms: connection and channel stay, requests name the new root, an answer costs what the channel says', async () => {
    w = await world();
    await w.ready();
    w.chain.rootVersion = 2;
    w.chain.publishRoot(w.proxy.endpoint, { paramsVersion: 2, pricePerToken: 30n });
    while ((await stats()).root_contract_config.version !== 2);
    w.proxy.onRun = ({ requestId }, connection) => {
      const answer = httpResponse(JSON.stringify(chatCompletion('hello')), 'application/json');
      connection.send({ _: 'client.queryAnswerEx', requestId, answer, finalInfo: finalInfo(9n) });
    };
    const asked = w.proxy.next('client.runQueryEx');
    const { response } = await w.openai.chat.completions.create(ask).withResponse();
    expect(response.headers.get('x-cocoon-cost')).toBe('180');
    expect((await asked).minConfigVersion).toBe(2);
    expect(w.proxy.connections).toHaveLength(1);
    const { proxies, proxy_connections } = await stats();
    const old = { params_version: 1, price_per_token: 20 };
    expect([proxies, proxy_connections]).toMatchObject([[old], [old]]);
    expect(await (await w.get('/metrics')).text()).toContain('cocoon_client_channels_of_older_terms 1');
  });

  test('a proxy that leaves the registry is left, and one that comes is used, within a reading of the root', async () => {
    w = await world();
    await w.ready();
    const second = new FakeProxy(w.chain);
    second.knownSecretHash = w.proxy.knownSecretHash;
    await second.start();
    const left = w.proxy.nextClose();
    const met = second.next('client.connectToProxy');
    w.chain.rootVersion = 2;
    w.chain.publishRoot(second.endpoint);
    await Promise.all([left, met]);
    await w.ready();
    expect((await stats()).proxy_connections).toMatchObject([{ address: second.endpoint, is_ready: true }]);
    await second.close();
  });

  test('an empty wallet: the endpoint is up and says what to pay where', async () => {
    w = await world(false);
    let reply: Response;
    do reply = await w.get('/readyz');
    while (reply.status !== 402);
    const { error } = (await reply.json()) as { error: { message: string; code: string } };
    expect(error.code).toBe('wallet_underfunded');
    expect(error.message).toContain(wallet.toString({ bounceable: false }));
    await expect(w.openai.chat.completions.create(ask)).rejects.toMatchObject({
      status: 402,
      code: 'wallet_underfunded',
    });
  });
});

test('a root of another network, and an address without contract, stop the start with the key to change', async () => {
  const chain = new FakeChain();
  const start = () =>
    startClient(
      { ...config, is_test: false, transport: 'attested', state_dir: mkdtempSync(join(tmpdir(), 'cocoon-client-')) },
      { logger: silentLogger, chain },
    );
  await expect(start()).rejects.toThrow(/root_contract_address/);
  chain.publishRoot('127.0.0.1:1');
  await expect(start()).rejects.toThrow(/is_test/);
});

test('a state directory that cannot be used is said', async () => {
  const start = startClient({ ...config, state_dir: '/dev/null/x' }, { logger: silentLogger, chain: new FakeChain() });
  await expect(start).rejects.toMatchObject({ code: 'CONFIG', key: 'state_dir' });
});

it('does not start on a damaged channel file, and names it', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'cocoon-client-'));
  mkdirSync(join(stateDir, 'channels'));
  writeFileSync(join(stateDir, 'channels', 'abc.json'), '{"version": 1,');
  const starting = startClient(
    { ...config, state_dir: stateDir },
    { logger: silentLogger, chain: new FakeChain(wallet) },
  );
  await expect(starting).rejects.toThrow(/abc\.json cannot be used .*move it away/);
});
