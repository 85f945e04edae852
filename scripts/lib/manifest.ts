import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScriptError } from './script';

/** What a deployment left on a network: read by later scripts, so that addresses need not be typed. */
export interface Manifest {
  network: string;
  root?: { address: string; codeHash: string; owner: string };
}

function file(network: string): string {
  return join('deployments', `${network}.json`);
}

/** @throws ScriptError naming the file when it is damaged */
export function readManifest(network: string): Manifest {
  const path = file(network);
  if (!existsSync(path)) return { network };
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  } catch (error) {
    throw new ScriptError(`${path} is damaged: ${(error as Error).message}.`, 'Correct or delete it.');
  }
}

/** Adds to the manifest; whole or not at all. Returns its path. */
export function updateManifest(network: string, entries: Partial<Manifest>): string {
  const path = file(network);
  const next = { ...readManifest(network), ...entries };
  mkdirSync('deployments', { recursive: true });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(next, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
  return path;
}
