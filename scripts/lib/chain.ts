import { setTimeout as delay } from 'node:timers/promises';
import type { NetworkProvider } from '@ton/blueprint';
import { Address, Cell } from '@ton/core';
import { ScriptError } from './script';

export interface DeployedContract {
  code: Cell;
  data: Cell;
  balance: bigint;
}

/** The active contract at the address, undefined when there is none. */
export async function readContract(provider: NetworkProvider, address: Address): Promise<DeployedContract | undefined> {
  const { state, balance } = await provider.provider(address).getState();
  if (state.type !== 'active') return undefined;
  if (!state.code || !state.data) throw new ScriptError(`${address.toString()} is active but has no code or data.`, '');
  return { code: Cell.fromBoc(state.code)[0]!, data: Cell.fromBoc(state.data)[0]!, balance };
}

export async function requireContract(provider: NetworkProvider, address: Address): Promise<DeployedContract> {
  const contract = await readContract(provider, address);
  if (contract !== undefined) return contract;
  throw new ScriptError(`There is no contract at ${address.toString()} on this network.`, 'Check address and network.');
}

/** Waits until the contract is there and has the expected code. @throws ScriptError after about a minute */
export async function waitForCode(provider: NetworkProvider, address: Address, code: Cell): Promise<DeployedContract> {
  for (let attempt = 0; attempt < 60; attempt++) {
    const contract = await readContract(provider, address);
    if (contract !== undefined) {
      if (contract.code.hash().equals(code.hash())) return contract;
      throw new ScriptError(
        `${address.toString()} has code ${contract.code.hash().toString('hex')}, expected ${code.hash().toString('hex')}.`,
        'Do not use it: it is not the contract of this release.',
      );
    }
    await delay(attempt < 10 ? 200 : 1000);
  }
  throw new ScriptError(
    `${address.toString()} did not appear on chain.`,
    'Does the wallet hold enough TON? Run the script again: it sends only what is missing.',
  );
}

export function parseAddress(text: string | undefined, what: string): Address {
  if (text === undefined) throw new ScriptError(`The ${what} is missing.`, 'Give it as an argument.');
  try {
    return Address.parse(text);
  } catch (error) {
    throw new ScriptError(
      `${text} is no address (${(error as Error).message}).`,
      `Give the ${what} as EQ…, UQ… or 0:….`,
    );
  }
}
