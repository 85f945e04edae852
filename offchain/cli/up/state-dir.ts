import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { mnemonicNew, mnemonicValidate } from '@ton/crypto';
import { z } from 'zod';
import { parseSecretJson } from '../../node/json';
import { CliError } from '../errors';

/**
 * The directory of one local network: its keys, its ports, the runners' configurations, logs and data.
 * It holds worthless test keys only, and still treats them as secrets (mode 0600, never printed).
 */
export interface StateDir {
  readonly path: string;
  readonly keys: NetworkKeys;
  readonly logDir: string;
  /** Directory of one component, created on first use. */
  dir(name: string): string;
  /** Writes a runner's configuration and returns its path. */
  writeConfig(name: string, config: Record<string, unknown>): string;
  readJson<T>(name: string, schema: z.ZodType<T>): T | undefined;
  writeJson(name: string, value: unknown): void;
  release(): void;
}

const seed = z.base64().refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64');
const mnemonic = z.array(z.string()).length(24);
const token = z.string().min(16);

const keysSchema = z.object({
  version: z.literal(1),
  /** Wallets a person would hold (W5): deployer of the root, owners that receive the earnings. */
  deployer: mnemonic,
  proxyOwner: mnemonic,
  workerOwner: mnemonic,
  /** Node wallets, by role, and the key that signs the proxy's vouchers. */
  proxyNode: seed,
  workerNode: seed,
  clientNode: seed,
  proxyMachine: seed,
  /** Bearer tokens of the runners' money-moving endpoints. */
  proxyAccess: token,
  workerAccess: token,
  clientAccess: token,
});
export type NetworkKeys = z.infer<typeof keysSchema>;

/**
 * Opens or creates the state directory and takes its lock.
 * @throws CliError when the directory cannot be used, is damaged, or belongs to a running network.
 */
export async function openStateDir(requested: string): Promise<StateDir> {
  const path = resolve(requested);
  try {
    makeDirs(join(path, 'logs'));
  } catch (error) {
    throw new CliError(
      `The state directory ${path} cannot be created: ${(error as Error).message}.`,
      'Choose another with --state-dir.',
      { cause: error },
    );
  }
  const release = takeLock(path);
  try {
    const keys = await loadOrCreateKeys(path);
    return {
      path,
      keys,
      logDir: join(path, 'logs'),
      dir: (name) => {
        const dir = join(path, name);
        mkdirSync(dir, { recursive: true, mode: 0o700 });
        return dir;
      },
      writeConfig: (name, config) => {
        const file = join(path, `${name}.json`);
        writeAtomic(file, config);
        return file;
      },
      readJson: (name, schema) => readJson(join(path, name), schema, path),
      writeJson: (name, value) => writeAtomic(join(path, name), value),
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Not `mkdirSync` with `recursive`: below a directory that takes no entries, such as /proc, that never returns. */
function makeDirs(path: string): void {
  const missing: string[] = [];
  let existing = path;
  while (!existsSync(existing)) {
    missing.unshift(existing);
    existing = dirname(existing);
  }
  if (!statSync(existing).isDirectory()) throw new Error(`${existing} is not a directory`);
  for (const directory of missing) mkdirSync(directory, { mode: 0o700 });
}

function takeLock(path: string): () => void {
  const file = join(path, 'up.pid');
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new CliError(
        `The state directory ${path} is not writable: ${(error as Error).message}.`,
        'Choose another with --state-dir.',
        { cause: error },
      );
    }
    const pid = Number(readFileSync(file, 'utf8'));
    if (isAlive(pid)) {
      throw new CliError(
        `A network is already running on ${path} (process ${pid}).`,
        'Stop it, or start a second one with --state-dir and --port.',
      );
    }
    writeFileSync(file, String(process.pid), { mode: 0o600 }); // its owner was killed: take over
  }
  return () => rmSync(file, { force: true });
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function loadOrCreateKeys(path: string): Promise<NetworkKeys> {
  const existing = readJson(join(path, 'keys.json'), keysSchema, path);
  if (existing !== undefined) {
    for (const name of ['deployer', 'proxyOwner', 'workerOwner'] as const) {
      if (!(await mnemonicValidate(existing[name])))
        throw damaged(join(path, 'keys.json'), `${name} is no mnemonic`, path);
    }
    return existing;
  }
  const newSeed = () => randomBytes(32).toString('base64');
  const newToken = () => randomBytes(24).toString('base64url');
  const keys: NetworkKeys = {
    version: 1,
    deployer: await mnemonicNew(24),
    proxyOwner: await mnemonicNew(24),
    workerOwner: await mnemonicNew(24),
    proxyNode: newSeed(),
    workerNode: newSeed(),
    clientNode: newSeed(),
    proxyMachine: newSeed(),
    proxyAccess: newToken(),
    workerAccess: newToken(),
    clientAccess: newToken(),
  };
  writeAtomic(join(path, 'keys.json'), keys);
  return keys;
}

function readJson<T>(file: string, schema: z.ZodType<T>, path: string): T | undefined {
  if (!existsSync(file)) return undefined;
  let value: unknown;
  try {
    value = parseSecretJson(readFileSync(file, 'utf8'));
  } catch (error) {
    throw damaged(file, (error as Error).message, path);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw damaged(file, `${issue?.path.join('.')}: ${issue?.message}`, path);
  }
  return parsed.data;
}

function damaged(file: string, what: string, path: string): CliError {
  return new CliError(
    `${file} is damaged (${what}).`,
    `This is a local test network without real money: delete ${path} and start again, or choose another --state-dir.`,
  );
}

/** Whole or not at all: a reader never sees half a file, whenever this process is killed. */
function writeAtomic(file: string, value: unknown): void {
  const temporary = `${file}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(temporary, file);
}
