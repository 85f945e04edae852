import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The JSON object that `cocoon up --json` prints; amounts are decimal strings. */
export interface PrintedBill {
  answer: string;
  tokens: { raw: Record<string, string>; adjusted: Record<string, string> };
  pricePerToken: string;
  workerFeePerToken: string;
  money: { who: string; amount: string; step: string; transaction: string }[];
  fees: { step: string; gas: string; fees: string; transaction: string }[];
  parties: { client: string; worker: string; proxy: string; fees: string };
  endpoint: string;
  root: string;
}

/** A network of real processes on real sockets, started the way a newcomer starts it. */
export interface TestNetwork {
  bill: PrintedBill;
  /** `http://127.0.0.1:PORT`, without /v1 */
  origin: string;
  stateDir: string;
  /** What `up` has printed for people. */
  printed(): string;
  config(role: 'client' | 'proxy' | 'worker'): Record<string, string | number>;
  /** Process id of a runner, undefined while it is not running. */
  pid(role: string): number | undefined;
  stop(): Promise<number | null>;
}

const ENTRY = join(__dirname, '..', '..', 'offchain', 'bin', 'cocoon.cjs');

export interface UpRun {
  child: ChildProcess;
  exit: Promise<number | null>;
  stdout(): string;
  stderr(): string;
}

/** Runs `cocoon up` with these flags. */
export function spawnCocoon(args: readonly string[]): UpRun {
  const child = spawn(process.execPath, [ENTRY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString('utf8');
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, exit, stdout: () => out, stderr: () => err };
}

export function newStateDir(): string {
  return mkdtempSync(join(tmpdir(), 'cocoon-test-'));
}

/** Starts a network that answers one question, settles it and stays up. */
export async function startNetwork(
  options: { stateDir?: string; args?: readonly string[] } = {},
): Promise<TestNetwork> {
  const stateDir = options.stateDir ?? newStateDir();
  const run = spawnCocoon([
    'up',
    '--json',
    '--port',
    '0',
    '--chain-port',
    '0',
    '--state-dir',
    stateDir,
    '--max-tokens',
    '24',
    ...(options.args ?? []),
  ]);
  const bill = await new Promise<PrintedBill>((resolve, reject) => {
    run.child.stdout?.on('data', () => {
      if (run.stdout().includes('\n')) resolve(JSON.parse(run.stdout()) as PrintedBill);
    });
    void run.exit.then((code) => reject(new Error(`cocoon up ended with ${code}: ${run.stderr().slice(-2000)}`)));
  });
  const config = (role: string) => JSON.parse(readFileSync(join(stateDir, `${role}.json`), 'utf8'));
  return {
    bill,
    origin: bill.endpoint.replace(/\/v1$/, ''),
    stateDir,
    printed: run.stderr,
    config,
    pid: (role) => childPid(run.child.pid ?? -1, role),
    stop: async () => {
      run.child.kill('SIGTERM');
      const code = await run.exit;
      if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
      return code;
    },
  };
}

/** The direct child of `parent` that runs `cocoon <role>`; undefined while there is none. */
function childPid(parent: number, role: string): number | undefined {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ');
  for (const pid of children) {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    if (words.includes(role)) return Number(pid);
  }
  return undefined;
}

/** Polls a condition of another process; fails after 45 s. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 45_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`the condition did not become true within 45 s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
