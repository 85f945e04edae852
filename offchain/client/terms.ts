import {
  type CocoonParams,
  CocoonState,
  type ContractInit,
  clientStateInit,
  parseClientData,
  parseProxyData,
  parseTlAddress,
  stateInitAddress,
} from '@cocoon/sdk';
import type { TlType } from '@cocoon/sdk/protocol/tl';
import { negotiate } from '@cocoon/sdk/protocol/versions';
import type { Address } from '@ton/core';
import type { Chain } from '../chain/port';
import { ContractTermsError, contractTerms, type ProxyClaim, worseForClient } from '../node/contract-terms';

/** Why a proxy cannot be used. The message says what is wrong and what the owner can do; shown in logs, /readyz and /jsonstats. */
export class ProxyRefusedError extends Error {
  readonly code:
    | 'wrong_network'
    | 'address_mismatch'
    | 'worse_terms'
    | 'image_not_allowed'
    | 'no_common_version'
    | 'bad_answer'
    | 'proxy_contract'
    | 'stake_not_backed'
    | 'channel_closed'
    | 'channel_closing'
    | 'wallet_underfunded'
    | 'authorization';

  constructor(code: ProxyRefusedError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ProxyRefusedError';
    this.code = code;
  }
}

/** Who this client is, and the network as its root contract describes it. */
export interface Identity {
  /** Address of this client's own cocoon wallet: the owner of its channels. */
  wallet: Address;
  root: Address;
  isTest: boolean;
  /** Addresses are written with the testnet flag. */
  isTestnet: boolean;
  /** the root's present terms */
  params: CocoonParams;
  chain: Chain;
  /** Whether this client has a channel there already. */
  hasChannel(client: Address): boolean;
}

/** The contracts of one channel: everything but the keys follows from the root contract, as it is or as it was. */
export interface ChannelTerms {
  proxy: Address;
  /** 32 bytes */
  proxyPublicKey: Buffer;
  client: Address;
  clientInit: ContractInit;
  /** what the proxy's contract carries: the root's terms of now or of before */
  params: CocoonParams;
}

/** What is agreed with one proxy. */
export interface Terms extends ChannelTerms {
  protoVersion: number;
}

/**
 * Checks what a proxy says of itself against this client's own view of the root contract: a proxy cannot name a contract of other code,
 * other prices or another key than the ones its address is made of. A channel keeps the terms it was opened under; a new one
 * is opened under older terms only where they are no worse than the root's.
 * @throws ProxyRefusedError, ChainError
 */
export async function agreeTerms(answer: TlType<'client.connectedToProxy'>, identity: Identity): Promise<Terms> {
  const { params: offered } = answer;
  if (offered.isTest === undefined || offered.isTest !== identity.isTest) {
    throw new ProxyRefusedError(
      'wrong_network',
      `the proxy serves ${offered.isTest ? 'a test' : 'the main'} network; check "is_test"`,
    );
  }
  const version = offered.protoVersion ?? 0;
  if (version !== 0 && negotiate(version, version) === undefined) {
    throw new ProxyRefusedError(
      'no_common_version',
      `the proxy chose protocol version ${version}, which this client does not speak`,
    );
  }
  const owner = parseAddress('proxy_owner_address', offered.proxyOwnerAddress);
  if (identity.params.proxyCode === null || identity.params.clientCode === null) {
    throw new ProxyRefusedError(
      'proxy_contract',
      'the root contract carries no proxy or client code; no channel can be opened on this network',
    );
  }
  const publicKey = offered.proxyPublicKey;
  const proxy = parseAddress('proxy_sc_address', offered.proxyScAddress);
  const terms = channelTerms(
    identity,
    proxy,
    publicKey,
    await carriedTerms(identity, { owner, publicKey, contract: proxy }),
  );
  const { client, params } = terms;
  const given = parseAddress('client_sc_address', answer.clientScAddress);
  if (!given.equals(client)) {
    throw new ProxyRefusedError(
      'address_mismatch',
      `the proxy names ${given} as client_sc_address, but from its contract follows ${client}; it is not what it claims`,
    );
  }
  if (params !== identity.params && !identity.hasChannel(client)) checkNewChannel(params, identity.params);
  return { ...terms, protoVersion: version };
}

function channelTerms({ wallet }: Identity, proxy: Address, publicKey: Buffer, params: CocoonParams): ChannelTerms {
  const clientInit = clientStateInit({ owner: wallet, proxy, publicKey, params });
  return { proxy, proxyPublicKey: publicKey, client: stateInitAddress(clientInit), clientInit, params };
}

/**
 * The terms of a channel of an earlier run, from the contracts themselves.
 * @throws ProxyRefusedError when there is nothing to look after, ChainError
 */
export async function rememberedTerms(
  { proxy, proxyPublicKey, client }: Pick<ChannelTerms, 'proxy' | 'proxyPublicKey' | 'client'>,
  identity: Identity,
): Promise<ChannelTerms> {
  const own = await identity.chain.account(client);
  if (own.data === undefined || parseClientData(own.data).state === CocoonState.closed)
    throw new ProxyRefusedError('channel_closed', `the channel ${client} is closed, or was never opened`);
  const { data } = await identity.chain.account(proxy);
  if (data === undefined) throw new ProxyRefusedError('proxy_contract', `the proxy contract ${proxy} is gone`);
  const claim = { owner: parseProxyData(data).owner, publicKey: proxyPublicKey, contract: proxy };
  const terms = channelTerms(identity, proxy, proxyPublicKey, await carriedTerms(identity, claim));
  if (terms.client.equals(client)) return terms;
  throw new ProxyRefusedError('address_mismatch', `the channel ${client} belongs to another wallet or network`);
}

async function carriedTerms({ chain, root, params }: Identity, claim: ProxyClaim): Promise<CocoonParams> {
  try {
    return await contractTerms(chain, { address: root, params }, claim);
  } catch (error) {
    if (!(error instanceof ContractTermsError)) throw error;
    throw new ProxyRefusedError('address_mismatch', error.message, error);
  }
}

/** @throws ProxyRefusedError */
function checkNewChannel(carried: CocoonParams, root: CocoonParams): void {
  const worse = worseForClient(carried, root);
  if (worse.length === 0) return;
  throw new ProxyRefusedError(
    'worse_terms',
    `the proxy's contract has older terms (version ${carried.paramsVersion}, the root ${root.paramsVersion}) that are worse for a new channel: ${worse.join(', ')}; its operator has to move to a new contract, until then use another proxy`,
  );
}

function parseAddress(field: string, text: string): Address {
  try {
    return parseTlAddress(field, text);
  } catch (error) {
    throw new ProxyRefusedError('bad_answer', `the proxy sent a wrong address: ${(error as Error).message}`, error);
  }
}
