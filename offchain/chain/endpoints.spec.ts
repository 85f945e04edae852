import type { ChainErrorCode } from './port';
import { down, error, failure, nowS, other, root, transaction, world } from './testing/failover-world';

describe('several endpoints', () => {
  it('are asked in the order of the configuration', async () => {
    const { a, b, chain } = world();
    a.at(5n);
    expect((await chain.account(root)).last?.lt).toBe(5n);
    expect(b.calls).toEqual([]);
  });

  it.each<ChainErrorCode>([
    'unreachable',
    'rate-limited',
    'server-error',
    'bad-answer',
    'unauthorized',
    'not-found',
    'bad-request',
  ])('go on to the next when one says %s', async (code) => {
    const { a, b, chain } = world();
    a.outage = error(code, false);
    b.at(5n);
    expect((await chain.account(root)).last?.lt).toBe(5n);
  });

  it('the one that failed rests, longer each time, and is then asked first again', async () => {
    const { a, b, clock, chain } = world();
    a.outage = down;
    for (const [restMs, calls] of [
      [1000, 1],
      [2000, 2],
      [4000, 3],
    ] as const) {
      await chain.account(root);
      clock.advance(restMs - 1);
      await chain.account(root);
      expect(a.calls).toHaveLength(calls);
      clock.advance(1);
    }
    a.outage = undefined;
    const before = b.count('account');
    await chain.account(root);
    expect(b.count('account')).toBe(before);
  });

  it('many calls that fail together are one failure', async () => {
    const { a, clock, chain } = world();
    a.outage = down;
    await Promise.all(Array.from({ length: 20 }, () => chain.account(root)));
    clock.advance(1000);
    a.outage = undefined;
    const before = a.count('account');
    await chain.account(root);
    expect(a.count('account')).toBe(before + 1);
  });

  it('when all fail the error is one that may pass, and the resting ones are asked nevertheless', async () => {
    const { a, b, c, chain } = world();
    a.outage = error('unauthorized', false);
    b.outage = error('not-found', false);
    c.outage = down;
    for (let i = 0; i < 3; i++)
      expect(await failure(chain.account(root))).toMatchObject({
        code: 'unreachable',
        retryable: true,
        message: expect.stringMatching(/^none of 3 endpoints could read the account .*: it is unreachable/),
      });
    c.outage = undefined;
    expect(await chain.account(root)).toMatchObject({ status: 'uninit' });
  });

  it.each<ChainErrorCode>(['exit-code', 'aborted'])('%s is an answer: nobody else is asked', async (code) => {
    const { a, b, chain } = world();
    jest.spyOn(a, 'runMethod').mockRejectedValue(error(code, false));
    expect((await failure(chain.runMethod(root, 'seqno'))).code).toBe(code);
    expect(b.calls).toEqual([]);
  });

  it('an error that is none of ours becomes one', async () => {
    const { a, b, c, chain } = world();
    for (const endpoint of [a, b, c]) jest.spyOn(endpoint, 'account').mockRejectedValue(new TypeError('oops'));
    expect(await failure(chain.account(root))).toMatchObject({
      code: 'bad-answer',
      message: expect.stringContaining('oops'),
    });
  });
});

