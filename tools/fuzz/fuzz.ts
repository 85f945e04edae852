import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type AttackOptions, attack, type Thrown } from './attack';
import { Bystander } from './bystander';
import { Corpus, type Target } from './corpus';
import { Random } from './mutate';
import type { TargetReport } from './target';

export interface FuzzOptions {
  target: Target;
  /** Frames and handshakes to throw. */
  count: number;
  seed: number;
  /** Called now and then. */
  onProgress?(thrown: number): void;
}

export interface FuzzResult {
  thrown: Record<Thrown['kind'], number>;
  connections: number;
  seconds: number;
  before: TargetReport;
  after: TargetReport;
  /** Honest peers beside the attacks: how often each was asked, and the slowest answer. */
  bystanders: { pings: number; slowestMs: number }[];
}

const ATTACKERS = 8;
/** Connections before memory is measured: caches and compiled code are there then. */
const WARM_UP = 300;
const PING_EVERY = 50;

class TargetProcess {
  readonly child: ChildProcess;
  readonly died: Promise<never>;

  constructor(target: Target) {
    this.child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', join(__dirname, 'target.ts'), target], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.died = once(this.child, 'exit').then(([code, signal]) => {
      throw new Error(`the target died with ${signal ?? `exit code ${code}`}`);
    });
    // Whoever waits for something of the target sees it; after that it is expected to die.
    this.died.catch(() => undefined);
  }

  async message<T>(name: 'ready' | 'report'): Promise<T> {
    const [message] = (await Promise.race([once(this.child, 'message'), this.died])) as [Record<string, T>];
    return message[name]!;
  }

  async report(): Promise<TargetReport> {
    const answer = this.message<TargetReport>('report');
    this.child.send('report');
    return answer;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill();
    await gone;
  }
}

/** Attacks a proxy's listener in another process. @throws when it dies, forgets a connection, or neglects a bystander */
export async function fuzz({ target, count, seed, onProgress }: FuzzOptions): Promise<FuzzResult> {
  const process = new TargetProcess(target);
  try {
    const ports = await process.message<{ barePort: number; securedPort: number }>('ready');
    const random = new Random(seed);
    const options: AttackOptions = { ...ports, random, corpus: new Corpus(target, random, seed) };
    const bystanders = await Promise.all([
      Bystander.join(ports.barePort, target === 'sidecar' ? 'sidecar' : 'plain'),
      Bystander.join(ports.securedPort, 'attested'),
    ]);
    const result: FuzzResult = {
      thrown: { frames: 0, work: 0, handshake: 0, 'frames in TLS': 0 },
      connections: 0,
      seconds: 0,
      before: await process.report(),
      after: await process.report(),
      bystanders,
    };
    const started = performance.now();
    const total = (): number => Object.values(result.thrown).reduce((sum, thrown) => sum + thrown, 0);
    const step = async (): Promise<void> => {
      const { kind, count: thrown } = await attack(options);
      result.thrown[kind] += thrown;
      result.connections++;
      if (result.connections === WARM_UP) result.before = await process.report();
      if (result.connections % PING_EVERY !== 0) return;
      await Promise.all(bystanders.map((bystander) => bystander.ping()));
      onProgress?.(total());
    };
    const attacker = async (): Promise<void> => {
      while (total() < count) await step();
    };
    await Promise.race([Promise.all(Array.from({ length: ATTACKERS }, attacker)), process.died]);
    await Promise.race([Promise.all(bystanders.map((bystander) => bystander.ping())), process.died]);
    result.seconds = (performance.now() - started) / 1000;
    result.after = await process.report();
    for (const bystander of bystanders) bystander.leave();
    result.bystanders = bystanders.map(({ pings, slowestMs }) => ({ pings, slowestMs }));
    return result;
  } finally {
    await process.stop();
  }
}
