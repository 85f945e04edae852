import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { toNano } from '@ton/core';
import { everything, payee, StateDir } from './testing/state-dir';
import { faucetMessage } from './treasury';

let dir: StateDir;

beforeEach(async () => {
  dir = await StateDir.create();
});

afterEach(() => dir.remove());

describe('a restart', () => {
  it('brings back accounts, transactions, blocks and the clock', async () => {
    const { chain } = await dir.open();
    await chain.faucet(payee, toNano(3));
    await chain.advance(86_400);
    await chain.faucet(payee, toNano(4));
    const before = everything(chain);
    const { time, shift } = await chain.status();
    await chain.close();

    const again = (await dir.open()).chain;
    expect(everything(again)).toEqual(before);
    const status = await again.status();
    expect(status.shift).toBe(shift);
    expect(status.time).toBeGreaterThanOrEqual(time);
    await again.faucet(payee, toNano(1));
    const storage = toNano(8) - again.account(payee).balance;
    expect(storage).toBeGreaterThan(0n);
    expect(storage).toBeLessThan(1000n);
  });

  it('is the same after a snapshot as before it, and the journal is empty then', async () => {
    const { chain } = await dir.open();
    for (let i = 0; i < 5; i++) {
      await chain.faucet(payee, toNano(1));
    }
    const { journalBytes } = await chain.status();
    await chain.snapshot();
    expect((await chain.status()).journalBytes).toBeLessThan(journalBytes / 10);
    await chain.faucet(payee, toNano(1));
    const before = everything(chain);
    await chain.close();
    expect(everything((await dir.open()).chain)).toEqual(before);
    expect((await readdir(dir.path)).filter((name) => name.endsWith('.bin'))).toHaveLength(2);
  });

  it('brings back messages that were waiting for a block, and executes them', async () => {
    const { chain } = await dir.open({ blockIntervalMs: 60_000 });
    await chain.faucet(payee, toNano(5));
    await chain.sendExternal(faucetMessage({ to: payee, amount: toNano(2), deployed: true }).toBoc());
    expect((await chain.status()).waiting).toBe(1);
    await chain.close();

    const again = (await dir.open({ blockIntervalMs: 1 })).chain;
    while (again.account(payee).balance !== toNano(7)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await again.status()).waiting).toBe(0);
  });

  it('finds the same chain when snapshots were made on the way, and the files stay small', async () => {
    const { chain } = await dir.open({ rotateBytes: 20_000, keepTransactions: 20 });
    for (let i = 0; i < 60; i++) {
      await chain.faucet(payee, toNano(1));
    }
    const before = everything(chain);
    const { journalBytes, snapshotBytes } = await chain.status();
    expect(snapshotBytes).toBeGreaterThan(0);
    expect(journalBytes + snapshotBytes).toBeLessThan(120_000);
    await chain.close();
    const again = (await dir.open({ keepTransactions: 20 })).chain;
    expect(everything(again)).toEqual(before);
    expect(again.account(payee).balance).toBe(toNano(60));
  });

  it('with reset begins a new chain', async () => {
    const { chain } = await dir.open();
    await chain.faucet(payee, toNano(3));
    await chain.close();
    const again = (await dir.open({ reset: true })).chain;
    expect(again.account(payee).balance).toBe(0n);
    expect((await again.status()).seqno).toBe(1);
  });
});

describe('kill -9', () => {
  it('loses nothing that was acknowledged, time after time', async () => {
    const node = join(process.cwd(), 'node_modules/.bin/node');
    let next = 1;
    const amounts: bigint[] = [];
    const hashes: string[] = [];
    for (const answers of [3, 7, 12]) {
      const child = spawn(node, ['--import', 'tsx', join(__dirname, 'testing/kill-child.ts'), dir.path, String(next)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let seen = 0;
      for await (const line of createInterface(child.stdout)) {
        const { amount, hash } = JSON.parse(line) as { amount: number; hash: string };
        hashes.push(Buffer.from(hash, 'base64').toString('hex'));
        amounts.push(BigInt(amount));
        next = amount + 1;
        seen += 1;
        if (seen === answers) {
          child.kill('SIGKILL');
        }
      }
      if (child.exitCode === null && child.signalCode === null) {
        await once(child, 'exit');
      }
      expect(child.signalCode).toBe('SIGKILL');
      const { chain } = await dir.open({ clock: Date.now });
      for (const hash of hashes) {
        expect(chain.index.byHash(hash)?.record.hash).toBe(hash);
      }
      const received = chain.index.newest(payee.toRawString(), 1000).map((stored) => {
        const { inMessage } = stored.decode();
        return inMessage?.info.type === 'internal' ? inMessage.info.value.coins : 0n;
      });
      // One more may have been executed without anybody having heard of it: then it is there whole.
      const unheard = received.length === hashes.length ? [] : [BigInt(next)];
      expect(received).toEqual([...unheard, ...amounts.toReversed()]);
      if (unheard.length > 0) {
        hashes.push(chain.index.newest(payee.toRawString(), 1)[0]!.record.hash);
        amounts.push(BigInt(next));
        next += 1;
      }
      await chain.close();
    }
  }, 120_000);
});
