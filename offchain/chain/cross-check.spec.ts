import { Cell } from '@ton/core';
import fc from 'fast-check';
import { type AccountState, ChainError } from './port';
import { down, failure, onRoot, other, plain, root, transaction, waited, world } from './testing/failover-world';
import type { ScriptedChain } from './testing/scripted-chain';

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
    ['code hash', (chain: ScriptedChain) => (chain.state = { ...chain.at(5n).state, code: Cell.EMPTY })],
    ['data hash', (chain: ScriptedChain) => (chain.state = { ...chain.at(5n).state, data: Cell.EMPTY })],
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

  it('forgets that they were apart once they agree', async () => {
    const { a, b, c, clock, chain } = world(onRoot);
    a.at(6n);
    b.at(5n);
    await failure(waited(clock, chain.account(root)));
    b.at(6n);
    await chain.account(root);
    clock.advance(120_000);
    for (const endpoint of [a, b, c]) endpoint.nowS = clock.nowMs() / 1000;
    a.at(7n);
    expect((await failure(waited(clock, chain.account(root)))).code).toBe('stale');
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
