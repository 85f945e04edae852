import { CocoonProxy, CocoonState, type ProxyBooks } from '@cocoon/sdk';
import type { Address, ContractProvider, TupleItem } from '@ton/core';
import { type Chain, ChainError } from './port';

/** The exit code of a contract that has no get method of that name. */
const NO_SUCH_METHOD = 11;

/**
 * Whose the coins of a proxy contract are, read from it now. `payable` is what it would pay for workers in its present state:
 * once closed, only what clients have been charged.
 * @returns undefined where the contract does not say (proxies of the live network)
 * @throws ChainError
 */
export async function readProxyBooks(chain: Chain, address: Address): Promise<ProxyBooks | undefined> {
  const proxy = CocoonProxy.createFromAddress(address);
  // The wrapper asks its provider for get methods only.
  const provider = {
    get: async (name: string, args: TupleItem[]) => ({ stack: await chain.runMethod(address, name, args) }),
  } as unknown as ContractProvider;
  try {
    const books = await proxy.getBooks(provider);
    const { state } = await proxy.getData(provider);
    const { payable, earned } = books;
    return state === CocoonState.closed && earned < payable ? { ...books, payable: earned > 0n ? earned : 0n } : books;
  } catch (error) {
    if (error instanceof ChainError && error.code === 'exit-code' && error.exitCode === NO_SUCH_METHOD) {
      return undefined;
    }
    throw error;
  }
}
