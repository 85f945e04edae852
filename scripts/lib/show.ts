import { type contractCode as ContractCode, contractCode } from '@cocoon/sdk';
import type { Address, Cell } from '@ton/core';
import { parseAddress, requireContract } from './chain';
import { listing, tonAmount } from './format';
import { readManifest } from './manifest';
import { ScriptError, script } from './script';

type Row = readonly [name: string, value: string | number | bigint | boolean];

/** A `show*` script: reads one contract, prints its state and whether its code is this release's. Sends nothing. */
export function showScript(
  contract: keyof typeof ContractCode,
  rows: (data: Cell) => Row[],
): ReturnType<typeof script> {
  const name = contract.charAt(0).toUpperCase() + contract.slice(1);
  const usage = { text: `blueprint run show${name} ADDRESS`, keys: [] };
  return script(usage, async (provider, args) => {
    const known = contract === 'root' ? readManifest(provider.network()).root?.address : undefined;
    const address: Address = parseAddress(args.words[0] ?? known, `address of the ${contract} contract`);
    const { code, data, balance } = await requireContract(provider, address);
    const hash = code.hash().toString('hex');
    const release = hash === contractCode[contract].hash ? 'this release' : 'not of this release';
    let state: Row[];
    try {
      state = rows(data);
    } catch (error) {
      throw new ScriptError(
        `${address.toString()} holds no ${contract} contract (code hash ${hash}): ${(error as Error).message}.`,
        'Check the address.',
      );
    }
    provider
      .ui()
      .write(
        `Cocoon ${contract}\n${listing([
          ['address', address.toString()],
          ['balance', tonAmount(balance)],
          ['code', `${hash} (${release})`],
          ...state,
        ])}`,
      );
  });
}

export const STATES = ['normal', 'closing', 'closed'] as const;

export function when(unixSeconds: number): string {
  return unixSeconds === 0 ? 'none' : new Date(unixSeconds * 1000).toISOString();
}
