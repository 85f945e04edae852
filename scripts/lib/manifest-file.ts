import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ContractName,
  emptyManifest,
  type Manifest,
  ManifestError,
  type parseClientData,
  parseManifest,
  parseProxyData,
  parseRootData,
  parseWalletData,
  sameAddress,
  withEntry,
} from '@cocoon/sdk';
import type { Address } from '@ton/core';
import type { DeployedContract } from './chain';
import { parsers } from './contracts';
import { ScriptError } from './script-error';

/** Where the manifest of a network lies, relative to the project. */
export function manifestPath(network: string): string {
  return join('deployments', `${network}.json`);
}

/** @throws ScriptError naming file and key when it is damaged */
export function readManifest(network: string): Manifest {
  const path = manifestPath(network);
  if (!existsSync(path)) return emptyManifest(network);
  try {
    return parseManifest(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const what = error instanceof ManifestError ? 'is wrong' : 'is damaged';
    throw new ScriptError(`${path} ${what}: ${(error as Error).message}.`, 'Correct or delete it.');
  }
}

/** Changes the manifest on disk; whole or not at all. Returns its path. */
export function updateManifest(network: string, change: (manifest: Manifest) => Manifest): string {
  const path = manifestPath(network);
  const next = change(readManifest(network));
  mkdirSync('deployments', { recursive: true });
  const partial = `${path}.${process.pid}.tmp`;
  writeFileSync(partial, `${JSON.stringify(next, null, 2)}\n`);
  renameSync(partial, path);
  return path;
}

/** Writes down a contract as it is on chain. */
export function recordContract(
  network: string,
  contract: ContractName,
  address: Address,
  { code, data }: DeployedContract,
): string {
  return updateManifest(network, (manifest) => {
    const common = (owner: Address) => ({
      address: address.toString(),
      codeHash: code.hash().toString('hex'),
      owner: owner.toString(),
    });
    switch (contract) {
      case 'root': {
        const { owner, params } = parseRootData(data);
        const { paramsVersion, uniqueId, isTest } = params;
        const known = manifest.root && sameAddress(manifest.root.address, address.toString()) ? manifest.root : {};
        return { ...manifest, root: { ...known, ...common(owner), paramsVersion, uniqueId, isTest } };
      }
      case 'proxy': {
        const { owner, root, publicKey, params } = parseProxyData(data);
        const { paramsVersion } = params;
        const own = { root: root.toString(), publicKey: publicKey.toString('hex'), paramsVersion };
        return { ...manifest, proxies: withEntry(manifest.proxies, { ...common(owner), ...own }) };
      }
      case 'wallet': {
        const { owner, publicKey } = parseWalletData(data);
        const entry = { ...common(owner), publicKey: publicKey.toString('hex') };
        return { ...manifest, wallets: withEntry(manifest.wallets, entry) };
      }
      case 'client':
      case 'worker': {
        const { owner, proxy, params } = parsers[contract](data) as ReturnType<typeof parseClientData>;
        const entry = { ...common(owner), proxy: proxy.toString(), paramsVersion: params.paramsVersion };
        const list = `${contract}s` as const;
        return { ...manifest, [list]: withEntry(manifest[list], entry) };
      }
    }
  });
}

/**
 * Addresses of such contracts that may be meant: proxies of the present root, clients and workers of its proxies. A local
 * chain that began anew leaves entries of the old one behind.
 */
export function knownContracts(manifest: Manifest, contract: ContractName): string[] {
  const { root } = manifest;
  const proxies = manifest.proxies.filter((proxy) => root === undefined || sameAddress(proxy.root, root.address));
  const ofProxies = (children: Manifest['clients']) =>
    children.filter(({ proxy }) => proxies.some(({ address }) => sameAddress(address, proxy)));
  const entries = {
    root: root === undefined ? [] : [root],
    proxy: proxies,
    client: ofProxies(manifest.clients),
    worker: ofProxies(manifest.workers),
    wallet: manifest.wallets,
  }[contract];
  return entries.map(({ address }) => address);
}

/** Is the contract in the manifest? */
export function isRecorded(manifest: Manifest, contract: ContractName, address: Address): boolean {
  const all = { root: manifest.root ? [manifest.root] : [], proxy: manifest.proxies, client: manifest.clients };
  const entries = { ...all, worker: manifest.workers, wallet: manifest.wallets }[contract];
  return entries.some((entry) => sameAddress(entry.address, address.toString()));
}
