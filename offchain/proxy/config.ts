import { Address } from '@ton/core';
import { z } from 'zod';
import { ProxyFatalError } from './errors';

const key32 = z.string().transform((text, ctx) => {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 32) ctx.addIssue({ code: 'custom', message: 'must be 32 bytes in base64' });
  return bytes;
});

const address = z.string().transform((text, ctx) => {
  try {
    return Address.parse(text);
  } catch {
    ctx.addIssue({ code: 'custom', message: 'must be a TON address (EQ…, UQ… or 0:hex)' });
    return z.NEVER;
  }
});

const port = z.number().int().min(0).max(65535);
const positive = z.number().int().positive();
/** Amounts in the configuration are nanoTON, as a number or, beyond 2^53, as text. */
const nano = z.union([z.number().int().nonnegative(), z.string().regex(/^\d+$/)]).transform((value) => BigInt(value));
const TON = 1_000_000_000n;

/** Keys of the live network's proxyRunner configuration, then ours. */
export const proxyConfigSchema = z.object({
  is_test: z.boolean(),
  is_testnet: z.boolean().default(false),
  /** 0 picks a free port. */
  http_port: port,
  workers_rpc_port: port,
  client_rpc_port: port,
  owner_address: address,
  root_contract_address: address,
  /** Ed25519 seed of the node's on-chain wallet. */
  node_wallet_key: key32,
  /** Ed25519 seed of the proxy's identity: signs vouchers, is part of the proxy contract's address, seals the ledger. */
  machine_specific_private_key: key32,
  db_path: z.string().min(1),
  check_worker_hashes: z.boolean().default(false),
  image_hash: z.string().optional(),
  /** Bearer token of the endpoints that move money; without it they are refused. */
  http_access_hash: z.string().min(1).optional(),
  /** Accepted for compatibility; the chain is reached through ton_endpoint. */
  ton_config_filename: z.string().optional(),

  /** toncenter API v2 (JSON-RPC) URL. */
  ton_endpoint: z.url(),
  ton_api_key_file: z.string().optional(),
  http_host: z.string().default('127.0.0.1'),
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
  max_timeout_s: z.number().positive().default(1800),
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

export type ProxyConfig = z.output<typeof proxyConfigSchema>;

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/**
 * Checks a configuration as read from JSON. Unknown keys are reported through `warn`, wrong values end in
 * ProxyFatalError naming every key that is wrong.
 */
export function parseProxyConfig(input: unknown, warn: (message: string) => void): ProxyConfig {
  const parsed = proxyConfigSchema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'configuration'}: ${issue.message}`);
    throw new ProxyFatalError('config', `the proxy configuration is wrong: ${problems.join('; ')}`);
  }
  const config = parsed.data;
  const known = new Set(Object.keys(proxyConfigSchema.shape));
  for (const name of Object.keys(input as object)) {
    if (!known.has(name)) warn(`configuration key ${name} is unknown and ignored`);
  }
  if (config.commit_max_ms < config.commit_min_ms) {
    throw new ProxyFatalError('config', 'commit_max_ms must not be smaller than commit_min_ms');
  }
  if (!config.is_test && config.is_testnet) {
    throw new ProxyFatalError(
      'config',
      'is_testnet is true but is_test is false: real confidential nodes run on mainnet; set is_test to true',
    );
  }
  if (!config.is_test || config.check_worker_hashes) {
    // Without attestation a peer has no image hash, and letting anybody in silently is what is_test: false promises not to do.
    const why = config.is_test ? 'check_worker_hashes is true' : 'is_test is false';
    throw new ProxyFatalError(
      'unsupported',
      `${why}, so peers must prove their image hash, but the only transport of this release (plain, loopback) carries no attestation; set is_test to true and check_worker_hashes to false`,
    );
  }
  if (!LOOPBACK.has(config.rpc_host)) {
    throw new ProxyFatalError(
      'unsupported',
      `rpc_host ${config.rpc_host} is not a loopback address, and the plain transport is not encrypted; use 127.0.0.1`,
    );
  }
  return config;
}
