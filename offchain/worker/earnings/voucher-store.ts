import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Address } from '@ton/core';
import { z } from 'zod';
import { replaceFile } from '../../node/durable-file';
import { parseSecretJson } from '../../node/json';

/** What is known about the money at one proxy: enough to cash it in without the proxy. Counters are cumulative adjusted tokens. */
export interface VoucherRecord {
  proxy: Address;
  /** Ed25519, 32 bytes */
  proxyPublicKey: Buffer;
  worker: Address;
  /** Version of the network's parameters under which the worker contract was made. */
  paramsVersion: number;
  /** The proxy's newest payout voucher (BoC) and its counter. */
  voucher: { data: Buffer; tokens: bigint } | undefined;
  /** What the proxy said it had in its ledger when it sent the voucher. */
  committedToDb: bigint;
}

/** A file of the store that cannot be used. The message names the file and the next step. */
export class VoucherStoreError extends Error {
  readonly code = 'VOUCHER_STORE';

  constructor(file: string, detail: string, cause?: unknown) {
    super(
      `The voucher file ${file} cannot be used (${detail}). It is money: restore it from a backup. If there is none, move it away; the proxy sends its newest voucher again.`,
      cause === undefined ? undefined : { cause },
    );
    this.name = 'VoucherStoreError';
  }
}

const tokens = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform((text) => BigInt(text));
const address = z.string().transform((text, context) => {
  try {
    return Address.parseRaw(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is no raw address' });
    return z.NEVER;
  }
});
const recordSchema = z.object({
  version: z.literal(1),
  proxy: address,
  proxyPublicKey: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .transform((hex) => Buffer.from(hex, 'hex')),
  worker: address,
  paramsVersion: z.number().int().nonnegative(),
  voucher: z
    .object({ data: z.base64().transform((text) => Buffer.from(text, 'base64')), tokens })
    .nullable()
    .transform((value) => value ?? undefined),
  committedToDb: tokens,
});

const SUFFIX = '.json';

/**
 * One file per worker contract, replaced as a whole and forced to disk, so that a kill or a power cut leaves the old or the new one (B19).
 * Many updates during one write cost one more write.
 */
export class VoucherStore {
  readonly #directory: string;
  readonly #onError: (error: unknown) => void;
  readonly #records = new Map<string, VoucherRecord>();
  readonly #dirty = new Set<string>();
  #writing: Promise<void> | undefined;

  /**
   * Reads what is there. @param onError called for a write that failed; it is tried again with the next update or flush
   * @throws VoucherStoreError
   */
  constructor(directory: string, onError: (error: unknown) => void) {
    this.#directory = directory;
    this.#onError = onError;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new VoucherStoreError(directory, (error as Error).message, error);
    }
    for (const name of readdirSync(directory)) {
      if (!name.endsWith(SUFFIX)) continue;
      const record = readRecord(join(directory, name));
      this.#records.set(keyOf(record.worker), record);
    }
  }

  all(): VoucherRecord[] {
    return [...this.#records.values()];
  }

  get(worker: Address): VoucherRecord | undefined {
    return this.#records.get(keyOf(worker));
  }

  /** Takes effect at once; flush() tells when it is on disk. */
  put(record: VoucherRecord): void {
    const key = keyOf(record.worker);
    this.#records.set(key, record);
    this.#dirty.add(key);
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when everything put so far is on disk, or its write has failed (see onError). */
  async flush(): Promise<void> {
    if (this.#writing === undefined && this.#dirty.size > 0) this.#writing = this.#writeAll();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    const failed = new Set<string>();
    for (let key = next(this.#dirty); key !== undefined; key = next(this.#dirty)) {
      const record = this.#records.get(key);
      if (record === undefined) continue;
      try {
        await replaceFile(join(this.#directory, `${key}${SUFFIX}`), serialise(record));
      } catch (error) {
        failed.add(key);
        this.#onError(error);
      }
    }
    for (const key of failed) this.#dirty.add(key);
    this.#writing = undefined;
  }
}

function next(keys: Set<string>): string | undefined {
  for (const key of keys) {
    keys.delete(key);
    return key;
  }
  return undefined;
}

function keyOf(worker: Address): string {
  return `${worker.workChain}_${worker.hash.toString('hex')}`;
}

function serialise({ proxy, proxyPublicKey, worker, paramsVersion, voucher, committedToDb }: VoucherRecord): string {
  const value = {
    version: 1,
    proxy: proxy.toRawString(),
    proxyPublicKey: proxyPublicKey.toString('hex'),
    worker: worker.toRawString(),
    paramsVersion,
    voucher:
      voucher === undefined ? null : { data: voucher.data.toString('base64'), tokens: voucher.tokens.toString() },
    committedToDb: committedToDb.toString(),
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function readRecord(file: string): VoucherRecord {
  let value: unknown;
  try {
    value = parseSecretJson(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new VoucherStoreError(file, (error as Error).message, error);
  }
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new VoucherStoreError(file, `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { version: _version, ...record } = parsed.data;
  return record;
}
