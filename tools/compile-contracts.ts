import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, createVirtualFileSystem, Logger, LogLevel, type Options, stdLibFiles } from '@tact-lang/compiler';
import { Cell } from '@ton/core';
import { compile as client } from '../wrappers/CocoonClient.compile';
import { compile as dao } from '../wrappers/CocoonDao.compile';
import { compile as proposal } from '../wrappers/CocoonProposal.compile';
import { compile as proxy } from '../wrappers/CocoonProxy.compile';
import { compile as registrar } from '../wrappers/CocoonRegistrar.compile';
import { compile as root } from '../wrappers/CocoonRoot.compile';
import { compile as stake } from '../wrappers/CocoonStake.compile';
import { compile as vault } from '../wrappers/CocoonVault.compile';
import { compile as wallet } from '../wrappers/CocoonWallet.compile';
import { compile as worker } from '../wrappers/CocoonWorker.compile';

/** The contracts of the live network, which money of clients, proxies and workers passes through. */
export const networkContractNames = ['root', 'proxy', 'client', 'worker', 'wallet'] as const;

/** The contracts of the network's members, their votes and their treasury. */
export const daoContractNames = ['stake', 'proposal', 'dao', 'vault', 'registrar'] as const;

export const contractNames = [...networkContractNames, ...daoContractNames] as const;
export type ContractName = (typeof contractNames)[number];

export const projectRoot = path.resolve(__dirname, '..');
const contractsDir = path.join(projectRoot, 'contracts');
const cacheDir = path.join(projectRoot, 'build', 'cache');

interface TactTarget {
  target: string;
  options?: Options;
}

/** What Blueprint compiles, so that both build the same code. */
const targets: Record<ContractName, TactTarget> = {
  ...{ root, proxy, client, worker, wallet },
  ...{ stake, proposal, dao, vault, registrar },
};

/** Name of the contract's artefacts: 'root' -> 'CocoonRoot'. */
export function contractTitle(name: ContractName): string {
  return `Cocoon${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/**
 * Code cells of all contracts. Compiled once per state of contracts/, compiler version and options;
 * later calls, also from other processes, read the BOCs back from build/cache.
 * Throws with the compiler's own message when a source does not compile.
 */
export async function compileContracts(): Promise<Record<ContractName, Cell>> {
  const sources = readSources();
  const code: Partial<Record<ContractName, Cell>> = {};
  for (const name of contractNames) {
    const file = path.join(cacheDir, `${contractTitle(name)}-${fingerprint(name, sources)}.boc`);
    if (!existsSync(file)) {
      const boc = await compileOne(name, sources);
      // Written aside and renamed: another process that compiles the same sources never reads half a file.
      mkdirSync(cacheDir, { recursive: true });
      const aside = `${file}.${process.pid}`;
      writeFileSync(aside, boc);
      renameSync(aside, file);
    }
    code[name] = Cell.fromBoc(readFileSync(file))[0]!;
  }
  return code as Record<ContractName, Cell>;
}

/** Every .tact file under `dir`: path relative to contracts/ -> content, in a fixed order. */
export function readSources(dir = contractsDir, prefix = ''): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const entries = readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const file = prefix + entry.name;
    if (entry.isDirectory()) {
      for (const [inner, content] of readSources(path.join(dir, entry.name), `${file}/`)) found.set(inner, content);
    } else if (entry.name.endsWith('.tact')) {
      found.set(file, readFileSync(path.join(dir, entry.name)));
    }
  }
  return found;
}

function compilerVersion(): string {
  const manifest = path.join(projectRoot, 'node_modules/@tact-lang/compiler/package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function fingerprint(name: ContractName, sources: Map<string, Buffer>): string {
  const hash = createHash('sha256').update(JSON.stringify([compilerVersion(), targets[name]]));
  for (const [file, content] of sources) hash.update(`${file}\0${content.length}\0`).update(content);
  return hash.digest('hex').slice(0, 32);
}

/** The contract's own source, relative to contracts/. */
export function sourceOf(name: ContractName): string {
  return path.posix.relative('contracts', targets[name].target);
}

/** The code as a BoC, from sources as `readSources` returns them. Errors go to the log, unless it is `quiet`. */
export async function compileOne(
  name: ContractName,
  sources: ReadonlyMap<string, Buffer>,
  extra: { quiet?: boolean; options?: Options } = {},
): Promise<Buffer> {
  const { target, options } = targets[name];
  const files = Object.fromEntries([...sources].map(([file, content]) => [file, content.toString('base64')]));
  const project = createVirtualFileSystem('/', files, false);
  const result = await build({
    config: {
      name: 'build',
      path: `./${sourceOf(name)}`,
      output: 'out',
      mode: 'full',
      options: { ...options, ...extra.options },
    },
    stdlib: createVirtualFileSystem('@stdlib', stdLibFiles),
    project,
    logger: new Logger(extra.quiet === true ? LogLevel.NONE : LogLevel.ERROR),
  });
  const codePath = project.resolve('out', `build_${contractTitle(name)}.code.boc`);
  if (!result.ok || !project.exists(codePath)) {
    throw new Error(`${target} does not compile; the compiler's message stands above`);
  }
  return project.readFile(codePath);
}
