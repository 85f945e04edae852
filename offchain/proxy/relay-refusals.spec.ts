import { body, nothingLeft, started } from './testing/frames';
import { httpRequest, runQuery, World } from './testing/world';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

describe('relay > refuses with an ordinary HTTP answer that every client understands (B1, B2)', () => {
  const cases: [string, Parameters<typeof runQuery>[0], number, string][] = [
    ['an unknown model', { modelName: 'ghost' }, 404, 'model_not_found'],
    ['a negative max_tokens (B7)', { maxTokens: -5 }, 400, 'invalid_request'],
    ['a negative max_coefficient (B7)', { maxCoefficient: -1 }, 400, 'invalid_request'],
    ['a price the request does not allow', { maxCoefficient: 10 }, 402, 'price_above_limit'],
    ['more than the channel covers', { maxTokens: 2_000_000_000 }, 402, 'insufficient_balance'],
    ['a time limit that is no time', { timeout: Number.NaN }, 400, 'invalid_request'],
    ['a negative time limit', { timeout: -1 }, 400, 'invalid_request'],
    ['a query that is no http.request', { query: Buffer.from('nonsense') }, 400, 'invalid_request'],
    ['a header with a line break', { query: httpRequest('{}', [['X', 'a\r\nY: b']]) }, 400, 'invalid_request'],
    ['a body beyond the limit', { query: httpRequest('x'.repeat(70_000)) }, 413, 'request_too_large'],
    [
      'too many headers',
      {
        query: httpRequest(
          '{}',
          Array.from({ length: 20 }, (_, i) => [`H${i}`, '1']),
        ),
      },
      413,
      'request_too_large',
    ],
    ['a root version this proxy does not know yet', { minConfigVersion: 99 }, 409, 'config_version_too_low'],
  ];

  it.each(cases)('%s', async (_what, more, status, code) => {
    world.worker();
    const client = world.client();
    world.relay.run(client, runQuery(more));
    const answer = await client.next('client.queryAnswerEx');
    expect(body(answer.answer)).toMatchObject({ status, error: { code } });
    expect(answer.finalInfo?.tokensUsed.totalTokensUsed).toBe(0n);
    expect(client.inbox).toEqual([]);
    nothingLeft(world, client);
  });

  it('no worker at the moment, a proxy that is not ready, a closing channel', async () => {
    world.worker({ enabled: false });
    const client = world.client();
    world.relay.run(client, runQuery());
    expect(body((await client.next('client.queryAnswerEx')).answer)).toMatchObject({
      status: 503,
      error: { code: 'no_worker' },
    });
    world.unready = 'the disk is full';
    world.relay.run(client, runQuery());
    expect(body((await client.next('client.queryAnswerEx')).answer)).toMatchObject({
      status: 503,
      error: { code: 'proxy_not_ready', message: expect.stringContaining('the disk is full') },
    });
    world.unready = undefined;
    client.account.chain.state = 'closing';
    world.relay.run(client, runQuery());
    expect(body((await client.next('client.queryAnswerEx')).answer)).toMatchObject({
      status: 403,
      error: { code: 'channel_closing' },
    });
    nothingLeft(world, client);
  });

  it('more requests at once than one client may have (B13)', async () => {
    const worker = world.worker({ limit: 10 });
    const client = world.client();
    for (let i = 0; i < 4; i++) await started(world, worker, client);
    world.relay.run(client, runQuery());
    expect(body((await client.next('client.queryAnswerEx')).answer)).toMatchObject({
      status: 429,
      error: { code: 'too_many_requests' },
    });
  });

  it('a queue that did not move in time (B13)', async () => {
    await world.close();
    world = new World({ queueTimeoutMs: 20 });
    const worker = world.worker({ limit: 1 });
    await started(world, worker);
    const second = world.client(3, world.account(11));
    world.relay.run(second, runQuery());
    expect(body((await second.next('client.queryAnswerEx')).answer)).toMatchObject({
      status: 503,
      error: { code: 'all_workers_busy' },
    });
    expect(second.account.reserved).toBe(0n);
  });
});
