import { setImmediate } from 'node:timers/promises';
import pino from 'pino';
import { PeerWorld, SECRET, sha256 } from '../../offchain/proxy/testing/peer-world';
import { plain, sideCar } from '../../offchain/transport';
import { attested } from '../../offchain/transport/testing/attested';
import { BYSTANDER } from './bystander';
import type { Target } from './corpus';

/**
 * The process that is attacked: a proxy's listeners with its real sessions, ledger and scheduler behind them, without
 * a chain. Answers its parent's 'report' with memory, open peers, and what it logged as an error.
 */
const target = process.argv[2] as Target;
const errors = new Map<string, number>();
const logger = pino(
  { level: 'error' },
  {
    write(line: string) {
      const { msg, err } = JSON.parse(line) as { msg: string; err?: { type?: string } };
      const text = `${msg}: ${err?.type}`;
      errors.set(text, (errors.get(text) ?? 0) + 1);
    },
  },
);

export interface TargetReport {
  rssBytes: number;
  heapBytes: number;
  /** Peers with a session. */
  peers: number;
  errors: Record<string, number>;
}

async function main(): Promise<void> {
  const open = { maxConnections: 64, logger };
  const bare = await PeerWorld.open({ ...open, listening: target === 'sidecar' ? sideCar({}) : plain });
  const secured = await PeerWorld.open({ ...open, listening: attested({}, { pow: { difficulty: 4 } }).security });
  for (const { world } of [bare, secured]) world.account(BYSTANDER.client).chain.secretHash = sha256(SECRET);
  const port = (world: PeerWorld): number => (target === 'workers' ? world.ports.workerPort : world.ports.clientPort);
  const report = async (): Promise<TargetReport> => {
    await setImmediate();
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const peers = bare.sessions + secured.sessions;
    return { rssBytes: rss, heapBytes: heapUsed, peers, errors: Object.fromEntries(errors) };
  };
  process.on('message', () => {
    report().then((made) => process.send?.({ report: made }));
  });
  // The parent is gone.
  process.on('disconnect', () => process.exit(0));
  process.send?.({ ready: { barePort: port(bare), securedPort: port(secured) } });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
