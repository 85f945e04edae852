import { Scheduler, type WorkerSeat } from './scheduler';

const seat = (id: number, more: Partial<WorkerSeat> = {}): WorkerSeat => ({
  id,
  model: 'demo',
  coefficient: 1000,
  limit: 2,
  enabled: true,
  ...more,
});
const never = () => new AbortController().signal;

let now = 0;
const scheduler = (...seats: WorkerSeat[]) => {
  const made = new Scheduler<WorkerSeat>({ now: () => now, queueLimit: 3 });
  for (const one of seats) made.add(one);
  return made;
};

beforeEach(() => {
  now = 0;
});

describe('scheduler', () => {
  it('spreads light traffic over equal workers instead of loading the oldest (B4)', async () => {
    const workers = scheduler(seat(1), seat(2), seat(3));
    const chosen: number[] = [];
    for (let i = 0; i < 9; i++) {
      const lease = await workers.acquire('demo', 1000, never());
      chosen.push(lease.seat.id);
      lease.release(100 + (i % 3));
    }
    expect(chosen.filter((id) => id === 1)).toHaveLength(3);
    expect(chosen.filter((id) => id === 2)).toHaveLength(3);
    expect(chosen.filter((id) => id === 3)).toHaveLength(3);
  });

  it('prefers the faster worker, by measured latency, until load makes it the slower choice', async () => {
    const workers = scheduler(seat(1, { limit: 10 }), seat(2, { limit: 10 }));
    const first = await workers.acquire('demo', 1000, never());
    const second = await workers.acquire('demo', 1000, never());
    first.release(first.seat.id === 1 ? 900 : 300);
    second.release(second.seat.id === 1 ? 900 : 300);
    const chosen: number[] = [];
    for (let i = 0; i < 4; i++) chosen.push((await workers.acquire('demo', 1000, never())).seat.id);
    expect(chosen.slice(0, 2)).toEqual([2, 2]);
    expect(chosen).toContain(1);
  });

  it('gives a worker that was slow once another chance after a while', async () => {
    const workers = scheduler(seat(1), seat(2));
    const a = await workers.acquire('demo', 1000, never());
    const b = await workers.acquire('demo', 1000, never());
    a.release(5000);
    b.release(100);
    now = 20 * 60_000;
    const next = [await workers.acquire('demo', 1000, never()), await workers.acquire('demo', 1000, never())];
    expect(next.map(({ seat: { id } }) => id).sort()).toEqual([1, 2]);
  });

  it('skips workers that are disabled, full or too expensive', async () => {
    const workers = scheduler(seat(1, { enabled: false }), seat(2, { coefficient: 2000 }), seat(3, { limit: 1 }));
    const lease = await workers.acquire('demo', 1500, never());
    expect(lease.seat.id).toBe(3);
    const dear = await workers.acquire('demo', 2000, never());
    expect(dear.seat.id).toBe(2);
  });

  it('tells why nobody can serve: unknown model, none ready, price', async () => {
    const workers = scheduler(seat(1, { enabled: false }), seat(2, { model: 'other', coefficient: 3000 }));
    await expect(workers.acquire('ghost', 1000, never())).rejects.toMatchObject({ code: 'model_not_found' });
    await expect(workers.acquire('demo', 1000, never())).rejects.toMatchObject({ code: 'no_worker' });
    await expect(workers.acquire('other', 1000, never())).rejects.toMatchObject({
      code: 'price_above_limit',
      message: expect.stringContaining('3000'),
    });
  });

  it('does not let workers that come with ever new models fill the memory, nor the answers', () => {
    const workers = scheduler(seat(1));
    for (let id = 2; id < 5000; id++) {
      workers.add(seat(id, { model: `model-${id}` }));
      workers.remove(id);
    }
    expect((workers as unknown as { knownModels: Set<string> }).knownModels.size).toBeLessThanOrEqual(1000);
    let refusal: Error | undefined;
    try {
      workers.checkPossible('never-offered', 1000);
    } catch (error) {
      refusal = error as Error;
    }
    expect(refusal?.message).toContain('unknown model');
    expect(refusal?.message.length).toBeLessThan(1000);
    workers.checkPossible('demo', 1000);
    expect(() => workers.checkPossible('model-4999', 1000)).toThrow('no ready worker');
  });

  it('queues while all are busy, first come first served', async () => {
    const workers = scheduler(seat(1, { limit: 1 }));
    const running = await workers.acquire('demo', 1000, never());
    const order: string[] = [];
    const second = workers.acquire('demo', 1000, never());
    second.then(() => order.push('second'));
    const third = workers.acquire('demo', 1000, never());
    third.then(() => order.push('third'));
    running.release();
    (await second).release();
    (await third).release();
    expect(order).toEqual(['second', 'third']);
    expect(workers.waiting()).toBe(0);
  });

  it('bounds the queue', async () => {
    const workers = scheduler(seat(1, { limit: 1 }));
    await workers.acquire('demo', 1000, never());
    const waiting = [0, 1, 2].map(() => workers.acquire('demo', 1000, never()));
    await expect(workers.acquire('demo', 1000, never())).rejects.toMatchObject({ code: 'all_workers_busy' });
    expect(workers.waiting()).toBe(3);
    workers.remove(1);
    const ends = await Promise.allSettled(waiting);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  it('lets a waiting request go when its signal says so, and gives its place to the next', async () => {
    const workers = scheduler(seat(1, { limit: 1 }));
    const running = await workers.acquire('demo', 1000, never());
    const gaveUp = new AbortController();
    const first = workers.acquire('demo', 1000, gaveUp.signal);
    const second = workers.acquire('demo', 1000, never());
    gaveUp.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    running.release();
    expect((await second).seat.id).toBe(1);
  });

  it('serves those who wait when a worker comes, is enabled or lowers its price', async () => {
    const cheap = seat(1, { limit: 1 });
    const workers = scheduler(cheap);
    await workers.acquire('demo', 1000, never());
    const waiting = workers.acquire('demo', 1000, never());
    const late = seat(2, { coefficient: 5000 });
    workers.add(late);
    late.coefficient = 900;
    workers.changed(late);
    expect((await waiting).coefficient).toBe(900);
  });

  it('counts a place as taken until it is released, once', async () => {
    const workers = scheduler(seat(1));
    const lease = await workers.acquire('demo', 1000, never());
    expect(workers.seats()[0]?.running).toBe(1);
    lease.release();
    expect(workers.seats()[0]?.running).toBe(0);
    expect(() => lease.release()).toThrow('twice');
  });
});
