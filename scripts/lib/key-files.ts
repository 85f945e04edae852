import type { KeyObject } from 'node:crypto';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { privateKeyFromSeed, rawPublicKey } from '@cocoon/sdk';
import { Cell } from '@ton/core';
import { ScriptError } from './script-error';

/**
 * Secrets and large values come in files: what stands on a command line is in the shell's history and in every process
 * list. Error messages name file and key, never the content.
 */
function read(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ScriptError(
      `${key}: ${path} ${code === 'ENOENT' ? 'does not exist.' : `cannot be read: ${message}.`}`,
      '',
    );
  }
}

/** The file's text, or one value of it where the file is a runner's JSON configuration. */
function readSecretText(key: string, path: string, jsonKeys: readonly string[]): string {
  const text = read(key, path).toString('utf8').trim();
  if (!text.startsWith('{')) return text;
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new ScriptError(`${key}: ${path} looks like JSON and is not.`, '');
  }
  const value = jsonKeys.map((name) => json[name]).find((found) => typeof found === 'string' && found !== '');
  if (typeof value === 'string') return value;
  throw new ScriptError(`${key}: ${path} has no ${jsonKeys.join(' or ')}.`, '');
}

/** @param configKey where the seed stands when the file is a runner's configuration */
export function readPrivateKey(
  key: string,
  path: string,
  configKey: 'node_wallet_key' | 'machine_specific_private_key',
): KeyObject {
  const text = readSecretText(key, path, [configKey]);
  const seed = Buffer.from(text, 'base64');
  if (seed.length === 32 && /^[\w+/-]{43}=?$/.test(text)) return privateKeyFromSeed(seed);
  throw new ScriptError(
    `${key}: ${path} holds no Ed25519 seed:`,
    'expected 32 bytes in base64, as in a runner configuration.',
  );
}

export function publicKeyOf(privateKey: KeyObject): Buffer {
  return Buffer.from(rawPublicKey(privateKey));
}

/** Hash of a client's secret, as its proxy computes it. */
export function readSecretHash(key: string, path: string): Buffer {
  const secret = readSecretText(key, path, ['secret_string', 'secret']);
  // With the hash of an empty secret on chain anybody could spend the client's balance.
  if (secret.length < 16)
    throw new ScriptError(`${key}: the secret in ${path} is too short,`, 'use 16 characters or more.');
  return createHash('sha256').update(secret, 'utf8').digest();
}

/** A BoC as bytes, hex or base64. */
export function readBocFile(key: string, path: string): Buffer {
  const bytes = read(key, path);
  const text = bytes.toString('latin1').trim();
  if (/^([0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[\w+/-]+={0,2}$/.test(text)) return Buffer.from(text, 'base64');
  return bytes;
}

export function readCellFile(key: string, path: string): Cell {
  try {
    const [cell, ...more] = Cell.fromBoc(readBocFile(key, path));
    if (cell !== undefined && more.length === 0) return cell;
  } catch {
    // Falls through: whatever the reader met, the file is no BoC of one cell.
  }
  throw new ScriptError(`${key}: ${path} is not a BoC with one root cell`, '(as bytes, hex or base64).');
}
