import type { Address, ContractProvider, TupleItem } from '@ton/core';
import { openContract } from '@ton/core';
import type { Chain } from '../../chain/port';

/** Lets the wrappers' getters read through the runners' view of the chain. It sends nothing. */
function providerOf(chain: Chain, address: Address): ContractProvider {
  const unsupported = async (): Promise<never> => {
    throw new Error('this provider only reads');
  };
  const provider: ContractProvider = {
    async getState() {
      const { balance, status, code, data, last } = await chain.account(address);
      const state =
        status === 'active'
          ? { type: 'active' as const, code: code?.toBoc() ?? null, data: data?.toBoc() ?? null }
          : status === 'frozen'
            ? { type: 'frozen' as const, stateHash: Buffer.alloc(32) }
            : { type: 'uninit' as const };
      return { balance, extracurrency: null, last: last ?? null, state };
    },
    async get(name: string | number, args: TupleItem[]) {
      return { stack: await chain.runMethod(address, String(name), args) };
    },
    external: unsupported,
    internal: unsupported,
    open: (contract) => openContract(contract, ({ address: other }) => providerOf(chain, other)),
    getTransactions: unsupported,
  };
  return provider;
}

/** The wrapper with its getters bound to the chain. */
export function opened<T extends { readonly address: Address }>(chain: Chain, contract: T) {
  return openContract(contract, ({ address }) => providerOf(chain, address));
}
