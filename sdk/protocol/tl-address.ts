import { Address } from '@ton/core';

/** A text that is not a TON address. `text` is shortened. */
export class AddressTextError extends Error {
  readonly code = 'ADDRESS_TEXT';

  constructor(field: string, text: string) {
    super(
      `${field}: "${text.length > 80 ? `${text.slice(0, 80)}…` : text}" is not a TON address (UQ…, EQ…, 0Q… or wc:hex)`,
    );
    this.name = 'AddressTextError';
  }
}

/**
 * An address as TL messages carry it: 48 characters, url-safe, not bounceable, testnet flag as configured.
 * Runners of the live network compare flags too, so contract addresses must be sent in exactly this form.
 */
export function tlAddress(address: Address, isTestnet: boolean): string {
  return address.toString({ urlSafe: true, bounceable: false, testOnly: isTestnet });
}

/** Reads any form that peers send, raw "wc:hex" included; the flags carry no meaning here. @throws AddressTextError */
export function parseTlAddress(field: string, text: string): Address {
  try {
    return Address.parse(text);
  } catch (cause) {
    throw Object.assign(new AddressTextError(field, text), { cause });
  }
}

/** Whether a text from a peer names this contract: workchain and hash are compared, flags are not. */
export function isTlAddressOf(text: string, address: Address): boolean {
  try {
    return Address.parse(text).equals(address);
  } catch {
    // Not an address at all is just as much "not this one"; the caller reports the text it got.
    return false;
  }
}
