import { type OutgoingMessage, parseProxyData, storeParams } from '@cocoon/sdk';
import { fromNano, toNano } from '@ton/core';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { readProxyBooks } from '../chain/proxy-books';
import type { ChannelWallet } from './actions';
import { type ChannelTerms, ProxyRefusedError } from './terms';

/** Kept in the wallet so that it can still act after opening a channel: the contract refuses to act below 2 TON. */
const WALLET_RESERVE = toNano('1');
const WALLET_MINIMUM = toNano('2.1');

/**
 * Money goes only where it can be got back from: the proxy contract must be there, open, of the root's code and of the terms its
 * address promises. Coins sent for a contract that is not deployed would be lost.
 * @throws ProxyRefusedError, ChainError
 */
export async function checkProxyContract(chain: Chain, { proxy, params, proxyPublicKey }: ChannelTerms): Promise<void> {
  const refuse = (what: string) =>
    new ProxyRefusedError('proxy_contract', `the proxy contract ${proxy} ${what}; no money is sent to it`);
  const account = await chain.account(proxy);
  if (account.status !== 'active' || account.code === undefined || account.data === undefined)
    throw refuse('is not deployed');
  if (params.proxyCode === null || !account.code.hash().equals(params.proxyCode.hash()))
    throw refuse('runs other code than the root names');
  const data = parseProxyData(account.data);
  if (data.state !== 0) throw refuse('is closing or closed');
  if (!data.publicKey.equals(proxyPublicKey)) throw refuse('has another key than the proxy shows');
  if (!storeParams(data.params, 'children').hash().equals(storeParams(params, 'children').hash())) {
    throw refuse('has other prices or codes than the root');
  }
}

/**
 * The stake answers for what the proxy's key signs. The number in the contract is a promise; whether the coins are there is what counts.
 * @param least nanoTON; default: what the network asks of a proxy
 * @throws ProxyRefusedError, ChainError
 */
export async function checkBackedStake(
  chain: Chain,
  { proxy, params }: ChannelTerms,
  least: bigint | undefined,
  logger: Logger,
): Promise<void> {
  const needed = least ?? params.minProxyStake;
  if (needed === 0n) return;
  const books = await readProxyBooks(chain, proxy);
  if (books === undefined) {
    logger.warn({ proxy: proxy.toString() }, 'the proxy contract does not say whether its stake is really there');
    return;
  }
  if (books.backedStake >= needed) return;
  throw new ProxyRefusedError(
    'stake_not_backed',
    `of the stake of the proxy contract ${proxy} only ${fromNano(books.backedStake)} TON are there, ${fromNano(needed)} TON are needed before the first payment (min_backed_stake_nano); it may have paid workers in advance: this is tried again, or use another proxy`,
  );
}

/** @throws ProxyRefusedError when the wallet cannot pay for the messages and act afterwards */
export async function checkFunds(wallet: ChannelWallet, messages: readonly OutgoingMessage[]): Promise<void> {
  let needed = messages.reduce((total, message) => total + message.value, WALLET_RESERVE);
  if (needed < WALLET_MINIMUM) needed = WALLET_MINIMUM;
  const balance = await wallet.balance();
  if (balance >= needed) return;
  throw new ProxyRefusedError(
    'wallet_underfunded',
    `the client wallet has ${fromNano(balance)} TON and opening the channel takes ${fromNano(needed)}; send at least ${fromNano(needed - balance)} TON to ${wallet.address.toString({ bounceable: false })}`,
  );
}
