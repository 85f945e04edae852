import { readFileSync } from 'node:fs';
import { Address } from '@ton/core';
import type { Logger } from 'pino';
import { z } from 'zod';
import { ConfigError } from './config-error';
import { withManifest } from './manifest';
import { dialerPeerKeys } from './peer-keys';

export { ConfigError };

export const address = z.string().transform((text, context) => {
  try {
    return Address.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a TON address, such as EQ… or 0:<hex>' });
    return z.NEVER;
  }
});

/** Becomes a Buffer of 32 bytes. */
export const seed = z.string().transform((text, context) => {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 32) return bytes;
  context.addIssue({ code: 'custom', message: 'must be a 32-byte Ed25519 seed in base64' });
  return z.NEVER;
});

/** 0 picks a free one. */
export const port = z.number().int().min(0).max(65_535);
export const intervalMs = z.number().int().min(10).max(3_600_000);
/** nanoTON, as a number or, beyond 2^53, as text. Becomes a bigint. */
export const nano = z
  .union([z.string().regex(/^\d+$/, 'must be a whole number of nanoTON'), z.number().int().nonnegative()])
  .transform((value) => BigInt(value));

const endpointUrl = z.url({ protocol: /^https?$/, error: 'must be the http(s) URL of a toncenter v2 API' });

/** One of several ways to the chain: a toncenter API by its URL, or the lite servers of a network configuration. */
const endpointEntry = z.preprocess(
  (value) => (typeof value === 'string' ? { url: value } : value),
  z
    .strictObject({
      url: endpointUrl.optional(),
      api_key_file: z.string().optional(),
      ton_config_filename: z.string().optional(),
    })
    .refine(
      ({ url, ton_config_filename }) => (url === undefined) !== (ton_config_filename === undefined),
      'must be a URL, or an object with either "url" or "ton_config_filename"',
    ),
);

/** How the chain is reached; at least one of the first three is needed, which parseConfig checks. */
const chainKeys = {
  ton_endpoint: endpointUrl.optional(),
  ton_endpoints: z.array(endpointEntry).min(1).max(32).optional(),
  /** Network configuration with `liteservers`, as the live runners have it; used when there is none of the keys above. */
  ton_config_filename: z.string().optional(),
  /** For ton_endpoint. */
  ton_api_key_file: z.string().optional(),
  /** How many endpoints have to say the same; true is 2. */
  chain_cross_check: z
    .union([z.boolean(), z.number().int().min(2).max(8)], { error: 'must be true, false, or a number from 2 to 8' })
    .default(false)
    .transform((value) => (value === false ? 1 : value === true ? 2 : value)),
  /** About what: the root contract only, or every account. */
  chain_cross_check_scope: z.enum(['root', 'all']).default('root'),
};

export type ChainKeys = z.output<z.ZodObject<typeof chainKeys>>;

/** What every node has in its configuration: keys of the live network's runners first, then ours. */
export const nodeKeys = {
  is_testnet: z.boolean().default(false),
  owner_address: address,
  root_contract_address: address,
  /** A manifest of the scripts that deployed the network; fills root_contract_address and is_test where they are left out. */
  deployment_manifest: z.string().optional(),
  /** Ed25519 seed of the node's on-chain wallet. */
  node_wallet_key: seed,
  /** Bearer token of the endpoints that change something; empty refuses them all. */
  http_access_hash: z.string().default(''),

  ...chainKeys,
  http_host: z.string().min(1).default('127.0.0.1'),
};

/** What clients and workers, who dial proxies, have besides. */
export const dialerKeys = {
  is_test: z.boolean().default(false),
  proxy_connections: z.number().int().min(1).max(64).default(1),
  /** SOCKS5 port of a router on this machine, "ip:port"; empty: proxies are dialled directly. */
  connect_to_proxy_via: z.string().default(''),
  /** Take only proxies whose image the root lists; always so where is_test is false. */
  check_proxy_hashes: z.boolean().optional(),
  ...dialerPeerKeys,
};

