import { readFileSync } from 'node:fs';
import { modelBaseName } from '@cocoon/sdk/protocol/root-config';
import { Address } from '@ton/core';
import type { Logger } from 'pino';
import { z } from 'zod';
import { ConfigError } from './errors';
import { type EngineTarget, parseTarget } from './forward';

const address = z.string().transform((text, context) => {
  try {
    return Address.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a TON address, such as EQ… or 0:<hex>' });
    return z.NEVER;
  }
});

const seed = z.string().transform((text, context) => {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 32) return bytes;
  context.addIssue({ code: 'custom', message: 'must be a 32-byte Ed25519 seed in base64' });
  return z.NEVER;
});

const port = z.number().int().min(0).max(65_535);
const intervalMs = z.number().int().min(10).max(3_600_000);
const nano = z
  .union([z.string().regex(/^\d+$/, 'must be a whole number of nanoTON'), z.number().int().nonnegative()])
  .transform((value) => BigInt(value));

/** Below this every proxy accepts a coefficient. 1000 = x1. */
export const coefficientSchema = z.number().int().min(0).max(999_999_999);

/** The first block has the keys of the live network's worker (runners.md 9.2), the second ours. */
const schema = z.object({
  is_test: z.boolean().default(false),
  is_testnet: z.boolean().default(false),
  http_port: port.default(12_000),
  owner_address: address,
  proxy_connections: z.number().int().min(1).max(64).default(1),
  /** A side-car router's SOCKS5 port in the live network; connections here are direct. */
  connect_to_proxy_via: z.string().default(''),
  /** Full name, "base@commit:verity" or just "base"; requests use the base name. */
  model_name: z.string().regex(/^[\x21-\x7e]{1,512}$/, 'must be 1 to 512 printable characters without spaces'),
  coefficient: coefficientSchema.default(1000),
  root_contract_address: address,
  node_wallet_key: seed,
  forward_requests_to: z.string().min(1),
  ton_config_filename: z.string().optional(),
  check_proxy_hashes: z.boolean().optional(),
  max_active_requests: z.number().int().min(0).max(100_000).default(0),
  image_hash: z.string().optional(),
  http_access_hash: z.string().default(''),

  ton_endpoint: z.url({ protocol: /^https?$/, error: 'must be the http(s) URL of a toncenter v2 API' }),
  ton_api_key_file: z.string().optional(),
  http_host: z.string().min(1).default('127.0.0.1'),
  state_dir: z.string().min(1).default('cocoon-worker-state'),
  poll_interval_ms: intervalMs.default(2000),
  root_refresh_ms: intervalMs.default(30_000),
  engine_probe_interval_ms: intervalMs.default(1500),
  engine_api_key_file: z.string().optional(),
  payment_status_interval_ms: intervalMs.default(15_000),
  payout_check_interval_ms: intervalMs.default(15_000),
  /** Earnings above this are cashed in at once. */
  payout_threshold_nano: nano.default(10_000_000_000n),
  /** Earnings above this are cashed in when there was no request for idle_payout_after_s. */
  idle_payout_threshold_nano: nano.default(200_000_000n),
  idle_payout_after_s: z.number().positive().max(31_536_000).default(3600),
});

const LIVE_DEFAULT_ACTIVE_REQUESTS = 200;

export type WorkerConfig = Omit<z.output<typeof schema>, 'forward_requests_to'> & {
  target: EngineTarget;
  /** Name of the model in requests. */
  baseModel: string;
  tonApiKey: string | undefined;
  engineApiKey: string | undefined;
};

/**
 * Checks a parsed JSON configuration. A key nobody knows is a warning: configurations are shared between versions and with the live runners.
 * @throws ConfigError naming the key
 */
export function parseConfig(input: unknown, logger: Logger): WorkerConfig {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new ConfigError('(whole file)', 'must be a JSON object');
  }
  for (const key of Object.keys(input)) {
    if (!(key in schema.shape) && key !== '@type')
      logger.warn({ key }, `unknown configuration key "${key}" is ignored`);
  }
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const key = issue?.path.join('.') || '(whole file)';
    const missing = issue?.code === 'invalid_type' && !(String(issue.path[0]) in input);
    throw new ConfigError(key, missing ? 'is required and missing' : (issue?.message ?? 'is not valid'));
  }
  const { forward_requests_to, ...config } = parsed.data;
  if (config.connect_to_proxy_via !== '') {
    throw new ConfigError(
      'connect_to_proxy_via',
      'a side-car router is not supported in this version. Remove the key: proxies are dialled directly',
    );
  }
  if (config.check_proxy_hashes === true) {
    throw new ConfigError(
      'check_proxy_hashes',
      'image hashes come with attested connections, which this version does not have. Remove the key or set it to false',
    );
  }
  if (modelBaseName(config.model_name) === '') throw new ConfigError('model_name', 'has nothing before the "@"');
  if (config.max_active_requests === 0) config.max_active_requests = LIVE_DEFAULT_ACTIVE_REQUESTS;
  return {
    ...config,
    target: parseTarget(forward_requests_to),
    baseModel: modelBaseName(config.model_name),
    tonApiKey: readKey('ton_api_key_file', config.ton_api_key_file),
    engineApiKey: readKey('engine_api_key_file', config.engine_api_key_file),
  };
}

function readKey(name: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(name, `the file ${file} cannot be read: ${(error as Error).message}`);
  }
  if (text === '' || /\s/.test(text))
    throw new ConfigError(name, `the file ${file} must hold one key and nothing else`);
  return text;
}
