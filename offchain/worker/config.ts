import { modelBaseName } from '@cocoon/sdk/protocol/root-config';
import type { Logger } from 'pino';
import { z } from 'zod';
import {
  ConfigError,
  dialerKeys,
  intervalMs,
  nano,
  nodeKeys,
  parseConfig as parseKeys,
  port,
  readSecret,
} from '../node/config';
import { checkDialerConfig, checksHashes } from '../node/peer-transport';
import { type EngineTarget, parseTarget } from './forward';

/** Below this every proxy accepts a coefficient. 1000 = x1. */
export const coefficientSchema = z.number().int().min(0).max(999_999_999);

/** Besides what every node that dials proxies has: keys of the live network's worker (runners.md 9.2), then ours. */
const schema = z.object({
  ...nodeKeys,
  ...dialerKeys,
  http_port: port.default(12_000),
  /** Full name, "base@commit:verity" or just "base"; requests use the base name. */
  model_name: z.string().regex(/^[\x21-\x7e]{1,512}$/, 'must be 1 to 512 printable characters without spaces'),
  coefficient: coefficientSchema.default(1000),
  forward_requests_to: z.string().min(1),
  max_active_requests: z.number().int().min(0).max(100_000).default(0),
  image_hash: z.string().optional(),
  /** Serve only while the root lists the model; default: where images are checked. */
  check_models: z.boolean().optional(),

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
/** Nothing is cashed in where there is no chain. nanoTON */
const NEVER = 2n ** 62n;

export type WorkerConfig = Omit<z.output<typeof schema>, 'forward_requests_to' | 'check_models'> & {
  check_models: boolean;
  target: EngineTarget;
  /** The root comes from a file, and no money moves (`--disable-ton`). */
  chainless: boolean;
  /** Peers must attest an image that the root lists. */
  checkHashes: boolean;
  /** Name of the model in requests. */
  baseModel: string;
  tonApiKey: string | undefined;
  engineApiKey: string | undefined;
};

/** Checks a parsed JSON configuration. @throws ConfigError naming the key */
export function parseConfig(input: unknown, logger: Logger, mode: { chainless?: boolean } = {}): WorkerConfig {
  const { forward_requests_to, ...config } = parseKeys(schema, input, logger, mode);
  if (mode.chainless === true) {
    config.payout_threshold_nano = NEVER;
    config.idle_payout_threshold_nano = NEVER;
  }
  const checkHashes = checksHashes(config, config.check_proxy_hashes);
  checkDialerConfig({ ...config, checkHashes });
  if (modelBaseName(config.model_name) === '') throw new ConfigError('model_name', 'has nothing before the "@"');
  if (config.max_active_requests === 0) config.max_active_requests = LIVE_DEFAULT_ACTIVE_REQUESTS;
  return {
    ...config,
    chainless: mode.chainless ?? false,
    checkHashes,
    check_models: config.check_models ?? checkHashes,
    target: parseTarget(forward_requests_to),
    baseModel: modelBaseName(config.model_name),
    tonApiKey: readSecret('ton_api_key_file', config.ton_api_key_file),
    engineApiKey: readSecret('engine_api_key_file', config.engine_api_key_file),
  };
}
