import type { DatabaseSync } from 'node:sqlite';
import { CommitLog } from './commit';
import { quiet, World } from './testing/world';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

/** A commit log whose messages are collected; `deliver` shows one to the chain view, as the chain would. */
function log(timeoutMs = 5000) {
  const sent: { seqno: number; hash: Buffer }[] = [];
  const waiting: (() => void)[] = [];
  const commits = new CommitLog({
    ledger: world.ledger,
    books: world.books,
    logger: quiet,
    now: Date.now,
    timeoutMs,
    send: async (seqno, hash) => {
      sent.push({ seqno, hash });
      for (const wake of waiting.splice(0)) wake();
    },
  });
  const nextSent = async (count: number) => {
    while (sent.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    return sent[count - 1]!;
  };
  return {
    commits,
    sent,
    nextSent,
    deliver: ({ seqno, hash }: { seqno: number; hash: Buffer }) => commits.observe(seqno, hash, BigInt(seqno)),
  };
}

async function use(tokens: bigint) {
  const account = world.account();
  account.levels.add(tokens);
  await world.books.write([account]);
  await world.ledger.flushed();
  return account;
}

describe('commit log', () => {
  it('anchors what was on disk before it, and only when the chain has shown it', async () => {
    const { commits, nextSent, deliver } = log();
    const account = await use(70n);
    const done = commits.commit();
    const message = await nextSent(1);
    expect(account.levels.anchored).toBe(0n);
    await use(5n);
    await deliver(message);
    await done;
    expect(account.levels.anchored).toBe(70n);
    expect(world.vouchers.charge(account).tokens).toBe(70n);
  });

  it('anchors counters whose write failed at first and that the ledger wrote later', async () => {
    const { commits, nextSent, deliver } = log();
    const { db } = world.ledger as unknown as { db: DatabaseSync };
    const account = world.account();
    account.levels.add(70n);
    db.exec('PRAGMA query_only = ON');
    await expect(world.books.write([account])).rejects.toMatchObject({ retryable: true });
    db.exec('PRAGMA query_only = OFF');
    const done = commits.commit();
    await deliver(await nextSent(1));
    await done;
    expect(account.levels.anchored).toBe(70n);
  });

  it('does not remember more while the chain is away than there is to anchor', async () => {
    const account = await use(70n);
    for (let seqno = 1; seqno <= 1000; seqno++) world.books.snapshot(seqno);
    expect((account.levels as unknown as { snapshots: unknown[] }).snapshots).toHaveLength(1);
    world.books.anchor(900);
    expect(account.levels.anchored).toBe(70n);
  });

  it('has one message under way; those who ask meanwhile share the next, which covers them', async () => {
    const { commits, sent, nextSent, deliver } = log();
    const first = commits.commit();
    const message = await nextSent(1);
    const account = await use(9n);
    const later = [commits.commit(), commits.commit()];
    expect(sent).toHaveLength(1);
    await deliver(message);
    await first;
    await deliver(await nextSent(2));
    await Promise.all(later);
    expect(sent).toHaveLength(2);
    expect(account.levels.anchored).toBe(9n);
  });

  it('recognises its own messages after a restart', async () => {
    const first = log();
    const done = first.commits.commit();
    const message = await first.nextSent(1);
    await first.deliver(message);
    await done;
    const second = log();
    await second.deliver(message);
    const again = second.commits.commit();
    const next = await second.nextSent(1);
    expect(next.seqno).toBe(message.seqno + 1);
    await second.deliver(next);
    await again;
  });

  it('finds a ledger that was set back, and a second proxy with the same key', async () => {
    const { commits, nextSent, deliver } = log();
    const unknown = deliver({ seqno: 41, hash: Buffer.alloc(32) });
    await expect(unknown).rejects.toMatchObject({
      code: 'rollback',
      message: expect.stringContaining('restore the newest ledger'),
    });
    const done = commits.commit();
    const message = await nextSent(1);
    await expect(deliver({ seqno: message.seqno, hash: Buffer.alloc(32, 9) })).rejects.toMatchObject({
      code: 'rollback',
    });
    await deliver(message);
    await done;
  });

  it('gives up on a message that never arrives, and can try again', async () => {
    const { commits, nextSent, deliver } = log(20);
    await expect(commits.commit()).rejects.toThrow('was not seen on chain');
    const retry = commits.commit();
    await deliver(await nextSent(2));
    await retry;
  });

  it('a late sighting of an older message still counts', async () => {
    const account = await use(3n);
    const { commits, sent, deliver } = log(20);
    await expect(commits.commit()).rejects.toThrow('was not seen');
    await deliver(sent[0]!);
    expect(account.levels.anchored).toBe(3n);
  });
});
