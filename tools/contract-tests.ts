import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import base from '../jest.config';
import { projectRoot } from './compile-contracts';

/** Where the tests of the contracts live; what else runs contracts tests something else. */
const SUITES = ['tests/contracts', 'tests/flows', 'tests/guarantees', 'tests/fees', 'tests/dao'];

/** Random histories take minutes and come across a place by chance: a check is proved by a test that is about it. */
const BY_CHANCE = /\/histories\.spec\.ts$/;

/** Test files about the contracts, from the project's root, in alphabetical order; tests/invariants is left out, see BY_CHANCE. */
export function contractSpecs(): string[] {
  return SUITES.filter((suite) => existsSync(path.join(projectRoot, suite)))
    .flatMap((suite) =>
      readdirSync(path.join(projectRoot, suite), { recursive: true, encoding: 'utf8' }).map((file) =>
        path.posix.join(suite, file.split(path.sep).join('/')),
      ),
    )
    .filter((file) => file.endsWith('.spec.ts') && !BY_CHANCE.test(file))
    .sort();
}

export interface SpecRun {
  specs: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Jest options on top of the project's own. */
  config: Readonly<Record<string, unknown>>;
  args: readonly string[];
  /** Seconds after which the run is ended; it then counts as failed. */
  timeout?: number;
}

export interface SpecResult {
  spec: string;
  passed: boolean;
  seconds: number;
  /** Full name of the first test that failed, or what kept the file from running. */
  failure?: string;
}

/** What jest-report.cjs writes. */
type JestReport = { path: string; passed: boolean; seconds: number; failed?: string; message: string }[];

/** Runs Jest in a process of its own. Files that `bail` kept from running have no result; a run that timed out has none at all. */
export async function runSpecs({ specs, env, config, args, timeout }: SpecRun): Promise<SpecResult[] | 'timeout'> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'cocoon-jest-'));
  const report = path.join(dir, 'report.json');
  const reporters = [['<rootDir>/tools/jest-report.cjs', { file: report }]];
  // As text: Jest would otherwise compile a config file at every start.
  const options = JSON.stringify({ ...base, rootDir: projectRoot, reporters, ...config });
  const jest = path.join(projectRoot, 'node_modules/jest/bin/jest.js');
  const command = [jest, '--config', options, ...args, '--runTestsByPath', ...specs];
  const started = Date.now();
  try {
    const ended = await new Promise<{ output: string; code: number | null }>((resolve, reject) => {
      const child = spawn(process.execPath, command, {
        cwd: projectRoot,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
        ...(timeout === undefined ? {} : { timeout: timeout * 1000, killSignal: 'SIGKILL' as const }),
      });
      let output = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        output = (output + chunk).slice(-4000);
      });
      // Jest must not go on alone when this process is told to stop.
      const stop = () => process.exit(1);
      const end = () => child.kill();
      process.once('SIGTERM', stop).once('exit', end);
      child.on('close', () => process.off('SIGTERM', stop).off('exit', end));
      child.on('error', reject);
      child.on('close', (code) => resolve({ output, code }));
    });
    if (!existsSync(report)) {
      // Ended by somebody else's signal it has shown nothing.
      const inTime = timeout === undefined || Date.now() - started < timeout * 1000;
      if (ended.code === null && !inTime) return 'timeout';
      throw new Error(`Jest ended with ${ended.code} and wrote no report; it said:\n${ended.output}`);
    }
    return resultsIn(JSON.parse(readFileSync(report, 'utf8')) as JestReport);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function resultsIn(report: JestReport): SpecResult[] {
  return report.map(({ path: file, passed, seconds, failed, message }) => ({
    spec: path.relative(projectRoot, file).split(path.sep).join('/'),
    passed,
    seconds: Math.round(seconds * 10) / 10,
    ...(passed ? {} : { failure: failed ?? `(the file does not run) ${message.trim().split('\n')[0]}` }),
  }));
}
