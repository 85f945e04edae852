import { readFileSync } from 'node:fs';
import pino, { type Logger } from 'pino';
import { parseSecretJson } from '../node/json';
import { CliError, describeError } from './errors';
import { logDestination } from './log-destination';

/** A started runner, as the entry points of the roles return it. */
export interface Running {
  close(): Promise<void>;
}

export interface RoleFlags {
  config?: string;
  /** In the live runners' numbers. */
  verbosity?: string;
  /** Set by `cocoon up`: end when standard input ends, that is when the parent is gone. */
  withParent?: boolean;
}

/**
 * Runs one role until SIGTERM, SIGINT or the end of its parent. Prints `ready` on stdout when it serves;
 * logs are JSON lines on stderr.
 */
export async function runRole<T extends Running>(
  name: string,
  flags: RoleFlags,
  start: (logger: Logger) => Promise<T>,
  describe: (running: T) => string = () => '',
): Promise<void> {
  const level = logLevel(flags.verbosity) ?? process.env.COCOON_LOG_LEVEL ?? 'info';
  const logger = pino({ name, level }, logDestination(2));
  process.on('unhandledRejection', (reason) => {
    // A bug of ours: say so and go on serving; the request concerned has its own timeout.
    logger.error({ err: reason }, 'unhandled rejection');
  });

  let stopRequested: (reason: string) => void = () => undefined;
  const stopReason = new Promise<string>((resolve) => {
    stopRequested = resolve;
  });
  process.once('SIGTERM', () => stopRequested('SIGTERM'));
  process.once('SIGINT', () => stopRequested('SIGINT'));
  if (flags.withParent) {
    process.stdin.resume();
    process.stdin.once('end', () => stopRequested('the parent process ended'));
    process.stdin.once('error', () => stopRequested('the parent process ended'));
  }

  const starting = start(logger);
  const first = await Promise.race([
    starting.then(
      (running) => ({ running }),
      (error: unknown) => ({ error }),
    ),
    stopReason.then((reason) => ({ reason })),
  ]);
  if ('error' in first) {
    logger.fatal(describeError(first.error));
    logger.debug({ err: first.error }, 'details');
    process.exit(1);
  }
  if ('reason' in first) {
    logger.info(`stopped while starting: ${first.reason}`);
    process.exit(0);
  }
  process.stdout.write(`ready ${describe(first.running)}`.trimEnd().concat('\n'));
  const reason = await stopReason;
  logger.info(`stopping: ${reason}`);
  const hardStop = setTimeout(() => {
    logger.error('did not stop within 8 s, leaving');
    process.exit(1);
  }, 8000);
  hardStop.unref();
  await first.running.close();
  process.exit(0);
}

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug'] as const;

/** @throws CliError for anything but a whole number */
export function logLevel(verbosity: string | undefined): string | undefined {
  if (verbosity === undefined) return undefined;
  if (!/^\d{1,3}$/.test(verbosity))
    throw new CliError(`--verbosity ${verbosity} is not a whole number.`, 'Give 0 to 4.');
  return LEVELS[Number(verbosity)] ?? 'trace';
}

/** Reads a runner's JSON configuration. @throws CliError naming the file and what to do. */
export function readConfigFile(file: string | undefined, fallback: string): unknown {
  const path = file ?? fallback;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError(
      `The configuration ${path} cannot be read: ${(error as Error).message}.`,
      'Give its path with --config FILE.json.',
      { cause: error },
    );
  }
  try {
    return parseSecretJson(text);
  } catch (error) {
    throw new CliError(`The configuration ${path} cannot be used: ${(error as Error).message}.`, 'Correct it there.');
  }
}
