import { existsSync, readFileSync } from 'node:fs';
import { CocoonDao, CocoonVault, type DaoInfo, type Manifest, ManifestError, parseManifest } from '@cocoon/sdk';
import { Address, type Cell } from '@ton/core';
import pino from 'pino';
import { type Chain, ChainError } from '../../chain/port';
import { ToncenterChain } from '../../chain/toncenter';
import { CliError } from '../errors';
import { ExitCode } from './exit-codes';
import { opened } from './provider';

/** Where a command looks, as its options say. */
export interface PlaceFlags {
  endpoint?: string;
  network: string;
  manifest?: string;
  dao?: string;
  json?: boolean;
}

const ENDPOINTS: Readonly<Record<string, string>> = {
  mainnet: 'https://toncenter.com/api/v2/jsonRPC',
  testnet: 'https://testnet.toncenter.com/api/v2/jsonRPC',
  custom: 'http://127.0.0.1:10080/api/v2/jsonRPC',
};

/** What every command works with. */
export interface DaoContext {
  chain: Chain;
  /** the dictionary of the network's config parameters */
  config: () => Promise<Cell>;
  network: string;
  dao: Address;
  info: DaoInfo;
  manifest: Manifest | undefined;
  /** the chain's clock, unix seconds */
  now: number;
  json: boolean;
  print: (text: string) => void;
  close: () => Promise<void>;
}

export function usage(message: string, nextStep: string, cause?: unknown): CliError {
  return new CliError(message, nextStep, { exitCode: ExitCode.usage, cause });
}

export function refused(message: string, nextStep: string): CliError {
  return new CliError(message, nextStep, { exitCode: ExitCode.refused });
}

export function parseAddress(text: string, what: string): Address {
  try {
    return Address.parse(text);
  } catch (error) {
    throw usage(`${what}: "${text}" is no address.`, 'Give it as EQ…, UQ… or 0:….', error);
  }
}

/** @throws CliError naming the file and the key */
export function readManifestFile(flags: Pick<PlaceFlags, 'manifest' | 'network'>): Manifest | undefined {
  const path = flags.manifest ?? `deployments/${flags.network}.json`;
  if (!existsSync(path)) {
    if (flags.manifest === undefined) return undefined;
    throw usage(`The manifest ${path} does not exist.`, 'Give the file that the deploy scripts wrote.');
  }
  try {
    return parseManifest(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const why = error instanceof ManifestError ? 'is wrong' : 'is damaged';
    throw usage(`The manifest ${path} ${why}: ${(error as Error).message}.`, 'Correct it, or give --dao.', error);
  }
}

export async function openDao(flags: PlaceFlags, print: (text: string) => void): Promise<DaoContext> {
  const endpoint = flags.endpoint ?? ENDPOINTS[flags.network];
  if (endpoint === undefined) {
    throw usage(`--network ${flags.network}: there is no such network.`, 'Give mainnet, testnet or custom.');
  }
  const manifest = readManifestFile(flags);
  const text = flags.dao ?? manifest?.dao?.address;
  if (text === undefined) {
    throw usage('Which DAO?', 'Give --dao ADDRESS, or --manifest FILE of a deployment that has one.');
  }
  const dao = parseAddress(text, '--dao');
  const apiKey = process.env.TONCENTER_API_KEY;
  const logger = pino({ level: 'silent' });
  const chain = new ToncenterChain({ endpoint, logger, ...(apiKey ? { apiKey } : {}) });
  try {
    const now = await chain.time();
    const info = await readDao(chain, dao);
    return {
      chain,
      config: () => chain.config(),
      network: flags.network,
      dao,
      info,
      manifest,
      now,
      json: flags.json ?? false,
      print,
      close: () => chain.close(),
    };
  } catch (error) {
    await chain.close();
    throw error;
  }
}

export async function readDao(chain: Chain, dao: Address): Promise<DaoInfo> {
  try {
    return await opened(chain, CocoonDao.createFromAddress(dao)).getData();
  } catch (error) {
    if (!(error instanceof ChainError) || error.code !== 'exit-code') throw error;
    throw usage(`There is no DAO at ${dao} on this network.`, 'Check --dao, --network and --endpoint.', error);
  }
}

export function openVault({ chain, info }: DaoContext) {
  return opened(chain, CocoonVault.createFromAddress(info.vault));
}
