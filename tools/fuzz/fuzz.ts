import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { attack, KINDS, type Thrown } from './attack';
import { Bystander } from './bystander';
import { Corpus, type Target } from './corpus';
import { Random } from './mutate';
import type { TargetReport } from './target';

export interface FuzzOptions {
  target: Target;
  /** Attacks to make: connections with something wrong in them. */
  count: number;
  seed: number;
  /** Called now and then. */
  onProgress?(attacks: number): void;
}

export interface FuzzResult {
  attacks: Record<Thrown['kind'], number>;
  frames: number;
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
    const corpus = new Corpus(target, seed);
    const bystanders = await Promise.all([
      Bystander.join(ports.barePort, target, false),
      Bystander.join(ports.securedPort, target, true),
    ]);
    const result: FuzzResult = {
      attacks: Object.fromEntries(KINDS.map((kind) => [kind, 0])) as FuzzResult['attacks'],
      frames: 0,
      seconds: 0,
      before: await process.report(),
      after: await process.report(),
      bystanders,
    };
    const started = performance.now();
    const running = new Set<number>();
    let next = 0;
    let done = 0;
    const step = async (): Promise<void> => {
      const number = next++;
      running.add(number);
      // Each attack has random numbers of its own, so that one can be repeated alone.
      const random = new Random(Math.imul(seed, 0x9e37_79b1) ^ number);
      const { kind, frames } = await attack({ ...ports, corpus, random });
      running.delete(number);
      result.attacks[kind]++;
      result.frames += frames;
      done++;
      if (done === WARM_UP) result.before = await process.report();
      if (done % PING_EVERY !== 0) return;
      await Promise.all(bystanders.map((bystander) => bystander.ping()));
      onProgress?.(done);
    };
    const attacker = async (): Promise<void> => {
      while (next < count) await step();
    };
    const attackers = Promise.all(Array.from({ length: ATTACKERS }, attacker));
    try {
      await Promise.race([attackers, process.died]);
    } catch (error) {
      throw new Error(`${(error as Error).message}, during one of the attacks ${[...running].join(', ')}`);
    }
    await Promise.all(bystanders.map((bystander) => bystander.ping()));
    result.seconds = (performance.now() - started) / 1000;
    result.after = await process.report();
    for (const bystander of bystanders) bystander.leave();
    result.bystanders = bystanders.map(({ pings, slowestMs }) => ({ pings, slowestMs }));
    return result;
  } finally {
    await process.stop();
  }
}
