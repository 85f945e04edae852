import { MAINNET_TERMS } from '@cocoon/sdk/networks';
import fc from 'fast-check';
import { ClientAccount, type Prices, type Reservation, WorkerAccount } from './accounts';
import { RequestError } from './errors';

const PRICES: Prices = MAINNET_TERMS;
const STAKE = 15_000n;

const client = (balanceNano = STAKE, tokensUsed = 0n, tokensCharged = 0n) =>
  new ClientAccount({
    owner: '0:01',
    proxy: '0:aa',
    contract: '0:bb',
    state: 'normal',
    balanceNano,
    stakeNano: STAKE,
    unbackedNano: 0n,
    tokensCharged,
    tokensUsed,
    secretHash: '00'.repeat(32),
    lastRequestAt: 0,
  });

describe('client account', () => {
  it('lets no more be reserved than the deposit covers', () => {
    const account = client(1000n);
    expect(account.available(PRICES)).toBe(50n);
    expect(() => account.reserve(51n, PRICES)).toThrow(/51 tokens, 50 are available.*at least 20 nanoTON/);
    account.reserve(50n, PRICES);
    expect(account.available(PRICES)).toBe(0n);
  });

  it('never lets uncharged usage exceed the stake, however large the deposit', () => {
    const account = client(1_000_000n);
    expect(account.available(PRICES)).toBe(STAKE / PRICES.pricePerToken);
  });

  it('refuses a negative reservation (B7)', () => {
    const account = client();
    expect(() => account.reserve(-1n, PRICES)).toThrow(RequestError);
    expect(account.reserved).toBe(0n);
  });

  it('lets a reservation end only once (B8)', () => {
    const reservation = client().reserve(10n, PRICES);
    reservation.end(3n);
    expect(() => reservation.end(3n)).toThrow('twice');
  });

  it('does not count coins that never reached the proxy contract', () => {
    const account = client(1000n);
    account.unbacked = 400n;
    expect(account.available(PRICES)).toBe(30n);
  });

  it('ignores a report older than the one it knows', () => {
    const account = client();
    const state = { state: 'normal' as const, balance: 500n, stake: STAKE, secretHash: Buffer.alloc(32) };
    expect(account.observe({ ...state, tokensUsed: 10n })).toBe(true);
    expect(account.observe({ ...state, tokensUsed: 9n, balance: 9000n })).toBe(false);
    expect(account.chain.balance).toBe(500n);
  });

  it('offers again what a failed charge had taken', () => {
    const account = client();
    account.reserve(100n, PRICES).end(100n);
    account.levels.markWritten(100n);
    account.levels.snapshot(1);
    account.levels.anchor(1);
    const undo = account.chargeStarted(100n);
    expect(account.chargeable()).toBe(0n);
    undo();
    expect(account.chargeable()).toBe(100n);
  });
});

type Step =
  | { do: 'reserve'; tokens: bigint }
  | { do: 'finish' | 'fail'; which: number; used: bigint }
  | { do: 'write' | 'snapshot' | 'anchor' | 'sign' | 'charge' | 'chargeLost' | 'topUp' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('reserve' as const), tokens: fc.bigInt(-5n, 400n) }),
  fc.record({ do: fc.constantFrom('finish' as const, 'fail' as const), which: fc.nat(), used: fc.bigInt(0n, 600n) }),
  fc.record({
    do: fc.constantFrom(
      'write' as const,
      'snapshot' as const,
      'anchor' as const,
      'sign' as const,
      'charge' as const,
      'chargeLost' as const,
      'topUp' as const,
    ),
  }),
);

/** Applies one step to the real accounts and to a model kept in plain sums. */
class World {
  readonly client = client();
  readonly worker = new WorkerAccount({
    owner: '0:02',
    proxy: '0:aa',
    contract: '0:cc',
    state: 'normal',
    tokensPaid: 0n,
    tokensEarned: 0n,
    lastRequestAt: 0,
  });
  running: Reservation[] = [];
  used = 0n;
  queued = 0n;
  seqno = 0;
  sent: bigint[] = [];

  run(action: Step): void {
    const { client, worker } = this;
    const both = [client.levels, worker.levels];
    switch (action.do) {
      case 'reserve': {
        const allowed = action.tokens >= 0n && action.tokens <= client.available(PRICES);
        if (allowed) this.running.push(client.reserve(action.tokens, PRICES));
        else expect(() => client.reserve(action.tokens, PRICES)).toThrow(RequestError);
        return;
      }
      case 'finish':
      case 'fail': {
        const [reservation] = this.running.splice(action.which % Math.max(1, this.running.length), 1);
        if (!reservation) return;
        const used = action.do === 'finish' ? action.used : 0n;
        reservation.end(used);
        worker.levels.add(used);
        this.used += used;
        return;
      }
      case 'write':
        this.queued = this.used;
        for (const levels of both) levels.markWritten(this.queued);
        return;
      case 'snapshot':
        this.seqno++;
        for (const levels of both) levels.snapshot(this.seqno);
        return;
      case 'anchor':
        for (const levels of both) levels.anchor(this.seqno);
        return;
      case 'sign':
        for (const levels of both) levels.sign();
        return;
      case 'charge': {
        const tokens = client.levels.sign();
        if (tokens <= client.chain.tokensUsed) return;
        const cost = (tokens - client.chain.tokensUsed) * PRICES.pricePerToken;
        client.chargeStarted(tokens);
        const balance = client.chain.balance > cost ? client.chain.balance - cost : 0n;
        client.observe({ ...client.chain, balance, tokensUsed: tokens });
        return;
      }
      case 'chargeLost':
        client.chargeStarted(client.levels.sign())();
        return;
      case 'topUp':
        client.observe({ ...client.chain, balance: client.chain.balance + STAKE });
    }
  }

  check(): void {
    const { client, worker } = this;
    expect(client.reserved).toBe(this.running.reduce((sum, { tokens }) => sum + tokens, 0n));
    expect(client.reserved).toBeGreaterThanOrEqual(0n);
    expect(client.running).toBe(this.running.length);
    for (const { levels } of [client, worker]) {
      expect(levels.signed).toBeLessThanOrEqual(levels.anchored);
      expect(levels.anchored).toBeLessThanOrEqual(levels.written);
      expect(levels.written).toBeLessThanOrEqual(levels.max);
      expect(levels.max).toBe(this.used);
    }
    expect(client.chain.tokensUsed).toBeLessThanOrEqual(client.levels.anchored);
    expect(client.chargeable()).toBeGreaterThanOrEqual(0n);
  }
}

describe('accounts > in any interleaving', () => {
  it('reserve, finish, fail, write, anchor, sign and charge keep every sum', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new World();
        for (const action of steps) {
          world.run(action);
          world.check();
        }
        for (const reservation of world.running.splice(0)) reservation.end(0n);
        expect(world.client.reserved).toBe(0n);
      }),
      { numRuns: 200 },
    );
  });
});
