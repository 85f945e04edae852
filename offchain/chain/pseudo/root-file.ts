import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type CocoonParams, initialRootData, modelBaseName, packRootData, type RootData } from '@cocoon/sdk';
import { Address, Cell } from '@ton/core';
import { z } from 'zod';
import { ConfigError } from '../../node/config-error';

/** What such a file cannot say: the values that the live network's runners put in its place. Seconds, nanoTON. */
const IMPLIED = {
  structVersion: 1,
  uniqueId: 13,
  isTest: true,
  promptMultiplier: 10_000,
  cachedMultiplier: 10_000,
  completionMultiplier: 10_000,
  reasoningMultiplier: 10_000,
  proxyDelayBeforeClose: 600,
  clientDelayBeforeClose: 300,
  minProxyStake: 1_000_000_000n,
  minClientStake: 1_000_000_000n,
} as const;

const MAX_U32 = 0xffff_ffff;

/** The live network's runners take whole numbers as JSON text as well. */
const whole = (text: string | number) => (typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : text);
const u32 = z.preprocess((value) => whole(value as string), z.number().int().min(0).max(MAX_U32)).default(0);
const price = z
  .union([z.string().regex(/^\d{1,19}$/, 'must be a whole number of nanoTON'), z.number().int().nonnegative()])
  .transform((value) => BigInt(value))
  .default(0n);
const hash = z.string().transform((text, context) => {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 32) return bytes.toString('hex');
  context.addIssue({ code: 'custom', message: 'must be 32 bytes in base64' });
  return z.NEVER;
});
const code = z
  .string()
  .default('')
  .transform((text, context) => {
    if (text === '') return Cell.EMPTY;
    try {
      return Cell.fromHex(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'must be a bag of cells in hex, or empty' });
      return z.NEVER;
    }
  });
const owner = z.string().transform((text, context) => {
  try {
    return Address.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a TON address' });
    return z.NEVER;
  }
});

const schema = z.object({
  root_owner_address: owner.optional(),
  version: u32,
  params_version: u32,
  price_per_token: price,
  worker_fee_per_token: price,
  proxy_hashes: z.array(hash).default([]),
  worker_hashes: z.array(hash).default([]),
  model_hashes: z.array(hash).default([]),
  /** Names; what stands before the "@" is hashed. */
  model_types: z.array(z.string()).default([]),
  registered_proxies: z.array(z.object({ seqno: u32, address: z.string().min(1).max(127) })).default([]),
  last_proxy_seqno: u32,
  proxy_sc_code: code,
  worker_sc_code: code,
  client_sc_code: code,
});

const NOBODY = new Address(0, Buffer.alloc(32));

/**
 * The network as a file describes it for runners that have no chain: the live runners' `rootConfig.pseudo` in JSON.
 * @returns the root contract's data @throws ConfigError naming the key of the file
 */
export function parseRootFile(input: unknown): RootData {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new ConfigError('--disable-ton', 'the file must hold one JSON object');
  }
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ConfigError(
      '--disable-ton',
      `the key ${issue?.path.join('.') || '(whole file)'} ${issue?.message ?? 'is not valid'}`,
    );
  }
  const file = parsed.data;
  if (file.worker_fee_per_token > file.price_per_token) {
    throw new ConfigError('--disable-ton', 'the key worker_fee_per_token must not be above price_per_token');
  }
  const params: CocoonParams = {
    ...IMPLIED,
    paramsVersion: file.params_version,
    pricePerToken: file.price_per_token,
    workerFeePerToken: file.worker_fee_per_token,
    proxyCode: file.proxy_sc_code,
    workerCode: file.worker_sc_code,
    clientCode: file.client_sc_code,
  };
  const models = file.model_types.map((name) => sha256(modelBaseName(name)));
  return {
    ...initialRootData({ owner: file.root_owner_address ?? NOBODY, params, version: file.version }),
    proxyHashes: new Set(file.proxy_hashes),
    workerHashes: new Set(file.worker_hashes),
    modelHashes: new Set([...file.model_hashes, ...models]),
    registeredProxies: new Map(file.registered_proxies.map(({ seqno, address }) => [seqno, address])),
    lastProxySeqno: file.last_proxy_seqno,
  };
}

/** Reads such a file. @throws ConfigError */
export function readRootFile(path: string): Cell {
  let input: unknown;
  try {
    input = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError('--disable-ton', `the file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return packRootData(parseRootFile(input));
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
