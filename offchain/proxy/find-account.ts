import { Address } from '@ton/core';
import { HttpError } from '../node/operator-http';
import type { ClientAccount, WorkerAccount } from './accounts';

/** An account by the owner's or the contract's address, in any form. */
export function findAccount<A extends ClientAccount | WorkerAccount>(
  accounts: ReadonlyMap<string, A>,
  text: string,
  role: string,
): A {
  let raw: string;
  try {
    raw = Address.parse(text).toRawString();
  } catch {
    throw new HttpError(400, 'bad_address', `${JSON.stringify(text)} is not a TON address`);
  }
  const account = accounts.get(raw) ?? [...accounts.values()].find(({ contract }) => contract === raw);
  if (!account)
    throw new HttpError(
      404,
      'unknown_account',
      `no ${role} with the address ${text}; /jsonstats lists those this proxy knows`,
    );
  return account;
}
