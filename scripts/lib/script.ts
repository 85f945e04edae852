import type { NetworkProvider } from '@ton/blueprint';

/** An expected failure of a script: printed as one line, exit code 1, no stack trace. */
export class ScriptError extends Error {
  constructor(message: string, nextStep: string) {
    super(`${message} ${nextStep}`);
    this.name = 'ScriptError';
  }
}

/**
 * Wraps the body of a script for Blueprint: it parses `key=value` arguments (Blueprint itself owns everything that
 * begins with a dash) and turns failures into one line and exit code 1.
 */
export function script<K extends string>(
  usage: { text: string; keys: readonly K[] },
  body: (provider: NetworkProvider, args: ScriptArgs<K>) => Promise<void>,
): (provider: NetworkProvider, args: string[]) => Promise<void> {
  return async (provider, rawArgs) => {
    try {
      await body(provider, new ScriptArgs(usage, rawArgs));
    } catch (error) {
      if (process.env.COCOON_DEBUG) throw error;
      provider.ui().write(describe(error));
      process.exit(1);
    }
  };
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

/** Arguments of a script: `key=value` pairs and positional words. */
export class ScriptArgs<K extends string> {
  readonly words: readonly string[];
  readonly #values = new Map<string, string>();

  constructor(usage: { text: string; keys: readonly K[] }, rawArgs: readonly string[]) {
    const words: string[] = [];
    for (const arg of rawArgs) {
      const [, key, value] = /^([A-Za-z]\w*)=(.*)$/s.exec(arg) ?? [];
      if (key === undefined || value === undefined) {
        words.push(arg);
      } else if ((usage.keys as readonly string[]).includes(key)) {
        this.#values.set(key, value);
      } else {
        throw new ScriptError(`Unknown argument ${key}.`, `Usage: ${usage.text}`);
      }
    }
    this.words = words;
  }

  text(key: K): string | undefined {
    return this.#values.get(key);
  }

  flag(key: K, fallback: boolean): boolean {
    const value = this.#values.get(key);
    if (value === undefined) return fallback;
    if (value === 'true' || value === 'false') return value === 'true';
    throw new ScriptError(`${key}=${value}:`, 'expected true or false.');
  }

  /** A whole number from 0 to `max`. */
  number(key: K, fallback: number, max = 2 ** 32 - 1): number {
    const value = this.#values.get(key);
    if (value === undefined) return fallback;
    const parsed = Number(value);
    if (/^\d+$/.test(value) && parsed <= max) return parsed;
    throw new ScriptError(`${key}=${value}:`, `expected a whole number from 0 to ${max}.`);
  }

  /** nanoTON */
  nano(key: K, fallback: bigint): bigint {
    const value = this.#values.get(key);
    if (value === undefined) return fallback;
    if (/^\d{1,30}$/.test(value)) return BigInt(value);
    throw new ScriptError(`${key}=${value}:`, 'expected an amount in nanoTON (1 TON = 1000000000).');
  }
}

/**
 * One confirmation before coins move; `yes=true` answers it. Without a terminal there is nobody to ask: on a custom
 * network (a local chain) the script goes on, on mainnet and testnet it demands the flag instead of guessing.
 */
export async function confirm(provider: NetworkProvider, yes: boolean, question: string): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    if (provider.network() === 'custom') return;
    throw new ScriptError(`There is no terminal to confirm on (network ${provider.network()}).`, 'Add yes=true.');
  }
  if (!(await provider.ui().prompt(question))) throw new ScriptError('Cancelled, nothing was sent.', '');
}
