import type { Address } from '@ton/core';

/** An address that people know by a name. */
export interface KnownAddress {
  label: string;
  address: Address;
}

const ALIKE = 8;

export function labelOf(address: Address, known: readonly KnownAddress[]): string | undefined {
  return known.find((each) => each.address.equals(address))?.label;
}

/**
 * A known address that this one could be taken for: the same first or last eight characters in any form that people compare.
 * The first characters of the friendly form are flags and workchain, so there they are counted behind them.
 */
export function lookalikeOf(address: Address, known: readonly KnownAddress[]): KnownAddress | undefined {
  return known.find((each) => !each.address.equals(address) && alike(address, each.address));
}

function alike(one: Address, other: Address): boolean {
  return forms(one).some((text, form) => {
    const against = forms(other)[form]!;
    return text.slice(0, ALIKE) === against.slice(0, ALIKE) || text.slice(-ALIKE) === against.slice(-ALIKE);
  });
}

/** Hex of the account; then the friendly form behind the two characters that nearly all addresses start with. */
function forms(address: Address): string[] {
  return [address.hash.toString('hex'), address.toString().slice(2)];
}
