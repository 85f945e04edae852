import fc from 'fast-check';
import { Pool, PoolShortError } from './pool';
import { FakePool } from './testing/fake-pool';
import { PARAMS, World } from './testing/world';

const TON = 1_000_000_000n;
const PRICE = PARAMS.pricePerToken;

let world: World;
let fake: FakePool;
let pool: Pool;

const renew = () => {
  world.books.clients.clear();
  fake = new FakePool(world.books);
  pool = new Pool(fake.options(world.books));
};
beforeEach(() => {
  world = new World();
  renew();
});
afterEach(() => world.close());

/** Pays out of the pool; the contract refuses what it has no coins for. */
const pay = (amount: bigint) => pool.pay(amount, async () => fake.payOut(amount));
const actions = () => fake.done.filter((entry) => entry !== 'records');

describe('the pool > before a payout', () => {
  it('asks nothing more of a contract that has the coins, or that keeps no books', async () => {
    fake.addClient(10, { escrow: 5n * TON, charged: 5n * TON });
    fake.coins += 3n * TON;
    await pay(3n * TON);
    fake.keepsBooks = false;
    await pool.pay(100n * TON, async () => undefined);
    expect(fake.done).toEqual([]);
  });

  it('has the clients who were charged most tell the contract, and no more of them than are needed', async () => {
    const [small, large, middle] = [10, 11, 12].map((n) =>
      fake.addClient(n, { escrow: 15n * TON, charged: [1n, 6n, 4n][n - 10]! * TON }),
    );
    await pay(9n * TON);
    expect(actions().sort()).toEqual([`sync ${large!.contract}`, `sync ${middle!.contract}`].sort());
    expect(fake.earned).toBe(TON);
    await pay(2n * TON);
    expect(actions().at(-1)).toBe(`sync ${small!.contract}`);
  });

  it('charges first what was used and not charged', async () => {
    const client = fake.addClient(10, { escrow: 15n * TON, charged: TON, uncharged: (3n * TON) / PRICE });
    await pay(4n * TON);
    expect(actions()).toEqual([`charge ${client.contract}`, `sync ${client.contract}`]);
  });

  it('knows what was charged to a client whose contract also counts coins that were sent back', async () => {
    fake.addClient(10, { escrow: 5n * TON, ahead: 2n * TON, charged: 2n * TON });
    await pay(2n * TON);
    expect(fake.payable).toBe(0n);
  });

  it('leaves alone who is closed, who rests after a failure, and whose contract has nothing to tell', async () => {
    const [closed, resting, told] = [10, 11, 12].map((n) => fake.addClient(n, { escrow: TON, charged: TON }));
    closed!.chain.state = 'closed';
    fake.resting.add(resting!);
    fake.charge(told!);
    jest.spyOn(fake, 'client').mockResolvedValue({ balance: 2n * TON } as never);
    await expect(pay(1n)).rejects.toBeInstanceOf(PoolShortError);
    expect(actions()).toEqual([]);
  });

  it('turns to a limited number of clients at a time, and goes on the next time', async () => {
    for (let n = 0; n < 20; n++) fake.addClient(100 + n, { escrow: TON, charged: TON });
    await expect(pay(20n * TON)).rejects.toThrow(
      /4 TON are missing.* clients owe 4 TON that the contract does not know/,
    );
    await pay(20n * TON);
    expect(actions()).toHaveLength(20);
    expect(fake.mostAtOnce).toBe(4);
  });
});

describe('the pool > when the coins are not there', () => {
  it('says how many are missing and why, and does not send the payout', async () => {
    fake.addClient(10, { escrow: 15n * TON });
    fake.coins += TON;
    fake.earned = -5n * TON;
    const payout = jest.fn();
    const error = (await pool.pay(3n * TON, payout).catch((reason) => reason)) as PoolShortError;
    expect(error).toBeInstanceOf(PoolShortError);
    expect([error.code, error.missing]).toEqual(['pool_short', 2n * TON]);
    expect(error.message).toMatch(
      /can pay 1 TON for workers and this payout takes 3 TON, 2 TON are missing: workers were paid 5 TON in advance.*only 0 TON of the stake are there\. Charge the clients, raise the stake/,
    );
    expect(error.message).not.toContain('\n');
    expect(payout).not.toHaveBeenCalled();
  });

  it('says that a closed contract pays only what clients were charged', async () => {
    fake.closed = true;
    await expect(pay(1n)).rejects.toThrow('It is closed and pays no more than its clients were charged');
  });

  it('uses the others when one client fails, and says so when they are not enough', async () => {
    const [broken, good] = [10, 11].map((n) =>
      fake.addClient(n, { escrow: 3n * TON, charged: BigInt(n) * (TON / 5n) }),
    );
    fake.broken.add(broken!);
    await expect(pay(4n * TON)).rejects.toThrow(/1 clients could not be charged or synced/);
    expect(actions()).toContain(`sync ${good!.contract}`);
    await pay(2n * TON);
  });
});

describe('the pool > two payouts at once', () => {
  it('do not both count on the same coins', async () => {
    fake.coins = 10n * TON;
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const first = pool.pay(8n * TON, async () => {
      await held;
      fake.payOut(8n * TON);
    });
    const small = pay(2n * TON);
    const second = pay(8n * TON);
    await small;
    const ended: string[] = [];
    second.catch(() => ended.push('second'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toEqual([]);
    finish();
    await first;
    await expect(second).rejects.toMatchObject({ missing: 8n * TON });
  });

  it('go on after one that failed', async () => {
    fake.coins = TON;
    await expect(
      pool.pay(TON, async () => {
        throw new Error('lost');
      }),
    ).rejects.toThrow('lost');
    await pay(TON);
  });
});

describe('the pool > the stake', () => {
  it('is made good by the clients who are worth the gas', async () => {
    const large = fake.addClient(10, { escrow: TON, charged: TON / 2n });
    fake.addClient(11, { escrow: TON, charged: TON / 100n });
    expect(pool.worthRestoring(await fake.records())).toBe(true);
    await pool.restore(10n * TON);
    expect(actions()).toEqual([`sync ${large.contract}`]);
    expect(pool.worthRestoring(await fake.records())).toBe(false);
  });
});

it('the pool pays whenever all charges together would cover it, whatever the clients', async () => {
  const client = fc.record({
    escrow: fc.bigInt(0n, 1000n),
    charged: fc.bigInt(0n, 1200n),
    uncharged: fc.bigInt(0n, 60n),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(client, { maxLength: 12 }),
      fc.bigInt(1n, 3000n),
      fc.bigInt(0n, 500n),
      async (all, amount, free) => {
        renew();
        fake.coins = free;
        let most = free;
        for (const [i, { escrow, charged, uncharged }] of all.entries()) {
          fake.addClient(i + 1, { escrow, charged: charged < escrow ? charged : escrow, uncharged });
          const owed = charged + uncharged * PRICE;
          most += owed < escrow ? owed : escrow;
        }
        if (most >= amount) await pay(amount);
        else await expect(pay(amount)).rejects.toMatchObject({ missing: amount - most });
      },
    ),
    { numRuns: 200 },
  );
});
