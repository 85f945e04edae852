import { Op } from '@cocoon/sdk';
import { decodeAs, type TlType } from '@cocoon/sdk/protocol/tl/codec';
import { verifyVoucher } from '@cocoon/sdk/protocol/vouchers';
import { Address } from '@ton/core';
import { MessageTooLargeError } from '../transport/errors';
import { body, failure, head, nothingLeft, part, started } from './testing/frames';
import { finalInfo, httpResponse, LIMITS, runQuery, tokens, World } from './testing/world';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

describe('relay', () => {
  it('streams an answer through, charges the client, credits the worker, and writes both before the last frame', async () => {
    const worker = world.worker();
    const { client, query, forwarded, id } = await started(world, worker);
    expect(forwarded.query.equals(query.query)).toBe(true);
    expect(forwarded.coefficient).toBe(1000n);
    expect(forwarded.timeout).toBeLessThanOrEqual(30 * 0.95);
    world.relay.workerMessage(worker, head(id));
    world.relay.workerMessage(worker, part(id, 'data: 1\n\n'));
    const first = await client.next('client.queryAnswerEx');
    expect(first.finalInfo).toBeUndefined();
    expect(decodeAs('http.response', first.answer).headers.map(({ name }) => name)).toEqual([
      'Content-Type',
      'X-Cocoon-Proxy-Start',
      'X-Cocoon-Proxy-End',
    ]);
    expect((await client.next('client.queryAnswerPartEx')).answer.toString()).toBe('data: 1\n\n');
    expect(client.account.reserved).toBeGreaterThan(0n);
    world.relay.workerMessage(worker, part(id, 'data: [DONE]\n\n', finalInfo(5n, 16n)));
    const last = await client.next('client.queryAnswerPartEx');
    expect(last.finalInfo).toMatchObject({
      tokensUsed: { totalTokensUsed: 21n },
      workerStartTime: 1,
      workerEndTime: 2,
    });
    expect(world.ledger.all('client')[0]?.tokensUsed).toBe(21n);
    expect(world.ledger.all('worker')[0]?.tokensEarned).toBe(21n);
    expect(world.ledger.all('request')).toMatchObject([
      { outcome: 'done', total: 21n, prompt: 5n, completion: 16n, costNano: 420n, feeNano: 399n },
    ]);
    const payment = await client.next('proxy.clientRequestPayment');
    expect(payment).toMatchObject({ requestTokens: 21n, maxTokens: 21n });
    expect((await worker.next('proxy.workerRequestPayment')).requestTokens).toBe(21n);
    nothingLeft(world, client);
  });

  it('credits a worker no more than the channel of the client covers', async () => {
    const worker = world.worker({ coefficient: 0 });
    const account = world.account();
    account.observe({ ...account.chain, balance: 20n * 1000n });
    const client = world.client(3, account);
    // A client that declares a small request and a worker that reports a large one, twice at once.
    const first = await started(world, worker, client, { maxTokens: 0, maxCoefficient: 0 });
    const second = await started(world, worker, client, { maxTokens: 0, maxCoefficient: 0 });
    world.relay.workerMessage(worker, head(first.id, finalInfo(300n, 400n)));
    const told = await client.next('client.queryAnswerEx');
    expect(told.finalInfo?.tokensUsed.totalTokensUsed).toBe(700n);
    world.relay.workerMessage(worker, head(second.id, finalInfo(200n, 900_000n)));
    const last = await client.next('client.queryAnswerEx');
    expect(last.finalInfo?.tokensUsed).toMatchObject({
      promptTokensUsed: 200n,
      completionTokensUsed: 100n,
      totalTokensUsed: 300n,
    });
    expect(account.levels.max).toBe(1000n);
    expect(worker.account.levels.max).toBe(1000n);
    expect(world.ledger.all('worker')).toMatchObject([{ tokensEarned: 1000n }]);
    nothingLeft(world, client);
  });

  it('leaves other running requests what was set aside for them', async () => {
    const worker = world.worker();
    const account = world.account();
    const client = world.client(3, account);
    const first = await started(world, worker, client, { maxTokens: 10, maxCoefficient: 1000 });
    const own = account.reserved;
    const second = await started(world, worker, client, { maxTokens: 10, maxCoefficient: 1000 });
    const other = account.reserved - own;
    account.observe({ ...account.chain, balance: 20n * (own + other + 5n) });
    world.relay.workerMessage(worker, head(first.id, finalInfo(0n, 100_000n)));
    await client.next('client.queryAnswerEx');
    expect(account.levels.max).toBe(own + 5n);
    world.relay.workerMessage(worker, head(second.id, finalInfo(0n, other)));
    await client.next('client.queryAnswerEx');
    expect(account.levels.max).toBe(own + other + 5n);
    nothingLeft(world, client);
  });

  it('signs nothing that no save_state covers yet', async () => {
    const worker = world.worker();
    const { client, id } = await started(world, worker);
    world.relay.workerMessage(worker, head(id, finalInfo(5n, 16n)));
    const payment = await client.next('proxy.clientRequestPayment');
    const verified = verifyVoucher((payment.signedPayment as TlType<'proxy.signedPayment'>).data, {
      publicKey: world.identity.publicKey,
      contract: Address.parseRaw(client.account.contract),
      ops: [Op.extClientChargeSigned],
    });
    expect(verified.tokens).toBe(0n);
    await world.ledger.flushed();
    world.books.snapshot(1);
    world.books.anchor(1);
    expect(world.vouchers.charge(client.account).tokens).toBe(21n);
  });

  it('speaks the oldest protocol with peers that know no other', async () => {
    const worker = world.worker({ proto: 0 });
    const client = world.client(0);
    const query = runQuery();
    world.relay.run(client, query);
    const { requestId } = await worker.next('proxy.runQuery');
    world.relay.workerMessage(worker, {
      _: 'proxy.queryAnswer',
      answer: httpResponse(),
      isCompleted: false,
      requestId,
      tokensUsed: tokens(0n, 0n),
    });
    world.relay.workerMessage(worker, {
      _: 'proxy.queryAnswerPart',
      answer: Buffer.from('x'),
      isCompleted: true,
      requestId,
      tokensUsed: tokens(1n, 8n),
    });
    expect((await client.next('client.queryAnswer')).isCompleted).toBe(false);
    expect(await client.next('client.queryAnswerPart')).toMatchObject({
      isCompleted: true,
      requestTokensUsed: { totalTokensUsed: 9n },
    });
    nothingLeft(world, client);
  });
});

