import { type ChainState, type ClassScope, CocoonRegistrar, parseRootData } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import { type DaoContext, openVault, parseAddress } from './context';
import { opened } from './provider';

/** What is on chain now, for telling what actions change and for filling in what a proposal's file leaves out. */
export interface Now {
  scope: ClassScope;
  registrar: Address | null;
  state: ChainState;
}

export async function readState(context: DaoContext): Promise<Now> {
  const { chain, dao, info } = context;
  const { root, transferCap } = info.params;
  const [rootAccount, vault] = await Promise.all([chain.account(root), openVault(context).getData()]);
  // A registrar that the Vault does not name yet is known from the deployment.
  const registrar = vault.registrar ?? registrarOfManifest(context);
  const terms = registrar && (await chain.account(registrar)).code && (await termsOf(context, registrar));
  return {
    scope: { dao, vault: info.vault, root, transferCap },
    registrar,
    state: {
      ...(rootAccount.data ? { root: parseRootData(rootAccount.data) } : {}),
      ...{ vault, dao: info },
      ...(terms ? { registrarTerms: terms } : {}),
    },
  };
}

async function termsOf({ chain }: DaoContext, registrar: Address) {
  return (await opened(chain, CocoonRegistrar.createFromAddress(registrar)).getData()).terms;
}

function registrarOfManifest({ manifest }: DaoContext): Address | null {
  return manifest?.registrar ? parseAddress(manifest.registrar.address, 'registrar') : null;
}

/** What an address is to this DAO. */
export function targetName({ scope, registrar }: Now, to: Address): string {
  if (to.equals(scope.root)) return 'root';
  if (to.equals(scope.vault)) return 'vault';
  if (to.equals(scope.dao)) return 'dao';
  return registrar?.equals(to) ? 'registrar' : 'not of this DAO';
}
