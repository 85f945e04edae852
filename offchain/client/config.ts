import { existsSync, readFileSync } from 'node:fs';
import { Address } from '@ton/core';
import type { Logger } from 'pino';
import { z } from 'zod';

/** A configuration that cannot be used. The message names the key and says what it must be. */
export class ConfigError extends Error {
  readonly code = 'CONFIG';
  readonly key: string;

  constructor(key: string, detail: string) {
    super(`Configuration key "${key}": ${detail}`);
    this.name = 'ConfigError';
    this.key = key;
  }
}

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
const seconds = z.number().positive().max(86_400);
const nano = z
  .union([z.string().regex(/^\d+$/, 'must be a whole number of nanoTON'), z.number().int().nonnegative()])
  .transform((value) => BigInt(value));

/** The first block has the keys of the live network's client (runners.md 9.2), the second ours. */
const schema = z.object({
  is_test: z.boolean().default(false),
  is_testnet: z.boolean().default(false),
  http_port: port.default(10_000),
  owner_address: address,
  root_contract_address: address,
  node_wallet_key: seed,
  proxy_connections: z.number().int().min(1).max(64).default(1),
  /** A side-car router's SOCKS5 port in the live network; connections here are direct. */
  connect_to_proxy_via: z.string().default(''),
  check_proxy_hashes: z.boolean().optional(),
  secret_string: z.string().default(''),
  ton_config_filename: z.string().optional(),
  http_access_hash: z.string().default(''),
  max_coefficient: z.number().int().min(0).max(999_999_999).default(4000),
  max_tokens: z.number().int().min(1).max(0x7fff_ffff).default(1000),
  rpc_port: port.optional(),

  ton_endpoint: z.url({ protocol: /^https?$/, error: 'must be the http(s) URL of a toncenter v2 API' }),
  ton_api_key_file: z.string().optional(),
  http_host: z.string().min(1).default('127.0.0.1'),
  state_dir: z.string().min(1).default('cocoon-client-state'),
  poll_interval_ms: z.number().int().min(10).max(600_000).default(2000),
  root_refresh_ms: z.number().int().min(100).max(3_600_000).default(30_000),
  payment_status_interval_ms: z.number().int().min(100).max(600_000).default(15_000),
  chain_action_timeout_s: seconds.default(300),
  request_timeout_s: seconds.default(120),
  max_request_timeout_s: seconds.default(3600),
  max_body_bytes: z
    .number()
    .int()
    .min(1024)
    .max(15 << 20)
    .default(15 << 20),
  max_backlog_bytes: z
    .number()
    .int()
    .min(65_536)
    .max(1 << 30)
    .default(32 << 20),
  max_active_requests: z.number().int().min(1).max(100_000).default(1024),
  api_key: z.string().min(1).optional(),
  api_keys_file: z.string().optional(),
  cors_origins: z.array(z.string()).default([]),
  allowed_hosts: z.array(z.string()).default([]),
  max_spend_per_request_nano: nano.optional(),
  max_spend_per_day_nano: nano.optional(),
});

export type ClientConfig = z.output<typeof schema> & {
  /** Keys of the callers of /v1/…; empty: nobody is asked for one. */
  apiKeys: readonly string[];
  /** Key of the chain endpoint, read from ton_api_key_file. */
  tonApiKey: string | undefined;
};

/**
 * Checks a parsed JSON configuration. A key nobody knows is a warning: configurations are shared between versions and with the live runners.
 * @throws ConfigError naming the key
 */
export function parseConfig(input: unknown, logger: Logger): ClientConfig {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new ConfigError('(whole file)', 'must be a JSON object');
  for (const key of Object.keys(input)) {
    if (!(key in schema.shape) && key !== '@type')
      logger.warn({ key }, `unknown configuration key "${key}" is ignored`);
  }
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const key = issue?.path.join('.') || '(whole file)';
    const missing = issue?.path.length === 1 && (input as Record<string, unknown>)[key] === undefined;
    throw new ConfigError(key, missing ? 'is required and missing' : (issue?.message ?? 'is not valid'));
  }
  const config = parsed.data;
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
  if (config.request_timeout_s > config.max_request_timeout_s) {
    throw new ConfigError(
      'request_timeout_s',
      `must not be above max_request_timeout_s (${config.max_request_timeout_s})`,
    );
  }
  const fileKeys = config.api_keys_file === undefined ? [] : readLines('api_keys_file', config.api_keys_file);
  if (config.api_keys_file !== undefined && fileKeys.length === 0) {
    throw new ConfigError('api_keys_file', `${config.api_keys_file} has no key in it: one key a line is expected`);
  }
  const apiKeys = config.api_key === undefined ? fileKeys : [config.api_key, ...fileKeys];
  const tonApiKey =
    config.ton_api_key_file === undefined ? undefined : readLines('ton_api_key_file', config.ton_api_key_file)[0];
  return { ...config, apiKeys, tonApiKey };
}

function readLines(key: string, file: string): string[] {
  if (!existsSync(file)) throw new ConfigError(key, `the file ${file} does not exist`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(key, `the file ${file} cannot be read: ${(error as Error).message}`);
  }
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
