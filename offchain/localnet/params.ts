import { Address } from '@ton/core';
import { ApiError } from './errors';

const MAX_LT = (1n << 64n) - 1n;

/**
 * Reads the parameters of one request, whether they came as a query string (all text) or as JSON. Every getter throws an
 * {@link ApiError} 422 that names the parameter.
 */
export class Params {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  raw(name: string): unknown {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
    return value === null || value === '' ? undefined : value;
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  #fail(name: string, what: string): ApiError {
    return new ApiError(422, `parameter "${name}" ${what}`);
  }

  #required(name: string): unknown {
    const value = this.raw(name);
    if (value === undefined) {
      throw this.#fail(name, 'is missing');
    }
    return value;
  }

  string(name: string): string {
    const value = this.#required(name);
    if (typeof value !== 'string') {
      throw this.#fail(name, 'must be a string');
    }
    return value;
  }

  optionalString(name: string): string | undefined {
    return this.has(name) ? this.string(name) : undefined;
  }

  /** Raw or friendly. */
  address(name: string): Address {
    const text = this.string(name);
    try {
      return Address.parse(text);
    } catch {
      // Address.parse says only "Unknown address type".
      throw this.#fail(name, `is not a TON address: "${text.slice(0, 80)}"`);
    }
  }

  /** One value or several: v3 takes repeated query parameters. */
  addresses(name: string): Address[] {
    const value = this.#required(name);
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.length > 1024) {
      throw this.#fail(name, `has ${list.length} values, at most 1024 are taken`);
    }
    return list.map((item) => new Params({ [name]: item }).address(name));
  }

  integer(name: string, range: { min: number; max: number; default?: number }): number {
    if (!this.has(name) && range.default !== undefined) {
      return range.default;
    }
    const value = this.#required(name);
    const parsed = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    if (typeof parsed !== 'number' || !Number.isSafeInteger(parsed) || parsed < range.min || parsed > range.max) {
      throw this.#fail(name, `must be a whole number from ${range.min} to ${range.max}`);
    }
    return parsed;
  }

  optionalInteger(name: string, range: { min: number; max: number }): number | undefined {
    return this.has(name) ? this.integer(name, range) : undefined;
  }

  /** Logical times do not fit a JSON number in general, so text is taken too; also in hex, as v3 does. */
  lt(name: string): bigint {
    return this.bigint(name, MAX_LT);
  }

  optionalLt(name: string): bigint | undefined {
    return this.has(name) ? this.lt(name) : undefined;
  }

  bigint(name: string, max: bigint): bigint {
    const value = this.#required(name);
    const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
    if (typeof text !== 'string' || !/^(\d{1,40}|0x[0-9a-fA-F]{1,32})$/.test(text)) {
      throw this.#fail(name, 'must be a whole number, as text');
    }
    const parsed = BigInt(text);
    if (parsed > max) {
      throw this.#fail(name, `must be at most ${max}`);
    }
    return parsed;
  }

  /** 32 bytes in hex, base64 or base64url. */
  hash(name: string): Buffer {
    const text = this.string(name);
    if (/^(0x)?[0-9a-fA-F]{64}$/.test(text)) {
      return Buffer.from(text.replace(/^0x/, ''), 'hex');
    }
    if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) {
      return Buffer.from(text, 'base64');
    }
    throw this.#fail(name, 'must be 32 bytes in hex or base64');
  }

  optionalHash(name: string): Buffer | undefined {
    return this.has(name) ? this.hash(name) : undefined;
  }

  bytes(name: string): Buffer {
    const text = this.string(name);
    const compact = text.replace(/\s/g, '');
    if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(compact)) {
      throw this.#fail(name, 'must be base64');
    }
    return Buffer.from(compact, 'base64');
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw(name);
    if (value === undefined) {
      return fallback;
    }
    if (value === true || value === 'true' || value === '1' || value === 1) {
      return true;
    }
    if (value === false || value === 'false' || value === '0' || value === 0) {
      return false;
    }
    throw this.#fail(name, 'must be true or false');
  }
}
