import {
  type ClientData,
  type ClientRecords,
  type ProxyBooks,
  parseClientData,
  parseProxyData,
  parseWorkerData,
  type WorkerData,
} from '@cocoon/sdk';
import { Address, type Cell } from '@ton/core';
import type { Chain } from '../chain/port';
import { readProxyBooks } from '../chain/proxy-books';

/** The contracts as they are now. The chain view knows what they have told the proxy contract, and only that. */
export interface ContractReads {
  /** Whose the proxy contract's coins are; undefined when it keeps no such books (the live network's code). */
  books(): Promise<ProxyBooks | undefined>;
  /** What the proxy contract holds for each client, by account id. */
  records(): Promise<ClientRecords>;
  /** undefined when it is not deployed. */
  client(contract: string): Promise<ClientData | undefined>;
  worker(contract: string): Promise<WorkerData | undefined>;
}

/** Every read rejects with ChainError when the chain cannot be asked. */
export function contractReads(chain: Chain, proxy: Address): ContractReads {
  const data = async (address: Address): Promise<Cell | undefined> => {
    const account = await chain.account(address);
    return account.status === 'active' ? account.data : undefined;
  };
  return {
    books: () => readProxyBooks(chain, proxy),
    records: async () => {
      const cell = await data(proxy);
      return (cell && parseProxyData(cell).clients) ?? new Map();
    },
    client: async (contract) => {
      const cell = await data(Address.parseRaw(contract));
      return cell && parseClientData(cell);
    },
    worker: async (contract) => {
      const cell = await data(Address.parseRaw(contract));
      return cell && parseWorkerData(cell);
    },
  };
}
