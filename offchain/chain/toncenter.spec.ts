import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Address, beginCell, toNano } from '@ton/core';
import pino from 'pino';
import { startLocalnet } from '../localnet';
import { FakeNetwork } from './lite-server/testing/network';
import { ChainError } from './port';
import { ToncenterChain, type ToncenterOptions } from './toncenter';

const logger = pino({ level: 'silent' });
const address = Address.parseRaw(`0:${'11'.repeat(32)}`);
const info = {
  ok: true,
  result: {
    balance: '5',
    state: 'uninitialized',
    code: '',
    data: '',
    last_transaction_id: { lt: '0', hash: '' },
  },
};

type Handler = (request: { body: string; headers: IncomingMessage['headers'] }, response: ServerResponse) => void;

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) {
    await close();
  }
});

interface Scripted {
  chain: ToncenterChain;
  requests: { body: string; headers: IncomingMessage['headers'] }[];
  /** Milliseconds the chain wanted to wait between attempts. */
  waits: number[];
}

/** A server that answers each request with the next handler, and the last one for all that follow. */
async function scripted(handlers: Handler[], options: Partial<ToncenterOptions> = {}): Promise<Scripted> {
  const requests: Scripted['requests'] = [];
  const waits: number[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      const handler = handlers[Math.min(requests.length, handlers.length - 1)]!;
      requests.push({ body, headers: request.headers });
      handler({ body, headers: request.headers }, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const chain = new ToncenterChain({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v2/jsonRPC`,
    logger,
    sleep: async (ms) => {
      waits.push(ms);
    },
    ...options,
  });
  closers.push(async () => {
    await chain.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { chain, requests, waits };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Handler =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
const text =
  (status: number, body: string): Handler =>
  (_request, response) => {
    response.writeHead(status);
    response.end(body);
  };

async function failure(promise: Promise<unknown>): Promise<ChainError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChainError)) {
    throw new Error(`expected a ChainError, got ${String(error)}`);
  }
  expect(error.message).not.toContain('\n');
  return error;
}

describe('a server with a bad day', () => {
  it.each<[string, Handler]>([
    ['429', json(429, { ok: false, error: 'Ratelimit exceed', code: 429 })],
    ['500', json(500, { ok: false, error: 'LITE_SERVER_NETWORK', code: 500 })],
    ['502 with a page instead of JSON', text(502, '<html>bad gateway</html>')],
    ['200 with garbage', text(200, 'certainly')],
    ['200 with another shape', json(200, { ok: true, result: { balance: 'x' } })],
    ['200 with a balance that lost digits', json(200, { ok: true, result: { ...info.result, balance: 2 ** 60 } })],
    [
      '200 with a logical time that is none',
      json(200, { ok: true, result: { ...info.result, last_transaction_id: { lt: '-5', hash: '' } } }),
    ],
    ['200 with ok: false', json(200, { ok: false, error: 'LITE_SERVER_NOTREADY' })],
    ['a connection that breaks off', (_request, response) => void response.socket?.destroy()],
  ])('%s is tried again, with growing pauses, until it answers', async (_what, bad) => {
    const { chain, requests, waits } = await scripted([bad, bad, json(200, info)]);
    expect(await chain.account(address)).toEqual({ balance: 5n, status: 'uninit' });
    expect(requests).toHaveLength(3);
    expect(waits).toHaveLength(2);
    expect(waits[0]).toBeGreaterThanOrEqual(125);
    expect(waits[1]).toBeLessThanOrEqual(750);
  });

  it('429 with Retry-After is waited for as long as it says', async () => {
    const { chain, waits } = await scripted([
      json(429, { ok: false, error: 'slow' }, { 'retry-after': '7' }),
      json(200, info),
    ]);
    await chain.account(address);
    expect(waits).toEqual([7000]);
  });

  it.each<[string, Handler, string]>([
    ['429', json(429, { ok: false, error: 'Ratelimit exceed' }), 'rate-limited'],
    ['500', json(500, { ok: false, error: 'boom' }), 'server-error'],
    ['garbage', text(200, '\u0000\u0001'), 'bad-answer'],
    ['a broken connection', (_request, response) => void response.socket?.destroy(), 'unreachable'],
  ])('%s for ever ends with a typed error after the last attempt', async (_what, bad, code) => {
    const { chain, requests } = await scripted([bad], { attempts: 3 });
    const error = await failure(chain.account(address));
    expect([error.code, error.retryable]).toEqual([code, true]);
    expect(requests).toHaveLength(3);
  });

  it('silence ends at the timeout', async () => {
    const { chain } = await scripted([() => undefined], { timeoutMs: 50, attempts: 2 });
    const error = await failure(chain.account(address));
    expect([error.code, error.message]).toEqual(['unreachable', expect.stringContaining('no answer within 50 ms')]);
  });

  it('a body that never ends is cut off at the timeout too', async () => {
    const dripping: Handler = (_request, response) => {
      response.writeHead(200);
      response.write('{"ok":');
    };
    const { chain } = await scripted([dripping], { timeoutMs: 50, attempts: 1 });
    expect((await failure(chain.account(address))).code).toBe('unreachable');
  });

  it.each<[string, Handler, string]>([
    ['401', json(401, { ok: false, error: 'API key does not exist' }), 'unauthorized'],
    ['422', json(422, { ok: false, error: 'Incorrect address' }), 'bad-request'],
  ])('%s is not tried again', async (_what, bad, code) => {
    const { chain, requests } = await scripted([bad]);
    const error = await failure(chain.account(address));
    expect([error.code, error.retryable, requests.length]).toEqual([code, false, 1]);
  });

  it('nobody listening is said with the endpoint and the next step', async () => {
    const chain = new ToncenterChain({ endpoint: 'http://127.0.0.1:1/', logger, attempts: 1 });
    const error = await failure(chain.time());
    expect(error.message).toMatch(/127\.0\.0\.1:1 cannot be reached \(.*ECONNREFUSED.*\); check ton_endpoint/);
    await chain.close();
  });

  it('the caller can end a call that waits', async () => {
    const controller = new AbortController();
    const { chain } = await scripted([() => controller.abort()], { signal: controller.signal });
    expect((await failure(chain.account(address))).code).toBe('aborted');
  });
});

describe('what the server says is understood', () => {
  it('a refused message, with its exit code, is not sent again', async () => {
    const said =
      'LITE_SERVER_UNKNOWN: cannot apply external message to current state : External message was not accepted\n' +
      'Cannot run message on account: inbound external message rejected by transaction 00: exitcode=1032, steps=12';
    const flat = json(500, { ok: false, error: said.replace('\n', ' '), code: 500 });
    const { chain, requests } = await scripted([flat]);
    const error = await failure(chain.sendBoc(Buffer.from([1])));
    expect([error.code, error.exitCode, error.retryable, requests.length]).toEqual([
      'message-rejected',
      1032,
      false,
      1,
    ]);
  });

  it('the exit code is found on a later line as well', async () => {
    const said =
      'cannot apply external message to current state : External message was not accepted\nexitcode=33, steps=9';
    const { chain } = await scripted([json(500, { ok: false, error: said, code: 500 })]);
    expect((await failure(chain.sendBoc(Buffer.from([1])))).exitCode).toBe(33);
  });

  it('the key travels in its header and the endpoint is used as it is', async () => {
    const { chain, requests } = await scripted([json(200, info)], { apiKey: 'secret' });
    await chain.account(address);
    expect(requests[0]!.headers['x-api-key']).toBe('secret');
    expect(JSON.parse(requests[0]!.body)).toMatchObject({ method: 'getAddressInformation', jsonrpc: '2.0' });
  });

  it('a transaction that is not what its id says is not believed', async () => {
    const cell = beginCell().storeUint(7, 4).endCell();
    const listed = [{ data: cell.toBoc().toString('base64'), transaction_id: { lt: '5', hash: '' } }];
    const { chain } = await scripted([json(200, { ok: true, result: listed })], { attempts: 1 });
    expect((await failure(chain.transactions(address, { limit: 1 }))).code).toBe('bad-answer');
  });

  it('a list of transactions with one left out is not believed', async () => {
    const network = new FakeNetwork();
    for (let i = 0; i < 4; i++) network.touch(address, 1n);
    const listed = network.historyOf(address).map(({ lt, hash, cell }) => ({
      data: cell.toBoc().toString('base64'),
      transaction_id: { lt: lt.toString(), hash: hash.toString('base64') },
    }));
    const [newest, second, third] = [...listed].reverse();
    const whole = json(200, { ok: true, result: [newest, second, third] });
    const { chain } = await scripted([whole, json(200, { ok: true, result: [newest, third] })], { attempts: 1 });
    expect(await chain.transactions(address, { limit: 3 })).toHaveLength(3);
    const error = await failure(chain.transactions(address, { limit: 3 }));
    expect([error.code, error.message]).toEqual([
      'bad-answer',
      expect.stringContaining('transaction 102000 where 103000 must be'),
    ]);
  });

  it.each(['ftp://example.com', 'example.com', ''])('the endpoint %j is refused', (endpoint) => {
    expect(() => new ToncenterChain({ endpoint, logger })).toThrow(/not an http\(s\) URL; set ton_endpoint/);
  });
});

describe('against the local chain', () => {
  it('reads accounts, time, transactions and errors', async () => {
    const net = await startLocalnet({ port: 0, logger, clock: () => 1_780_000_000_000 });
    const chain = new ToncenterChain({ endpoint: net.url, logger });
    closers.push(
      () => chain.close(),
      () => net.close(),
    );
    expect(await chain.account(address)).toEqual({ balance: 0n, status: 'uninit' });
    for (let i = 0; i < 5; i++) {
      await net.chain.faucet(address, toNano(1));
    }
    expect(await chain.time()).toBe(1_780_000_000);
    const { last, balance } = await chain.account(address);
    expect(balance).toBe(toNano(5));
    const all = await chain.transactions(address, { limit: 10 });
    expect(all).toHaveLength(5);
    expect(last).toEqual({ lt: all[0]!.lt, hash: all[0]!.hash() });
    const page = await chain.transactions(address, { limit: 2, before: { lt: all[1]!.lt, hash: all[1]!.hash() } });
    expect(page.map(({ lt }) => lt)).toEqual([all[2]!.lt, all[3]!.lt]);
    const oldest = { lt: all[4]!.lt, hash: all[4]!.hash() };
    expect(await chain.transactions(address, { limit: 2, before: oldest })).toEqual([]);
    const gone = chain.transactions(address, { limit: 2, before: { lt: 5n, hash: Buffer.alloc(32) } });
    expect((await failure(gone)).code).toBe('not-found');
    const method = await failure(chain.runMethod(address, 'seqno'));
    expect([method.code, method.exitCode]).toEqual(['exit-code', -13]);
  });
});
