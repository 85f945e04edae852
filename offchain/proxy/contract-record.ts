import { loadParams, storeParams } from '@cocoon/sdk';
import { privateKeyFromSeed, rawPublicKey } from '@cocoon/sdk/protocol/keys';
import { Cell } from '@ton/core';
import type { Ledger } from '../ledger';
import type { ProxyConfig } from './config';
import { ProxyFatalError } from './errors';
import { ProxyIdentity } from './identity';
import type { RootView } from './root-view';

/** The ledger remembers which contract it belongs to: parameters on chain may change, a contract's never do. */
const CONTRACT_KEY = 'proxy_contract';

/** The contract the ledger belongs to; for a new ledger, the one the root's present parameters give. */
export async function openIdentity(config: ProxyConfig, ledger: Ledger, root: RootView): Promise<ProxyIdentity> {
  const publicKey = rawPublicKey(privateKeyFromSeed(config.machine_specific_private_key));
  const base = { owner: config.owner_address, publicKey, root: config.root_contract_address };
  const stored = ledger.meta(CONTRACT_KEY);
  if (stored === undefined) {
    const identity = new ProxyIdentity({ ...base, params: root.params });
    const params = storeParams(root.params, 'all').toBoc().toString('base64');
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
    throw new ProxyFatalError(
      'config',
      `the ledger ${config.db_path} belongs to the proxy contract ${address}, but owner_address, root_contract_address and machine_specific_private_key give ${identity.address.toRawString()}; restore those settings, or use another db_path for the new contract`,
    );
  }
  return identity;
}
