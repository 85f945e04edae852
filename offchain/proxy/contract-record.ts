import { type CocoonParams, loadParams, storeParams } from '@cocoon/sdk';
import { privateKeyFromSeed, rawPublicKey } from '@cocoon/sdk/protocol/keys';
import { Cell } from '@ton/core';
import type { Ledger } from '../ledger';
import { ConfigError } from '../node/config';
import type { ProxyConfig } from './config';
import { ProxyIdentity } from './identity';

/** The ledger remembers which contract it belongs to: parameters on chain may change, a contract's never do. */
const CONTRACT_KEY = 'proxy_contract';

/**
 * The contract the ledger belongs to; for a new ledger, the one the root's active parameters give. Without a chain there is no
 * contract to be kept, and peers know only the present parameters: it is always theirs.
 * @throws ConfigError
 */
export async function openIdentity(config: ProxyConfig, ledger: Ledger, active: CocoonParams): Promise<ProxyIdentity> {
  const publicKey = rawPublicKey(privateKeyFromSeed(config.machine_specific_private_key));
  const base = { owner: config.owner_address, publicKey, root: config.root_contract_address };
  if (config.chainless) return new ProxyIdentity({ ...base, params: active });
  const stored = ledger.meta(CONTRACT_KEY);
  if (stored === undefined) {
    const identity = new ProxyIdentity({ ...base, params: active });
    const params = storeParams(active, 'all').toBoc().toString('base64');
    await ledger.append([
      {
        kind: 'meta',
        row: { key: CONTRACT_KEY, value: JSON.stringify({ address: identity.address.toRawString(), params }) },
      },
    ]);
    return identity;
  }
  const { address, params } = JSON.parse(stored) as { address: string; params: string };
  const identity = new ProxyIdentity({ ...base, params: loadParams(Cell.fromBase64(params)) });
  if (identity.address.toRawString() !== address) {
    throw new ConfigError(
      'db_path',
      `the ledger ${config.db_path} belongs to the proxy contract ${address}, but owner_address, root_contract_address and machine_specific_private_key give ${identity.address.toRawString()}; restore those settings, or use another db_path for the new contract`,
    );
  }
  return identity;
}
