import type { Address } from '@ton/core';
import type { Endpoint } from './endpoint-health';
import type { AccountState } from './port';
import { disagreement } from './seen';

export interface CrossCheck {
  /** How many endpoints have to say the same. */
  endpoints: number;
  /** Accounts whose state is used only when they do. */
  applies(address: Address): boolean;
}

export interface Testimony {
  endpoint: Endpoint;
  state: AccountState;
}

const ltOf = ({ state }: Testimony): bigint => state.last?.lt ?? 0n;

/** A state changes with transactions only: at the same one, everything about it must be equal. */
function facts({ balance, status, code, data, last }: AccountState): Record<string, string> {
  return {
    'newest transaction': last?.hash.toString('hex') ?? 'none',
    status,
    balance: balance.toString(),
    'code hash': code?.hash().toString('hex') ?? 'none',
    'data hash': data?.hash().toString('hex') ?? 'none',
  };
}

/**
 * @returns the state when all agree; undefined when they are not at the same transaction (yet)
 * @throws ChainError `disagreement` naming what differs
 */
export function agreedState(address: Address, testimonies: readonly Testimony[]): AccountState | undefined {
  const [first, ...others] = testimonies;
  for (const other of others) {
    if (ltOf(other) !== ltOf(first!)) return undefined;
  }
  const expected = facts(first!.state);
  for (const { endpoint, state } of others) {
    for (const [fact, value] of Object.entries(facts(state))) {
      if (value !== expected[fact])
        throw disagreement(
          address,
          `its ${fact} at lt ${ltOf(first!)} is ${expected[fact]} at ${first!.endpoint.name} and ${value} at ${endpoint.name}`,
        );
    }
  }
  return first!.state;
}

/** Where each of them is, for messages. */
export function whereTheyAre(testimonies: readonly Testimony[]): string {
  return testimonies.map((testimony) => `${testimony.endpoint.name} at lt ${ltOf(testimony)}`).join(', ');
}
