import type { Logger } from 'pino';
import { z } from 'zod';
import {
  ConfigError,
  dialerKeys,
  nano,
  nodeKeys,
  parseConfig as parseKeys,
  port,
  readLines,
  readSecret,
} from '../node/config';
import { checkDialerConfig, checksHashes } from '../node/peer-transport';

const seconds = z.number().positive().max(86_400);

/** Besides what every node that dials proxies has: keys of the live network's client (runners.md 9.2), then ours. */
const schema = z.object({
  ...nodeKeys,
  ...dialerKeys,
  http_port: port.default(10_000),
  secret_string: z.string().default(''),
  max_coefficient: z.number().int().min(0).max(999_999_999).default(4000),
  max_tokens: z.number().int().min(1).max(0x7fff_ffff).default(1000),
  rpc_port: port.optional(),

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
  /** Stake that must really be there before a proxy is paid for the first time; default what the network asks of it, 0 for none. */
  min_backed_stake_nano: nano.optional(),
  max_spend_per_request_nano: nano.optional(),
  max_spend_per_day_nano: nano.optional(),
});

export type ClientConfig = z.output<typeof schema> & {
  /** The root comes from a file, and no money moves (`--disable-ton`). */
  chainless: boolean;
  /** Peers must attest an image that the root lists. */
  checkHashes: boolean;
  /** Keys of the callers of /v1/…; empty: nobody is asked for one. */
  apiKeys: readonly string[];
  /** Key of the chain endpoint, read from ton_api_key_file. */
  tonApiKey: string | undefined;
};

/** Checks a parsed JSON configuration. @throws ConfigError naming the key */
export function parseConfig(input: unknown, logger: Logger, mode: { chainless?: boolean } = {}): ClientConfig {
  const config = parseKeys(schema, input, logger, mode);
  const checkHashes = checksHashes(config, config.check_proxy_hashes);
  checkDialerConfig({ ...config, checkHashes });
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
  const { chainless = false } = mode;
  return {
    ...config,
    chainless,
    checkHashes,
    apiKeys,
    tonApiKey: readSecret('ton_api_key_file', config.ton_api_key_file),
  };
}
