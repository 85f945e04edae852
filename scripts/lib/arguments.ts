import { formatProxyText, ProxyTextError, parseProxyText } from '@cocoon/sdk';
import { Address, toNano } from '@ton/core';
import { ScriptError } from './script-error';

/** Turns the text of one argument into a value. @throws ScriptError naming the key */
export type Parser<T> = (text: string, key: string) => T;

/** Nobody stakes a million TON; who writes that much has written nanoTON. */
const MAX_TON = 1_000_000n;

export const parse = {
  text: ((text, key) => {
    if (text.trim() === '') throw new ScriptError(`${key}= is empty.`, 'Give a value or leave it out.');
    return text.trim();
  }) as Parser<string>,

  flag: ((text, key) => {
    if (text === 'true' || text === 'false') return text === 'true';
    throw new ScriptError(`${key}=${text}:`, 'expected true or false.');
  }) as Parser<boolean>,

  /** A whole number that fits 32 bits. */
  whole: ((text, key) => {
    const parsed = Number(text);
    if (/^\d+$/.test(text) && parsed <= 0xffff_ffff) return parsed;
    throw new ScriptError(`${key}=${text}:`, `expected a whole number from 0 to ${0xffff_ffff}.`);
  }) as Parser<number>,

  /** Prices per token: nanoTON, as on chain and in the documentation. */
  price: ((text, key) => {
    if (/^\d{1,30}$/.test(text)) return BigInt(text);
    throw new ScriptError(`${key}=${text}:`, 'expected a price in whole nanoTON per token, such as 20.');
  }) as Parser<bigint>,

  /** Every amount that is not a price: TON, with up to nine decimals. */
  ton: ((text, key) => {
    if (!/^\d{1,18}(\.\d{1,9})?$/.test(text)) {
      throw new ScriptError(`${key}=${text}:`, 'expected an amount in TON, such as 15 or 0.5.');
    }
    const nano = toNano(text);
    if (nano <= toNano(MAX_TON)) return nano;
    throw new ScriptError(`${key}=${text}:`, 'amounts are in TON, not nanoTON (15, not 15000000000).');
  }) as Parser<bigint>,

  /** 32 bytes. */
  hash: ((text, key) => {
    const hex = text.toLowerCase().replace(/^0x/, '');
    if (/^[0-9a-f]{64}$/.test(hex)) return Buffer.from(hex, 'hex');
    const bytes = Buffer.from(text, 'base64');
    if (/^[\w+/-]{43}=?$/.test(text) && bytes.length === 32) return bytes;
    throw new ScriptError(`${key}=${text}:`, 'expected 32 bytes as 64 hex digits or base64.');
  }) as Parser<Buffer>,

  address: ((text, key) => {
    try {
      return Address.parse(text);
    } catch (error) {
      throw new ScriptError(
        `${text} is no address (${(error as Error).message}).`,
        `Give the ${key} as EQ…, UQ… or 0:….`,
      );
    }
  }) as Parser<Address>,

  /** The text that the root keeps of a proxy: what runners cannot dial is not registered. */
  endpoint: ((text, key) => {
    try {
      const { workers, clients } = parseProxyText(text);
      return formatProxyText(workers, clients);
    } catch (error) {
      if (!(error instanceof ProxyTextError)) throw error;
      throw new ScriptError(`${key}: ${error.message}.`, '');
    }
  }) as Parser<string>,

  oneOf<T extends string>(choices: readonly T[]): Parser<T> {
    return (text, key) => {
      if ((choices as readonly string[]).includes(text)) return text as T;
      throw new ScriptError(`${key}=${text}:`, `expected ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}.`);
    };
  },
} as const;

export interface ArgumentRules {
  keys: readonly string[];
  allowWords: boolean;
  /** shown when an argument is not understood */
  usage: string;
}

/** Arguments of a script: `key=value` pairs and positional words. */
export class ScriptArgs {
  readonly words: readonly string[];
  readonly #values = new Map<string, string>();

  constructor(rawArgs: readonly string[], rules: ArgumentRules) {
    const words: string[] = [];
    for (const arg of rawArgs) {
      const [, key, value] = /^([A-Za-z]\w*)=(.*)$/s.exec(arg) ?? [];
      if (key === undefined || value === undefined) {
        if (!rules.allowWords) throw new ScriptError(`"${arg}" is not key=value.`, `Usage: ${rules.usage}`);
        words.push(arg);
      } else if (!rules.keys.includes(key)) {
        throw new ScriptError(`Unknown argument ${key}.`, `Usage: ${rules.usage}`);
      } else if (this.#values.has(key)) {
        throw new ScriptError(`${key} is given twice.`, 'Give it once.');
      } else {
        this.#values.set(key, value);
      }
    }
    this.words = words;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** The parsed value, undefined where the argument is not given. */
  get<T>(key: string, parser: Parser<T>): T | undefined {
    const text = this.#values.get(key);
    return text === undefined ? undefined : parser(text, key);
  }

  flag(key: string): boolean {
    return this.get(key, parse.flag) ?? false;
  }
}
