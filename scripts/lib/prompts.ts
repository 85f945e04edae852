import type { NetworkProvider } from '@ton/blueprint';
import type { Parser, ScriptArgs } from './arguments';
import { ScriptError } from './script-error';

/** Is there somebody to ask? `yes=true` says no, even on a terminal. */
export function isInteractive(args: ScriptArgs): boolean {
  return process.stdin.isTTY === true && !args.flag('yes');
}

/** Arguments that are asked for when they are missing and there is somebody to ask. */
export class Prompts {
  readonly #provider: NetworkProvider;
  readonly args: ScriptArgs;
  readonly interactive: boolean;

  constructor(provider: NetworkProvider, args: ScriptArgs, interactive = isInteractive(args)) {
    this.#provider = provider;
    this.args = args;
    this.interactive = interactive;
  }

  /** @param what the question, and the explanation where nobody can be asked */
  async need<T>(key: string, what: string, parser: Parser<T>): Promise<T> {
    const given = this.args.get(key, parser);
    if (given !== undefined) return given;
    if (!this.interactive) throw new ScriptError(`${key} is missing:`, `give ${key}=… (${what}).`);
    for (;;) {
      const text = (await this.#provider.ui().input(`${key}: ${what}`)).trim();
      try {
        return parser(text, key);
      } catch (error) {
        if (!(error instanceof ScriptError)) throw error;
        this.#provider.ui().write(error.message);
      }
    }
  }

  /** One of several things that are known; the only one is taken without a question. */
  async pick<T>(key: string, what: string, known: readonly T[], display: (item: T) => string): Promise<T | undefined> {
    if (known.length <= 1) return known[0];
    if (this.interactive) return this.#provider.ui().choose(`${key}: ${what}`, [...known], display);
    throw new ScriptError(`${key} could be ${known.map(display).join(' or ')}:`, `give ${key}=… (${what}).`);
  }

  /**
   * One confirmation before coins move; `yes=true` answers it. Without a terminal there is nobody to ask: on a custom
   * network (a local chain) the script goes on, on mainnet and testnet it demands the flag instead of guessing.
   */
  async confirm(question: string): Promise<void> {
    if (this.args.flag('yes')) return;
    const network = this.#provider.network();
    if (!this.interactive) {
      if (network === 'custom') return;
      throw new ScriptError(`There is no terminal to confirm on (network ${network}).`, 'Add yes=true.');
    }
    if (!(await this.#provider.ui().prompt(question))) throw new ScriptError('Cancelled, nothing was sent.', '');
  }
}
