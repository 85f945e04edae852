import { readFileSync } from 'node:fs';
import { ManifestError, parseManifest } from '@cocoon/sdk';
import { ConfigError } from './config-error';

/** Configuration key that names a deployment manifest, as the scripts write it. */
export const MANIFEST_KEY = 'deployment_manifest';

/**
 * Fills what a configuration leaves out and a deployment manifest knows: root_contract_address and is_test. What the
 * configuration says itself counts.
 * @throws ConfigError when the configuration names a manifest that cannot be read, is wrong, or has no root
 */
export function withManifest(input: Record<string, unknown>): Record<string, unknown> {
  const file = input[MANIFEST_KEY];
  if (file === undefined) return input;
  if (typeof file !== 'string' || file === '') throw new ConfigError(MANIFEST_KEY, 'must be the path of a manifest');
  const root = readRoot(file);
  const known = { root_contract_address: root.address, ...(root.isTest === undefined ? {} : { is_test: root.isTest }) };
  return { ...known, ...input };
}

function readRoot(file: string) {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`;
    throw new ConfigError(MANIFEST_KEY, `the manifest ${file} ${why}`, { cause: error });
  }
  try {
    const { root } = parseManifest(json);
    if (root !== undefined) return root;
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new ConfigError(MANIFEST_KEY, `the manifest ${file} is wrong: ${error.message}`, { cause: error });
  }
  throw new ConfigError(MANIFEST_KEY, `the manifest ${file} has no root. Deploy one, or give root_contract_address`);
}
