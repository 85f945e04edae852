import { Address, Cell } from '@ton/core';
import fixture from '../fixtures/cocoon-mainnet.json';

/** Public on-chain data of the live network (see the fixture's own `_what` and `_source`), as cells and addresses. */

export type AccountName = 'root' | 'proxy' | 'client' | 'worker' | 'wallet';

export interface MainnetAccount {
  address: Address;
  code: Cell;
  data: Cell;
}

export function mainnetAccount(name: AccountName): MainnetAccount {
  const found = fixture.accounts.find((account) => account.name === `cocoon ${name}`);
  if (found === undefined) throw new Error(`the fixture has no account "cocoon ${name}"`);
  const { address, codeBocHex, dataBocHex } = found;
  return { address: Address.parse(address), code: Cell.fromHex(codeBocHex), data: Cell.fromHex(dataBocHex) };
}

/** Newer states (2026), without code or address. */
export const newerClientData = Cell.fromHex(fixture.states.TestClientStorageDecode);
export const newerWalletData = Cell.fromHex(fixture.states.TestWalletStorageDecode);

export type TraceName = keyof typeof fixture.traces;
export const traceNames = Object.keys(fixture.traces) as TraceName[];

export interface MainnetMessage {
  trace: TraceName;
  /** null for external messages */
  source: Address | null;
  destination: Address;
  /** nanoTON; null for external messages */
  value: bigint | null;
  bounce: boolean | null;
  body: Cell;
}

/** Every message of a trace once, in order of appearance. */
export function messagesOf(trace: TraceName): MainnetMessage[] {
  const messages = new Map<string, MainnetMessage>();
  for (const transaction of fixture.traces[trace].transactions) {
    for (const { source, destination, value, bounce, bodyBocBase64 } of transaction.messages) {
      messages.set(`${source} ${destination} ${bodyBocBase64}`, {
        trace,
        source: source === null ? null : Address.parse(source),
        destination: Address.parse(destination),
        value: value === null ? null : BigInt(value),
        bounce,
        body: Cell.fromBase64(bodyBocBase64),
      });
    }
  }
  return [...messages.values()];
}
