import { Address, type Transaction } from '@ton/core';
import fc from 'fast-check';
import pino from 'pino';
import { ManualClock } from '../transport/testing/manual-clock';
import { type CrossCheck, FailoverChain } from './endpoints';
import { type AccountState, ChainError, type ChainErrorCode } from './port';
import { ScriptedChain } from './testing/scripted-chain';

const root = Address.parseRaw(`0:${'11'.repeat(32)}`);
const other = Address.parseRaw(`0:${'22'.repeat(32)}`);
const startMs = Date.UTC(2026, 0, 1);
const nowS = startMs / 1000;
const onRoot: CrossCheck = { endpoints: 2, applies: (address) => address.equals(root) };

const error = (code: ChainErrorCode, retryable = true) => new ChainError(`it is ${code}`, { code, retryable });
const down = error('unreachable');

interface World {
  a: ScriptedChain;
  b: ScriptedChain;
  c: ScriptedChain;
  clock: ManualClock;
  chain: FailoverChain;
  errors: string[];
}

function world(crossCheck?: CrossCheck): World {
  const [a, b, c] = [new ScriptedChain(nowS), new ScriptedChain(nowS), new ScriptedChain(nowS)] as const;
  const clock = new ManualClock(startMs);
  const errors: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => void errors.push(JSON.parse(line).msg) });
  const endpoints = Object.entries({ a, b, c }).map(([name, chain]) => ({ name, chain }));
  const options = { endpoints, clock, logger, ...(crossCheck === undefined ? {} : { crossCheck }) };
  return { a, b, c, clock, chain: new FailoverChain(options), errors };
}

async function failure(promise: Promise<unknown>): Promise<ChainError> {
  const reason = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(reason instanceof ChainError)) throw new Error(`expected a ChainError, got ${String(reason)}`);
  return reason;
}

/** Moves time whenever the chain waits, until the call ends. */
async function waited<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  promise.then(end, end);
  while (!ended) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!ended && clock.nextInMs !== undefined) clock.advance(clock.nextInMs);
  }
  return await promise;
}

const plain = ({ balance, last }: AccountState) => [`${balance}`, `${last?.lt}`, last?.hash.toString('hex')];

const transaction = (lt: bigint, hash: number): Transaction =>
  ({ lt, hash: () => Buffer.alloc(32, hash) }) as unknown as Transaction;

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

