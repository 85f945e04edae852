import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../errors';

/** A runner started by `cocoon up` as a process of its own, its log in a file of the state directory. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process has ended, with what ended it. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** SIGTERM, then SIGKILL when it has not ended after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

const READY_LINE = /^ready\b/m;

export interface StartOptions {
  name: string;
  /** Arguments after `cocoon`; never a secret: argv is readable by every user of the machine. */
  args: readonly string[];
  logDir: string;
  readyTimeoutMs: number;
}

/**
 * Starts `cocoon <args>` and resolves once it has printed its `ready` line.
 * @throws CliError with the last line of its log when it ends or stays silent too long.
 */
export async function startProcess(options: StartOptions): Promise<RunningProcess> {
  const logFile = join(options.logDir, `${options.name}.log`);
  const logFd = openSync(logFile, 'a', 0o600);
  const log = { file: logFile, from: fstatSync(logFd).size }; // what stands before is of an earlier run
  const entry = join(__dirname, '..', '..', 'bin', 'cocoon.cjs');
  const child = spawn(process.execPath, [entry, ...options.args, '--with-parent'], {
    // The child ends when its standard input does: even `kill -9` of `up` leaves no runner behind.
    stdio: ['pipe', 'pipe', logFd],
    // Own group: Ctrl-C in the terminal reaches `up` alone, which then stops the runners in order.
    detached: true,
  });
  closeSync(logFd);

  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const spawnFailed = new Promise<never>((_, reject) => child.once('error', reject));
  const running: RunningProcess = {
    name: options.name,
    pid: child.pid ?? -1,
    ended,
    stop: (graceMs = 10_000) => stopChild(child, ended, graceMs),
  };

  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(notStarted(options.name, `was not ready after ${options.readyTimeoutMs / 1000} s`, log));
    }, options.readyTimeoutMs);
  });
  const died = ended.then(({ code, signal }) => {
    throw notStarted(options.name, `ended with ${signal ?? `exit code ${code}`}`, log);
  });
  died.catch(() => undefined); // it also fires at an ordinary stop, long after the race below is over
  try {
    await Promise.race([untilReady(child), spawnFailed, silent, died]);
    return running;
  } catch (error) {
    await running.stop(1000);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    let seen = '';
    const read = (chunk: Buffer) => {
      seen += chunk.toString('utf8');
      if (!READY_LINE.test(seen)) return;
      child.stdout?.off('data', read);
      child.stdout?.resume(); // keep draining, so that a chatty child never blocks on a full pipe
      resolve();
    };
    child.stdout?.on('data', read);
  });
}

interface LogSection {
  file: string;
  /** Byte offset */
  from: number;
}

function notStarted(name: string, what: string, log: LogSection): CliError {
  return new CliError(`The ${name} ${what}: ${lastLogLine(log)}.`, `See ${log.file}.`);
}

/** The message of the last log record: runners log pino JSON, but what kills a process may be plain text. */
function lastLogLine(log: LogSection): string {
  const lines = readFileSync(log.file)
    .subarray(log.from)
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const last = lines.at(-1);
  if (last === undefined) return 'it logged nothing';
  try {
    const record = JSON.parse(last) as { msg?: unknown };
    return typeof record.msg === 'string' ? record.msg.replace(/\.$/, '') : last;
  } catch (error) {
    if (error instanceof SyntaxError) return last;
    throw error;
  }
}

async function stopChild(
  child: ChildProcess,
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>,
  graceMs: number,
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
}