describe('time never goes back', () => {
  it('an endpoint that is behind what was seen of an account is not believed', async () => {
    const { a, b, c, chain } = world();
    a.at(9n);
    await chain.account(root);
    a.outage = down;
    b.at(8n);
    c.at(9n);
    expect((await chain.account(root)).last?.lt).toBe(9n);
    c.state = { balance: 0n, status: 'uninit' };
    expect(await failure(chain.account(root))).toMatchObject({ retryable: true });
    expect(await chain.account(other)).toMatchObject({ last: { lt: 8n } });
  });

  it('nor are its transactions, nor its get methods', async () => {
    const { a, b, c, chain } = world();
    a.at(9n);
    await chain.account(root);
    a.outage = down;
    b.at(8n);
    b.list = [transaction(8n, 1)];
    c.at(9n);
    c.list = [transaction(9n, 1)];
    expect((await chain.transactions(root, { limit: 5 }))[0]?.lt).toBe(9n);
    expect((await chain.runMethod(root, 'seqno')).readNumber()).toBe(9);
    expect(b.count('runMethod')).toBe(0);
  });

  it('a newest transaction that another endpoint knows by another hash is a disagreement', async () => {
    const { a, b, chain, errors } = world();
    a.at(9n, 1);
    await chain.account(root);
    a.outage = down;
    b.at(9n, 2);
    const failed = await failure(chain.account(root));
    expect([failed.code, failed.message]).toEqual([
      'disagreement',
      expect.stringMatching(/b has the transaction 02.* take it out of ton_endpoints/),
    ]);
    expect(chain.problem).toBe(failed.message);
    await failure(chain.account(root));
    expect(errors).toEqual([failed.message]);
    b.list = [transaction(9n, 2)];
    expect((await failure(chain.transactions(root, { limit: 1 }))).code).toBe('disagreement');
  });

  it('the time of the chain only grows, and one that is a minute behind is not asked', async () => {
    const { a, b, clock, chain } = world();
    expect(await chain.time()).toBe(nowS);
    a.outage = down;
    b.nowS = nowS - 20;
    expect(await chain.time()).toBe(nowS);
    b.nowS = nowS - 61;
    clock.advance(61_000);
    expect(await chain.time()).toBe(nowS);
  });

  it('a get method is not asked of an endpoint that is behind', async () => {
    const { a, b, c, chain } = world();
    a.at(9n);
    await chain.account(root);
    a.outage = down;
    b.at(8n);
    c.at(9n);
    expect((await chain.runMethod(root, 'seqno')).readNumber()).toBe(9);
    expect([b.count('account'), b.count('runMethod')]).toEqual([1, 0]);
  });

  it('when all are a minute behind what was seen there is no time', async () => {
    const { a, b, c, chain } = world();
    await chain.time();
    a.outage = down;
    b.nowS = nowS - 61;
    c.nowS = nowS - 61;
    c.outage = down;
    a.outage = undefined;
    a.nowS = nowS - 61;
    expect(await failure(chain.time())).toMatchObject({
      code: 'stale',
      message: expect.stringContaining('is behind the network'),
    });
  });

  it('an endpoint whose network stands still is left out, as another one shows', async () => {
    const { a, b, clock, chain } = world();
    a.at(5n);
    b.at(7n);
    await chain.account(root);
    clock.advance(200_000);
    b.nowS = nowS + 200;
    expect((await chain.account(root)).last?.lt).toBe(7n);
  });

  it('but when all have the same time it is this machine’s clock that is wrong', async () => {
    const { a, b, clock, chain } = world();
    a.at(5n);
    clock.advance(3_600_000);
    expect((await chain.account(root)).last?.lt).toBe(5n);
    expect(b.count('account')).toBe(0);
  });
});

describe('messages', () => {
  const boc = Buffer.from('boc');

  it('go to two endpoints, and one that takes them is enough', async () => {
    const { a, b, c, clock, chain } = world();
    await chain.sendBoc(boc);
    expect([a.sent, b.sent, c.sent]).toEqual([[boc], [boc], []]);
    a.outage = down;
    b.refusal = error('message-rejected', false);
    expect((await failure(chain.sendBoc(boc))).code).toBe('message-rejected');
    a.outage = undefined;
    clock.advance(1000);
    await chain.sendBoc(boc);
    expect([a.sent.length, c.sent.length]).toEqual([2, 0]);
  });

  it('go to the others when neither could be reached', async () => {
    const { a, b, c, chain } = world();
    a.outage = down;
    b.outage = down;
    await chain.sendBoc(boc);
    expect(c.sent).toEqual([boc]);
    c.outage = down;
    expect(await failure(chain.sendBoc(boc))).toMatchObject({ code: 'unreachable', retryable: true });
  });
});

describe('the order of endpoints', () => {
  it('a success ends what failures have built up, and no rest is longer than a minute', async () => {
    const { a, b, c, clock, chain } = world();
    const asked = async () => {
      // Nobody lags, so nobody is asked to compare times.
      for (const endpoint of [a, b, c]) endpoint.nowS = clock.nowMs() / 1000;
      const before = a.count('account') + a.count('time');
      await chain.account(root);
      return a.count('account') + a.count('time') > before;
    };
    a.outage = down;
    for (let i = 0; i < 12; i++) {
      clock.advance(60_000);
      expect(await asked()).toBe(true);
    }
    a.outage = undefined;
    clock.advance(60_000);
    expect(await asked()).toBe(true);
    a.outage = down;
    expect(await asked()).toBe(true);
    clock.advance(1000);
    expect(await asked()).toBe(true);
  });

  it('one that does not keep old transactions is not rested for it', async () => {
    const { a, b, chain } = world();
    a.outage = error('not-found', false);
    await chain.transactions(root, { limit: 1 });
    a.outage = undefined;
    const before = b.calls.length;
    await chain.account(root);
    expect(b.calls).toHaveLength(before);
  });

  it('an endpoint in use is asked for its time once a minute', async () => {
    const { a, clock, chain } = world();
    for (let i = 0; i < 5; i++) await chain.account(root);
    expect(a.count('time')).toBe(1);
    clock.advance(60_000);
    await chain.account(root);
    expect(a.count('time')).toBe(2);
  });
});
