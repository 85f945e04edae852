import { HttpError, type OperatorHttp } from '../node/operator-http';
import { NothingToSettle } from './action-lanes';
import { type ProxyHttpOptions, proxyHttp } from './http';
import { PoolShortError } from './pool';
import { quiet } from './testing/world';

const settled = { transaction: { hash: 'ab', lt: 2n ** 60n, account: '0:01' }, tokens: 3n, amountNano: 60n };
let server: OperatorHttp | undefined;
let reasons: string[];
let calls: string[];

const note = <T>(call: string, result: T): T => {
  calls.push(call);
  return result;
};

async function serve(more: Partial<ProxyHttpOptions> = {}): Promise<string> {
  server = proxyHttp({
    host: '127.0.0.1',
    port: 0,
    accessHash: 'secret',
    logger: quiet,
    notReady: () => reasons,
    metrics: async () => '# metrics',
    stats: () => ({ big: 2n ** 60n, model: '"},<b>' }),
    actions: {
      charge: async (client) => note(`charge ${client}`, settled),
      payout: async (worker) => note(`payout ${worker}`, settled),
      withdraw: async () => note('withdraw', settled),
      commit: async () => note('commit', { seqno: 7 }),
    },
    ...more,
  });
  return `http://127.0.0.1:${await server.listen()}`;
}

const call = async (url: string, method: string, token?: string) => {
  const response = await fetch(url, {
    method,
    headers: { connection: 'close', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  });
  const text = await response.text();
  return {
    status: response.status,
    allow: response.headers.get('allow'),
    type: response.headers.get('content-type'),
    body: text.startsWith('{') ? JSON.parse(text) : text,
  };
};

beforeEach(() => {
  reasons = [];
  calls = [];
});
afterEach(async () => {
  await server?.close();
  server = undefined;
});

describe('operator HTTP', () => {
  it('tells in /readyz what its operator should know, although it is ready', async () => {
    const url = await serve({ notices: () => ['the root has newer terms'] });
    expect(await call(`${url}/readyz`, 'GET')).toMatchObject({
      status: 200,
      body: { ready: true, reasons: [], notices: ['the root has newer terms'] },
    });
  });

  it('answers health, readiness with its reasons, metrics and stats without a token, as escaped JSON (B16)', async () => {
    const url = await serve();
    expect(await call(`${url}/healthz`, 'GET')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await call(`${url}/readyz`, 'GET')).toMatchObject({ status: 200, body: { ready: true } });
    reasons = ['the disk is full'];
    expect(await call(`${url}/readyz`, 'GET')).toMatchObject({
      status: 503,
      body: { ready: false, reasons: ['the disk is full'] },
    });
    expect((await call(`${url}/metrics`, 'GET')).body).toBe('# metrics');
    expect(await call(`${url}/jsonstats`, 'GET')).toMatchObject({
      type: 'application/json',
      body: { big: '1152921504606846976', model: '"},<b>' },
    });
  });

  const paths = ['charge?client=0:01', 'payout?worker=0:02', 'withdraw', 'commit'];

  it.each(paths)('/request/%s acts on POST with the token, and says which transaction it was', async (path) => {
    const url = await serve();
    const answer = await call(`${url}/request/${path}`, 'POST', 'secret');
    expect(answer.status).toBe(200);
    expect(calls).toHaveLength(1);
    if (path === 'commit') expect(answer.body).toEqual({ committed: { seqno: 7 } });
    else
      expect(answer.body).toEqual({
        transaction: { hash: 'ab', lt: '1152921504606846976', account: '0:01' },
        tokens: '3',
        amount_nano: '60',
      });
  });

  it.each(paths)('/request/%s does nothing on GET, without a token, or with a wrong one', async (path) => {
    const url = await serve();
    expect(await call(`${url}/request/${path}`, 'GET', 'secret')).toMatchObject({
      status: 405,
      allow: 'POST',
      body: { error: { code: 'method_not_allowed' } },
    });
    expect(await call(`${url}/request/${path}`, 'POST')).toMatchObject({
      status: 401,
      body: { error: { code: 'unauthorized' } },
    });
    expect(await call(`${url}/request/${path}`, 'POST', 'secret2')).toMatchObject({ status: 401 });
    expect(calls).toEqual([]);
  });

  it.each(paths)('/request/%s is refused, naming the key, when no token is configured', async (path) => {
    const url = await serve({ accessHash: '' });
    expect(await call(`${url}/request/${path}`, 'POST', '')).toMatchObject({
      status: 403,
      body: { error: { message: expect.stringContaining('http_access_hash') } },
    });
    expect(calls).toEqual([]);
  });

  it('names a missing parameter, an unknown path, and why nothing was settled', async () => {
    const actions = {
      charge: async () => {
        throw new NothingToSettle('nothing to charge');
      },
      payout: async () => {
        throw new HttpError(404, 'unknown_account', 'no worker');
      },
      withdraw: async () => {
        throw new Error('exit code 1001');
      },
      commit: async () => ({ seqno: 1 }),
    };
    const url = await serve({ actions });
    expect(await call(`${url}/request/charge`, 'POST', 'secret')).toMatchObject({
      status: 400,
      body: { error: { code: 'missing_parameter' } },
    });
    expect(await call(`${url}/nowhere`, 'GET')).toMatchObject({ status: 404, type: 'application/json' });
    expect(await call(`${url}/request/charge?client=a`, 'POST', 'secret')).toMatchObject({
      status: 409,
      body: { error: { code: 'nothing_to_settle' } },
    });
    expect(await call(`${url}/request/payout?worker=a`, 'POST', 'secret')).toMatchObject({
      status: 404,
      body: { error: { code: 'unknown_account' } },
    });
    expect(await call(`${url}/request/withdraw`, 'POST', 'secret')).toMatchObject({
      status: 502,
      body: { error: { code: 'settlement_failed', message: 'exit code 1001' } },
    });
  });

  it('says that the contract has too few coins for a payout, which is nothing that is settled already', async () => {
    const payout = async () => {
      throw new PoolShortError(5n, '5 nanoTON are missing');
    };
    const url = await serve({ actions: { payout } as unknown as ProxyHttpOptions['actions'] });
    expect(await call(`${url}/request/payout?worker=a`, 'POST', 'secret')).toMatchObject({
      status: 503,
      body: { error: { code: 'pool_short', message: '5 nanoTON are missing' } },
    });
  });

  it('says which configuration key is wrong when its port is taken', async () => {
    const url = await serve();
    const second = proxyHttp({
      host: '127.0.0.1',
      port: Number(new URL(url).port),
      accessHash: '',
      logger: quiet,
      notReady: () => [],
      metrics: async () => '',
      stats: () => ({}),
      actions: {} as ProxyHttpOptions['actions'],
    });
    await expect(second.listen()).rejects.toThrow(/"http_port": port \d+ on 127.0.0.1 is taken/);
  });
});
