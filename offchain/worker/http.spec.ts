import { Harness } from './testing/harness';

let harness: Harness;
afterEach(async () => {
  await harness.close();
});

describe("operator's HTTP interface of a worker", () => {
  it.each(['/request/enable', '/request/disable', '/request/payout', '/request/change_coefficient'])(
    'guards POST %s by the access hash, and names the key when there is none',
    async (path) => {
      harness = await Harness.start({ http_access_hash: '' });
      expect(await harness.http(path, { method: 'POST', token: '' })).toMatchObject({
        status: 403,
        body: { error: { code: 'access_hash_not_set', message: expect.stringContaining('"http_access_hash"') } },
      });
      await harness.worker?.close();
      await harness.startWorker();
      expect((await harness.http(path, { method: 'POST' })).status).toBe(401);
      expect((await harness.http(path, { method: 'POST', token: 'let-me-ix' })).status).toBe(401);
      expect((await harness.http(path)).status).toBe(405);
    },
  );

  it('takes the worker out of service and back, and tells the proxy and the statistics (B10)', async () => {
    harness = await Harness.start();
    await harness.ready();
    const post = (path: string) => harness.http(path, { method: 'POST', token: 'let-me-in' });
    expect((await post('/request/disable')).body).toEqual({ enabled: false });
    await harness.until(() => harness.proxy.disabled === true);
    expect((await harness.http('/readyz')).body).toMatchObject({
      ready: false,
      reasons: [expect.stringContaining('/request/enable')],
    });
    const enabled = async () => (await harness.http('/jsonstats')).body.status as unknown;
    expect(await enabled()).toMatchObject({ enabled: false });
    await post('/request/enable');
    await harness.until(() => harness.proxy.disabled === false);
    expect((await harness.http('/readyz')).status).toBe(200);
    expect(await enabled()).toMatchObject({ enabled: true });
  });

  it.each(['', '?coefficient=', '?coefficient=-1', '?coefficient=abc', '?coefficient=1e3', '?coefficient=1000000'])(
    'refuses a price of "%s"',
    async (query) => {
      harness = await Harness.start();
      expect(
        await harness.http(`/request/change_coefficient${query}`, { method: 'POST', token: 'let-me-in' }),
      ).toMatchObject({
        status: 400,
        body: { error: { code: 'invalid_parameter' } },
      });
    },
  );

  it('answers a payout that cannot be made with its reason', async () => {
    harness = await Harness.start();
    await harness.ready();
    const payout = (query = '') => harness.http(`/request/payout${query}`, { method: 'POST', token: 'let-me-in' });
    expect(await payout('?proxy=nobody')).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_parameter' } },
    });
    expect(await payout(`?proxy=${harness.proxy.owner}`)).toMatchObject({
      status: 409,
      body: { error: { code: 'no_voucher' } },
    });
    expect(await payout()).toMatchObject({
      status: 409,
      body: { error: { message: expect.stringContaining('Serve a request first') } },
    });
  });

  it('shows metrics, statistics and health', async () => {
    harness = await Harness.start();
    await harness.ready();
    harness.engine.script = (res) => void res.end('{"usage":{"completion_tokens":2}}');
    await harness.proxy.run({ body: { model: 'm' } }).answer;
    const metrics = JSON.stringify((await harness.http('/metrics')).body);
    expect(metrics).toContain('cocoon_worker_queries_total{outcome=\\"completed\\"} 1');
    expect(metrics).toContain('cocoon_worker_tokens_total{kind=\\"completion\\"} 16');
    const { body } = await harness.http('/jsonstats');
    expect(body).toMatchObject({
      status: { enabled: true, actual_model: 'm', coefficient: 1000, engine: { kind: 'vllm', up: true } },
      stats: {
        queries: [1, ...Array(6).fill(expect.any(Number))],
        total_adjusted_tokens_used: [16, ...Array(6).fill(expect.any(Number))],
      },
      root_contract_config: { price_per_token: '20', worker_fee_per_token: '19' },
      proxy_connections: [{ ready: true }],
      proxies: [{ proxy_sc_address: harness.proxy.address.toString() }],
    });
    expect((await harness.http('/healthz')).status).toBe(200);
    expect((await harness.http('/nothing')).status).toBe(404);
  });

  it('says what it waits for while it starts, and names a port that is taken', async () => {
    harness = new Harness();
    await harness.startWorker();
    const { body } = await harness.http('/readyz');
    expect(JSON.stringify(body)).toMatch(/engine at .* is down/);
    await harness.until(() => harness.logs.some(({ msg }) => String(msg).includes('root_contract_address')));
    expect(JSON.stringify((await harness.http('/readyz')).body)).toContain('There is no contract at');
    await expect(new Harness().startWorker({ http_port: harness.worker?.httpPort })).rejects.toThrow(
      /"http_port": port \d+ on 127.0.0.1 is taken/,
    );
  });
});