describe('relay > every request ends, exactly once, for everybody', () => {
  it('a worker that disconnects fails its requests at once, uncharged (B28)', async () => {
    const worker = world.worker();
    const { client } = await started(world, worker);
    world.scheduler.remove(worker.id);
    world.relay.workerGone(worker);
    expect(body((await client.next('client.queryAnswerEx')).answer)).toMatchObject({
      status: 502,
      error: { code: 'worker_lost' },
    });
    expect(client.account.levels.max).toBe(0n);
    expect(client.account.reserved).toBe(0n);
    expect(world.relay.active).toBe(0);
  });

  it('a worker that is gone before the request is sent leaves nothing reserved (B8)', async () => {
    const worker = world.worker();
    worker.open = false;
    const client = world.client();
    world.relay.run(client, runQuery());
    expect(body((await client.next('client.queryAnswerEx')).answer).status).toBe(502);
    nothingLeft(world, client);
  });

  it('a failure of the worker after the answer began ends the stream with an error and is not charged', async () => {
    const worker = world.worker();
    const { client, id } = await started(world, worker);
    world.relay.workerMessage(worker, head(id));
    await client.next('client.queryAnswerEx');
    world.relay.workerMessage(worker, failure(id, 602, finalInfo(5n, 8n)));
    expect(await client.next('client.queryAnswerErrorEx')).toMatchObject({
      error: expect.stringContaining('engine said no'),
      finalInfo: { tokensUsed: { totalTokensUsed: 0n } },
    });
    expect(client.account.levels.max).toBe(0n);
    nothingLeft(world, client);
  });

  it('the same, in the language of the stream, for clients of the live network', async () => {
    const worker = world.worker();
    const { client, id } = await started(world, worker, world.client(2));
    world.relay.workerMessage(worker, head(id));
    world.relay.workerMessage(worker, failure(id, 602));
    const last = await client.next('client.queryAnswerPartEx');
    expect(last.answer.toString()).toMatch(/^data: \{"error":.*\}\n\n$/);
    expect(last.finalInfo).toBeDefined();
  });

  it('a cancel stops the worker, and what it had counted is charged', async () => {
    const worker = world.worker();
    const { client, query, id } = await started(world, worker);
    world.relay.workerMessage(worker, head(id));
    await client.next('client.queryAnswerEx');
    world.relay.cancel(client, query.requestId);
    expect((await worker.next('proxy.cancelQuery')).requestId.equals(id)).toBe(true);
    world.relay.workerMessage(worker, part(id, 'late'));
    world.relay.workerMessage(worker, failure(id, 653, finalInfo(5n, 8n)));
    const end = await client.next('client.queryAnswerErrorEx');
    expect(end).toMatchObject({ errorCode: 653, finalInfo: { tokensUsed: { totalTokensUsed: 13n } } });
    expect(client.account.levels.max).toBe(13n);
    expect(worker.account.levels.max).toBe(13n);
    expect(client.inbox.filter(({ _ }) => _.startsWith('client.'))).toEqual([]);
    nothingLeft(world, client);
  });

  it('a client that disconnects pays for what was counted until the worker stopped', async () => {
    const worker = world.worker();
    const { client, id } = await started(world, worker);
    client.open = false;
    world.relay.clientGone(client);
    await worker.next('proxy.cancelQuery');
    world.relay.workerMessage(worker, failure(id, 653, finalInfo(1n, 8n)));
    await worker.next('proxy.workerRequestPayment');
    expect(client.account.levels.max).toBe(9n);
    nothingLeft(world, client);
  });

  it('a client that disconnects while its request waits for a worker costs nothing', async () => {
    const worker = world.worker({ limit: 1 });
    await started(world, worker);
    const second = world.client(3, world.account(11));
    world.relay.run(second, runQuery());
    expect(world.scheduler.waiting()).toBe(1);
    world.relay.clientGone(second);
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.scheduler.waiting()).toBe(0);
    expect(second.account.reserved).toBe(0n);
  });

  it('a worker of the live network cannot be cancelled: its final count is awaited and charged', async () => {
    const worker = world.worker({ proto: 2 });
    const { client, id } = await started(world, worker);
    world.relay.clientGone(client);
    expect(worker.inbox).toEqual([]);
    world.relay.workerMessage(worker, head(id));
    world.relay.workerMessage(worker, part(id, 'rest', finalInfo(1n, 8n)));
    await worker.next('proxy.workerRequestPayment');
    expect(client.account.levels.max).toBe(9n);
    nothingLeft(world, client);
  });

  it('no client holds a place for longer than the proxy allows, whatever time it asks for (B13)', async () => {
    const { forwarded } = await started(world, world.worker(), world.client(), { timeout: 1e9 });
    expect(forwarded.timeout).toBeLessThanOrEqual(LIMITS.maxTimeoutS * 0.95);
    expect(forwarded.timeout).toBeGreaterThan(LIMITS.maxTimeoutS * 0.9);
  });

  it('the end of its time ends a request with 504, and a silent worker is waited for only so long', async () => {
    const worker = world.worker();
    const { client } = await started(world, worker, world.client(), { timeout: 0.03 });
    expect(body((await client.next('client.queryAnswerEx')).answer)).toMatchObject({
      status: 504,
      error: { code: 'request_timeout' },
    });
    await worker.next('proxy.cancelQuery');
    while (world.relay.active > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(client.account.levels.max).toBe(0n);
    nothingLeft(world, client);
  });

  it('answer frames out of order fail the request and end the worker connection', async () => {
    const worker = world.worker();
    const { client, id } = await started(world, worker);
    world.relay.workerMessage(worker, part(id, 'no head'));
    expect(body((await client.next('client.queryAnswerEx')).answer)).toMatchObject({
      status: 502,
      error: { code: 'worker_failed' },
    });
    expect(worker.dropped).toBeDefined();
    nothingLeft(world, client);
  });

  it('a head that is no http.response fails the request, uncharged, and ends the worker connection', async () => {
    const worker = world.worker();
    const { client, id } = await started(world, worker);
    world.relay.workerMessage(worker, {
      _: 'proxy.queryAnswerEx',
      requestId: id,
      answer: Buffer.from('????'),
      finalInfo: finalInfo(1n, 8n),
    });
    expect(body((await client.next('client.queryAnswerEx')).answer).status).toBe(502);
    expect(worker.dropped).toBeDefined();
    expect(client.account.levels.max).toBe(0n);
    nothingLeft(world, client);
  });

  it('impossible counts are a violation of the worker, never a debit', async () => {
    const worker = world.worker();
    const { client, id } = await started(world, worker);
    const bad = [tokens(-1n, 0n), { ...tokens(1n, 1n), totalTokensUsed: 5n }, tokens(900_000n, 900_000n)];
    for (const tokensUsed of bad) {
      const info = { _: 'proxy.queryFinalInfo', tokensUsed } as const;
      expect(() =>
        world.relay.workerMessage(worker, {
          _: 'proxy.queryAnswerPartEx',
          requestId: id,
          answer: Buffer.alloc(0),
          finalInfo: info,
        }),
      ).toThrow(/worker reports/);
    }
    expect(client.account.levels.max).toBe(0n);
  });

  it.each(['first', 'last'] as const)(
    'an answer whose %s frame is too large to be passed on is an error for the client, never silence (B14)',
    async (which) => {
      const worker = world.worker();
      const { client, id } = await started(world, worker);
      jest.spyOn(client, 'send').mockImplementationOnce(() => {
        throw new MessageTooLargeError('the frame has 17 MiB, at most 16 can be sent');
      });
      world.relay.workerMessage(worker, which === 'first' ? head(id) : head(id, finalInfo(5n, 16n)));
      const told = await client.next('client.queryAnswerEx');
      expect(body(told.answer)).toMatchObject({ status: 502, error: { code: 'worker_failed' } });
      expect(told.finalInfo?.tokensUsed.totalTokensUsed).toBe(which === 'first' ? 0n : 21n);
      expect(worker.dropped === undefined).toBe(which === 'last');
      nothingLeft(world, client);
    },
  );

  it('frames for requests of another worker change nothing', async () => {
    const worker = world.worker();
    const { client, id } = await started(world, worker);
    const stranger = world.worker({}, 21);
    world.relay.workerMessage(stranger, head(id, finalInfo(1n, 1n)));
    expect(client.inbox).toEqual([]);
    expect(world.relay.active).toBe(1);
  });
});
