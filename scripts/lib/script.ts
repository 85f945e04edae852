import type { NetworkProvider } from '@ton/blueprint';
import { ScriptArgs } from './arguments';
import { ScriptError } from './script-error';

export { ScriptError } from './script-error';

/** Arguments that every script understands besides its own. */
export const COMMON_KEYS = ['yes', 'dryRun', 'force'] as const;

export interface Usage {
  /** the script's name */
  name: string;
  /** one line: what it does */
  summary: string;
  /** `key` or `key=hint`, in the order people think of them */
  keys: readonly string[];
  /** positional words, as `[ADDRESS]`; scripts without them refuse stray words */
  words?: string;
  /** Leaves out yes, dryRun and force where nothing is ever sent. */
  readOnly?: boolean;
}

/** @returns one line, as people write command lines */
export function usageLine({ name, summary, keys, words, readOnly }: Usage): string {
  const own = keys.map((key) => `[${key.includes('=') ? key : `${key}=…`}]`);
  const common = readOnly ? [] : COMMON_KEYS.map((key) => `[${key}=true]`);
  const command = [`blueprint run ${name}`, words, ...own, ...common].filter(Boolean).join(' ');
  return `${command}: ${summary}`;
}

/**
 * Wraps the body of a script for Blueprint: it parses `key=value` arguments (Blueprint itself owns everything that
 * begins with a dash) and turns failures into one line and exit code 1.
 */
export function script(
  usage: Usage,
  body: (provider: NetworkProvider, args: ScriptArgs) => Promise<void>,
): (provider: NetworkProvider, args: string[]) => Promise<void> {
  return async (provider, rawArgs) => {
    try {
      await body(provider, parseArguments(usage, rawArgs));
    } catch (error) {
      if (process.env.COCOON_DEBUG) throw error;
      provider.ui().write(describe(error));
      process.exit(1);
    }
  };
}

export function parseArguments(usage: Usage, rawArgs: readonly string[]): ScriptArgs {
  const own = usage.keys.map((key) => key.split('=')[0]!);
  const keys = usage.readOnly ? own : [...own, ...COMMON_KEYS];
  return new ScriptArgs(rawArgs, { keys, allowWords: usage.words !== undefined, usage: usageLine(usage) });
}

/** What went wrong, on one line: our own words, the endpoint's where it refused, or the bare message. */
export function describe(error: unknown): string {
  if (error instanceof ScriptError) return error.message;
  const { message, isAxiosError, response } = error as Error & {
    isAxiosError?: boolean;
    response?: { status: number; data?: { error?: unknown } };
  };
  if (isAxiosError && typeof response?.data?.error === 'string')
    return `The chain endpoint refused (HTTP ${response.status}): ${response.data.error}`;
  if (isAxiosError)
    return `The chain endpoint does not answer: ${message}. Check the --custom URL and that the network is up.`;
  return `${message} (run again with COCOON_DEBUG=1 for details)`;
}
