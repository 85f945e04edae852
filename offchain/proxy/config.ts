import type { Logger } from 'pino';
import { z } from 'zod';
import { ConfigError, nano, nodeKeys, parseConfig, port, readSecret, seed } from '../node/config';
import { proxyPeerKeys } from '../node/peer-keys';
import { checkPeerConfig, checksHashes } from '../node/peer-transport';

const positive = z.number().int().positive();
const TON = 1_000_000_000n;

/** Besides what every node has: keys of the live network's proxyRunner configuration, then ours. */
const schema = z.object({
  ...nodeKeys,
  is_test: z.boolean(),
  http_port: port.default(11_000),
  workers_rpc_port: port.default(11_101),
  client_rpc_port: port.default(11_102),
  /** Ed25519 seed of the proxy's identity: signs vouchers, is part of the proxy contract's address, seals the ledger. */
  machine_specific_private_key: seed,
  db_path: z.string().min(1),
  /** Take only workers whose image the root lists; always so where is_test is false. */
  check_worker_hashes: z.boolean().optional(),
  /** Take workers only for models that the root lists; default: where images are checked. */
  check_models: z.boolean().optional(),
  image_hash: z.string().optional(),

  ...proxyPeerKeys,
  /** Where workers_rpc_port and client_rpc_port are: on this machine, since what comes in there is in clear. */
  rpc_host: z.string().default('127.0.0.1'),
  state_dir: z.string().optional(),
  poll_interval_ms: positive.default(5000),
  root_refresh_ms: positive.default(30_000),
  /** Time between two save_state messages while there is something to save. */
  commit_min_ms: positive.default(30_000),
  commit_max_ms: positive.default(60_000),
  /** How long to wait for a message of ours to appear on chain before it counts as lost. */
  chain_timeout_ms: positive.default(120_000),
  settle_interval_ms: positive.default(2000),
  charge_threshold_nano: nano.default(TON),
  payout_threshold_nano: nano.default(10n * TON),
  withdraw_threshold_nano: nano.default(10n * TON),
  /** Requests one client may have running or waiting at once. */
  max_client_requests: positive.default(256),
  /** Bytes of one http.request, headers and body. */
  max_request_bytes: positive.default(8 * 1024 * 1024),
  max_request_headers: positive.default(128),
  /** Longest time a request may ask for, seconds; longer wishes are shortened to it. */
  max_timeout_s: z.number().positive().max(86_400).default(1800),
  /** Requests that may wait for a free worker, per model, and for how long. */
  queue_limit: z.number().int().nonnegative().default(512),
  queue_timeout_ms: positive.default(10_000),
  /** How long a worker may take to report its count after a cancel or the end of the request's time. */
  drain_timeout_ms: positive.default(10_000),
  /** A worker that reports more for one request is not believed. Adjusted tokens. */
  max_tokens_per_request: positive.default(50_000_000),
  max_connections: positive.default(1024),
  /** Time a new connection has to finish its handshake; long authentication waits for the chain and gets auth_timeout_ms. */
  handshake_timeout_ms: positive.default(30_000),
  auth_timeout_ms: positive.default(300_000),
});

/** Where there is no chain nothing is due, and a save_state is there at once. */
const CHAINLESS = {
  charge_threshold_nano: 2n ** 62n,
  payout_threshold_nano: 2n ** 62n,
  withdraw_threshold_nano: 2n ** 62n,
  poll_interval_ms: 200,
} as const;

export type ProxyConfig = Omit<z.output<typeof schema>, 'check_models'> & {
  check_models: boolean;
  /** The root comes from a file, and no money moves (`--disable-ton`). */
  chainless: boolean;
  /** Workers must attest an image that the root lists. */
  checkHashes: boolean;
  /** Key of the chain endpoint, read from ton_api_key_file. */
  tonApiKey: string | undefined;
};

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Checks a parsed JSON configuration. @throws ConfigError naming the key */
export function parseProxyConfig(input: unknown, logger: Logger, mode: { chainless?: boolean } = {}): ProxyConfig {
  const { chainless = false } = mode;
  const config = { ...parseConfig(schema, input, logger, mode), ...(chainless ? CHAINLESS : {}), chainless };
  if (config.commit_max_ms < config.commit_min_ms)
    throw new ConfigError('commit_max_ms', `must not be smaller than commit_min_ms (${config.commit_min_ms})`);
  if (!config.is_test && config.is_testnet) {
    throw new ConfigError(
      'is_testnet',
      'is true but is_test is false: real confidential nodes run on mainnet. Set is_test to true',
    );
  }
  const checkHashes = checksHashes(config, config.check_worker_hashes);
  checkPeerConfig({ ...config, checkHashes });
  if (!LOOPBACK.has(config.rpc_host)) {
    throw new ConfigError(
      'rpc_host',
      `${config.rpc_host} is not a loopback address, and what comes in there is in clear. Use 127.0.0.1; for peers of other machines there are listen_workers and listen_clients`,
    );
  }
  return {
    ...config,
    checkHashes,
    check_models: config.check_models ?? checkHashes,
    tonApiKey: readSecret('ton_api_key_file', config.ton_api_key_file),
  };
}
