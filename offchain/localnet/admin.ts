import { type LocalChain, MAX_ADVANCE } from './chain';
import { ApiError } from './errors';
import type { Method } from './method';
import type { Params } from './params';
import { SUPPLY } from './treasury';

const faucet: Method = async (chain: LocalChain, params: Params) => {
  const address = params.address('address');
  const amount = params.bigint('amount', SUPPLY);
  if (amount === 0n) {
    throw new ApiError(422, 'parameter "amount" must be more than 0 nanoTON');
  }
  const { transaction } = await chain.faucet(address, amount);
  return {
    address: address.toString(),
    amount: amount.toString(),
    balance: chain.account(address).balance.toString(),
    transaction: { lt: transaction.lt, hash: Buffer.from(transaction.hash, 'hex').toString('base64') },
  };
};

const time: Method = async (chain, params) => {
  const seconds = params.integer('advance', { min: 1, max: MAX_ADVANCE });
  const head = await chain.advance(seconds);
  return { time: head.time, seqno: head.seqno };
};

/** What only a local chain can do, by name; `GET` ones change nothing. */
export const methods: Readonly<Record<string, { verb: 'GET' | 'POST'; run: Method }>> = {
  faucet: { verb: 'POST', run: faucet },
  time: { verb: 'POST', run: time },
  snapshot: {
    verb: 'POST',
    run: async (chain) => {
      await chain.snapshot();
      return await chain.status();
    },
  },
  status: { verb: 'GET', run: async (chain) => await chain.status() },
};