/**
 * Checks a parsed JSON configuration. A key nobody knows is a warning: configurations are shared between versions and with the live runners.
 * @throws ConfigError naming the key that is wrong or missing
 */
export function parseConfig<T extends z.ZodObject>(
  schema: T,
  input: unknown,
  logger: Logger,
  mode: { chainless?: boolean } = {},
): z.output<T> {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new ConfigError('(whole file)', 'must be a JSON object');
  for (const key of Object.keys(input)) {
    if (!(key in schema.shape) && key !== '@type')
      logger.warn({ key }, `unknown configuration key "${key}" is ignored`);
  }
  const parsed = schema.safeParse(withLiveForms(schema, withManifest(input as Record<string, unknown>)));
  if (parsed.success) {
    if (mode.chainless !== true) checkChainKeys(parsed.data);
    return parsed.data;
  }
  const issue = parsed.error.issues[0];
  const key = issue?.path.join('.') || '(whole file)';
  const missing = issue?.path.length === 1 && (input as Record<string, unknown>)[key] === undefined;
  throw new ConfigError(key, missing ? 'is required and missing' : (issue?.message ?? 'is not valid'));
}

/** Three keys can say how the chain is reached, so none of them is required by itself. */
function checkChainKeys(config: Record<string, unknown>): void {
  const reachesChain = 'chain_cross_check' in config;
  const { ton_endpoint, ton_endpoints, ton_config_filename } = config;
  if (reachesChain && (ton_endpoint ?? ton_endpoints ?? ton_config_filename) === undefined) {
    throw new ConfigError(
      'ton_endpoint',
      'is required and missing, unless ton_endpoints or ton_config_filename is given',
    );
  }
}

const TRUTH = new Map<unknown, boolean>([
  [1, true],
  ['true', true],
  [0, false],
  ['false', false],
]);

/**
 * The live runners take whole numbers as text ("12000") and truth values as 0, 1, "0" and "1" too; so a configuration that works
 * there works here. What a key takes as it stands is left alone.
 */
function withLiveForms(schema: z.ZodObject, input: Record<string, unknown>): Record<string, unknown> {
  const forms = Object.entries(input).map(([key, value]): [string, unknown] => {
    const field = schema.shape[key] as z.ZodType | undefined;
    if (field === undefined || field.safeParse(value).success) return [key, value];
    const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    // Where a number means something of its own, 1 is no truth value.
    const truth = field.safeParse(2).success ? undefined : TRUTH.get(number);
    return [key, [number, truth].find((form) => field.safeParse(form).success) ?? value];
  });
  return Object.fromEntries(forms);
}

/**
 * The lines of the file that the configuration names at `key`, without empty ones and those that start with #.
 * @throws ConfigError when it cannot be read
 */
export function readLines(key: string, file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`;
    throw new ConfigError(key, `the file ${file} ${why}`, { cause: error });
  }
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** The one secret in the file that the configuration names at `key`; undefined when it names none. @throws ConfigError */
export function readSecret(key: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const [secret, ...more] = readLines(key, file);
  if (secret === undefined || more.length > 0 || /\s/.test(secret))
    throw new ConfigError(key, `the file ${file} must hold one key and nothing else`);
  return secret;
}

/** Why a port cannot be opened, by the key to change. */
export function listenError(
  error: NodeJS.ErrnoException,
  at: { host: string; port: number; hostKey: string; portKey: string },
): ConfigError {
  const { host, port, hostKey, portKey } = at;
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigError(
        portKey,
        `port ${port} on ${host} is taken by another program. Stop that, or choose another port`,
        { cause: error },
      );
    case 'EACCES':
      return new ConfigError(portKey, `port ${port} may not be opened by this user. Choose one above 1023`, {
        cause: error,
      });
    default:
      return new ConfigError(
        hostKey,
        `cannot listen on ${host}:${port} (${error.message}). Give an address of this machine`,
        { cause: error },
      );
  }
}
