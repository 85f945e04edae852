import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Address } from '@ton/core';
import type { Logger } from 'pino';
import { type Endpoint, FailoverChain } from '../chain/endpoints';
import { LiteServerChain } from '../chain/lite-server';
import { type GlobalConfig, parseGlobalConfig } from '../chain/lite-server/global-config';
import type { Chain } from '../chain/port';
import { ToncenterChain } from '../chain/toncenter';
import { type Clock, systemClock } from './clock';
import { type ChainKeys, ConfigError, readSecret } from './config';

export interface ChainConfig extends ChainKeys {
  /** Key of ton_endpoint, from ton_api_key_file. */
  tonApiKey: string | undefined;
  root_contract_address: Address;
}

export interface OpenChain {
  chain: Chain;
  /** What endpoints disagree about, for readiness; undefined when nothing. */
  problem(): string | undefined;
  close(): Promise<void>;
}

interface Opened extends Endpoint {
  close(): Promise<void>;
}

/** Of several, so that a silent one does not hold up the next. */
const IMPATIENT_MS = 5000;

/**
 * The chain as the configuration says: one toncenter API, or several endpoints behind a fail-over.
 * @throws ConfigError naming the key that is wrong
 */
export function openEndpoint(config: ChainConfig, logger: Logger, clock: Clock = systemClock): OpenChain {
  const aborter = new AbortController();
  const entries = config.ton_endpoints ?? [];
  const single = entries.length === 0 && config.chain_cross_check === 1;
  const alone = entries.length + (config.ton_endpoint === undefined ? 0 : 1) === 1;
  const toncenter = (url: string, apiKey: string | undefined): Opened => {
    const key = apiKey === undefined ? {} : { apiKey };
    const haste = alone ? {} : { attempts: 1, timeoutMs: IMPATIENT_MS };
    const chain = new ToncenterChain({ endpoint: url, ...key, ...haste, logger, signal: aborter.signal });
    return { name: new URL(url).host, chain, close: () => chain.close() };
  };
  const endpoints: Opened[] = [];
  if (config.ton_endpoint !== undefined) endpoints.push(toncenter(config.ton_endpoint, config.tonApiKey));
  for (const [index, { url, api_key_file, ton_config_filename }] of entries.entries()) {
    const key = `ton_endpoints.${index}`;
    if (url !== undefined) endpoints.push(toncenter(url, readSecret(`${key}.api_key_file`, api_key_file)));
    else endpoints.push(...liteServers(`${key}.ton_config_filename`, ton_config_filename ?? '', clock));
  }
  if (endpoints.length === 0)
    endpoints.push(...liteServers('ton_config_filename', config.ton_config_filename ?? '', clock));
  const close = async () => {
    aborter.abort();
    await Promise.all(endpoints.map((endpoint) => endpoint.close()));
  };
  const [first] = endpoints;
  if (single && endpoints.length === 1) return { chain: first!.chain, problem: () => undefined, close };
  const agree = config.chain_cross_check;
  if (endpoints.length < agree) {
    throw new ConfigError(
      'chain_cross_check',
      `asks for ${agree} endpoints that agree, and there are ${endpoints.length}. Add some to ton_endpoints`,
    );
  }
  const all = config.chain_cross_check_scope === 'all';
  const applies = (address: Address) => all || address.equals(config.root_contract_address);
  const crossCheck = agree > 1 ? { crossCheck: { endpoints: agree, applies } } : {};
  const chain = new FailoverChain({ endpoints, clock, logger, ...crossCheck });
  return { chain, problem: () => chain.problem, close };
}

function liteServers(key: string, file: string, clock: Clock): Opened[] {
  const { servers, zeroState } = readGlobalConfig(key, file);
  // Everybody has the same file: not everybody should ask its first server.
  const start = randomInt(servers.length);
  return [...servers.slice(start), ...servers.slice(0, start)].map((server) => {
    const network = zeroState === undefined ? {} : { zeroState };
    const chain = new LiteServerChain({ server, ...network, timeoutMs: IMPATIENT_MS, clock });
    return { name: `${server.host}:${server.port}`, chain, close: () => chain.close() };
  });
}

function readGlobalConfig(key: string, file: string): GlobalConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(key, `the file ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    return parseGlobalConfig(text);
  } catch (error) {
    throw new ConfigError(
      key,
      `the file ${file} is no network configuration: ${(error as Error).message}. Take the network's global.config.json`,
      { cause: error },
    );
  }
}
