import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Address } from '@ton/core';
import pino from 'pino';
import { z } from 'zod';
import { ConfigError, nodeKeys, parseConfig } from './config';

const root = new Address(0, Buffer.alloc(32, 7)).toString();
const schema = z.object({
  root_contract_address: nodeKeys.root_contract_address,
  deployment_manifest: nodeKeys.deployment_manifest,
  is_test: z.boolean(),
});

function manifest(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'cocoon-manifest-')), 'custom.json');
  writeFileSync(path, text);
  return path;
}

const whole = (changes: object = {}) =>
  JSON.stringify({
    version: 1,
    network: 'custom',
    root: { address: root, codeHash: '00'.repeat(32), owner: root, isTest: true },
    ...{ proxies: [], clients: [], workers: [], wallets: [] },
    ...changes,
  });

const parse = (input: unknown) => parseConfig(schema, input, pino({ level: 'silent' }));

describe('a configuration that names the manifest of a deployment', () => {
  it('takes the root and its kind from there, unless it says itself', () => {
    const deployment_manifest = manifest(whole());
    const filled = parse({ deployment_manifest });
    expect(filled.root_contract_address.toString()).toBe(root);
    expect(filled.is_test).toBe(true);
    const other = new Address(0, Buffer.alloc(32, 8)).toString();
    const own = parse({ deployment_manifest, root_contract_address: other, is_test: false });
    expect(own.root_contract_address.toString()).toBe(other);
    expect(own.is_test).toBe(false);
  });

  it.each([
    ['no file', () => join(tmpdir(), 'no-such-manifest.json'), 'does not exist'],
    ['no JSON', () => manifest('{'), 'cannot be read'],
    ['another layout', () => manifest(whole({ root: { address: 'nowhere' } })), 'is wrong: '],
    ['no root', () => manifest(whole({ root: undefined })), 'has no root. Deploy one'],
    ['no path', () => '', 'must be the path of a manifest'],
  ])('with %s is refused in one line that names the key', (_name, path, text) => {
    const run = () => parse({ deployment_manifest: path() });
    expect(run).toThrow(ConfigError);
    const message = expect.stringContaining(text);
    expect(run).toThrow(expect.objectContaining({ key: 'deployment_manifest', message }));
  });
});
