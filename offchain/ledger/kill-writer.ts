/** Child process of the kill -9 test: prints n after the n-th record has been acknowledged, until it is killed. */
import { writeSync } from 'node:fs';
import { Ledger } from './ledger';

async function main(path: string): Promise<void> {
  const ledger = new Ledger({ path });
  for (let n = 1; ; n++) {
    await ledger.write([
      {
        kind: 'client',
        row: {
          owner: '0:01',
          proxy: '0:aa',
          contract: '0:bb',
          state: 'normal',
          balanceNano: 1n,
          stakeNano: 1n,
          unbackedNano: 0n,
          tokensCharged: 0n,
          tokensUsed: BigInt(n),
          secretHash: '00',
          lastRequestAt: n,
        },
      },
      {
        kind: 'request',
        row: {
          id: `r${n}`,
          client: '0:01',
          worker: null,
          model: 'demo',
          coefficient: 1000,
          outcome: 'done',
          error: null,
          prompt: 1n,
          cached: 0n,
          completion: 0n,
          reasoning: 0n,
          total: 1n,
          costNano: 20n,
          feeNano: 19n,
          startedAt: n,
          endedAt: n,
        },
      },
    ]);
    writeSync(1, `${n}\n`);
  }
}

void main(process.argv[2] ?? 'ledger.sqlite');