describe('whatever endpoints do', () => {
  it('an account never goes back, and nothing but a ChainError comes out', async () => {
    const deed = fc.record({
      endpoint: fc.nat(2),
      lt: fc.option(fc.bigInt(1n, 6n), { nil: undefined }),
      hash: fc.constantFrom(1, 1, 1, 2),
      fails: fc.boolean(),
      pauseMs: fc.constantFrom(0, 500, 90_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 25 }), async (deeds) => {
        const { a, b, c, clock, chain } = world();
        let newest = 0n;
        for (const { endpoint, lt, hash, fails, pauseMs } of deeds) {
          const one = [a, b, c][endpoint]!;
          if (lt !== undefined) one.at(lt, hash);
          one.outage = fails ? down : undefined;
          clock.advance(pauseMs);
          const result = await chain.account(root).catch((caught: unknown) => caught);
          if (result instanceof Error) {
            expect(result).toBeInstanceOf(ChainError);
            continue;
          }
          const { last } = result as AccountState;
          expect(last?.lt ?? 0n).toBeGreaterThanOrEqual(newest);
          newest = last?.lt ?? 0n;
        }
      }),
      { numRuns: 200 },
    );
  });

  it('with the cross-check, no state comes out that only one of them has', async () => {
    const say = fc.record({ lt: fc.bigInt(1n, 3n), hash: fc.constantFrom(1, 2), balance: fc.bigInt(1n, 2n) });
    await fc.assert(
      fc.asyncProperty(fc.tuple(say, say, say), async (says) => {
        const { a, b, c, clock, chain } = world(onRoot);
        for (const [index, endpoint] of [a, b, c].entries())
          endpoint.at(says[index]!.lt, says[index]!.hash, says[index]!.balance);
        const result = await waited(clock, chain.account(root)).catch((caught: unknown) => caught);
        if (result instanceof ChainError) return;
        const state = result as AccountState;
        const agree = [a, b, c].filter(
          (endpoint) => JSON.stringify(plain(endpoint.state)) === JSON.stringify(plain(state)),
        );
        expect(agree.length).toBeGreaterThanOrEqual(2);
      }),
      { numRuns: 100 },
    );
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

describe('the cross-check', () => {
  it('needs as many endpoints as have to agree', () => {
    expect(() => world({ endpoints: 4, applies: () => true })).toThrow(
      /chain_cross_check asks for 4 endpoints .* there are 3/,
    );
  });

  it('gives a state that two agree on, and asks one only elsewhere', async () => {
    const { a, b, c, chain } = world(onRoot);
    a.at(5n);
    b.at(5n);
    expect((await chain.account(root)).balance).toBe(5n);
    expect([a, b, c].map((endpoint) => endpoint.count('account'))).toEqual([1, 1, 0]);
    await chain.account(other);
    expect([a, b, c].map((endpoint) => endpoint.count('account'))).toEqual([2, 1, 0]);
  });

  it.each([
    ['balance', (chain: ScriptedChain) => chain.at(5n, 1, 6n)],
    ['newest transaction', (chain: ScriptedChain) => chain.at(5n, 2, 5n)],
    ['status', (chain: ScriptedChain) => (chain.state = { ...chain.at(5n).state, status: 'frozen' })],
  ])('another %s is a disagreement, which stays a problem until they agree', async (fact, change) => {
    const { a, b, c, chain, errors } = world(onRoot);
    a.at(5n);
    change(b);
    c.at(5n);
    const failed = await failure(chain.account(root));
    expect(failed).toMatchObject({ code: 'disagreement', message: expect.stringContaining(`its ${fact} at lt 5`) });
    expect(chain.problem).toBe(failed.message);
    // A third that agrees with the first does not make it go away, nor does a call that only asks one.
    expect((await failure(chain.account(root))).code).toBe('disagreement');
    a.list = [transaction(5n, 1)];
    await chain.transactions(root, { limit: 1 });
    expect(chain.problem).toBe(failed.message);
    expect(errors).toHaveLength(1);
    b.at(5n);
    await chain.account(root);
    expect(chain.problem).toBeUndefined();
  });

  it('waits for an endpoint that is a few blocks behind', async () => {
    const { a, b, clock, chain } = world(onRoot);
    a.at(6n);
    b.at(5n);
    const call = chain.account(root);
    await new Promise((resolve) => setImmediate(resolve));
    b.at(6n);
    expect((await waited(clock, call)).last?.lt).toBe(6n);
  });

  it('says that they are apart, and when that lasts, that they disagree', async () => {
    const { a, b, c, clock, chain } = world(onRoot);
    a.at(6n);
    b.at(5n);
    const first = await failure(waited(clock, chain.account(root)));
    expect([first.code, first.message]).toEqual(['stale', expect.stringContaining('a at lt 6, b at lt 5')]);
    expect(chain.problem).toBeUndefined();
    clock.advance(120_000);
    for (const endpoint of [a, b, c]) endpoint.nowS = clock.nowMs() / 1000;
    expect((await failure(waited(clock, chain.account(root)))).code).toBe('disagreement');
    expect(chain.problem).toContain('have not been at the same transaction');
  });

  it('takes the next endpoint for one that is away, and fails when too few are left', async () => {
    const { a, b, c, chain } = world(onRoot);
    b.at(5n);
    c.at(5n);
    a.outage = down;
    expect((await chain.account(root)).last?.lt).toBe(5n);
    c.outage = down;
    expect(await failure(chain.account(root))).toMatchObject({
      code: 'unreachable',
      retryable: true,
      message: expect.stringMatching(/^1 of 2 endpoints that chain_cross_check asks for/),
    });
  });

  it('an lt that only one endpoint has told is not held against the others', async () => {
    const { a, b, c, chain } = world(onRoot);
    a.list = [transaction(99n, 1)];
    await chain.transactions(root, { limit: 1 });
    a.outage = down;
    b.at(5n);
    c.at(5n);
    expect((await chain.account(root)).last?.lt).toBe(5n);
  });
});
