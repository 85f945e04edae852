import {
  type CocoonParams,
  type ContractInit,
  clientStateInit,
  parseTlAddress,
  proxyStateInit,
  stateInitAddress,
} from '@cocoon/sdk';
import type { TlType } from '@cocoon/sdk/protocol/tl';
import { negotiate } from '@cocoon/sdk/protocol/versions';
import type { Address } from '@ton/core';

/** Why a proxy cannot be used. The message says what is wrong and what the owner can do; shown in logs, /readyz and /jsonstats. */
export class ProxyRefusedError extends Error {
  readonly code:
    | 'wrong_network'
    | 'address_mismatch'
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
  params: CocoonParams;
}

/** What is agreed with one proxy: everything but the keys follows from the root contract. */
export interface Terms {
  protoVersion: number;
  proxy: Address;
  proxyOwner: Address;
  /** 32 bytes */
  proxyPublicKey: Buffer;
  client: Address;
  clientInit: ContractInit;
  params: CocoonParams;
}

/**
 * Checks what a proxy says of itself against this client's own view of the root contract: a proxy cannot name a contract of other code,
 * other prices or another key than the ones its address is made of.
 * @throws ProxyRefusedError
 */
export function agreeTerms(answer: TlType<'client.connectedToProxy'>, identity: Identity): Terms {
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
  const proxyOwner = parseAddress('proxy_owner_address', offered.proxyOwnerAddress);
  const { params, root, wallet } = identity;
  if (params.proxyCode === null || params.clientCode === null) {
    throw new ProxyRefusedError(
      'proxy_contract',
      'the root contract carries no proxy or client code; no channel can be opened on this network',
    );
  }
  const publicKey = offered.proxyPublicKey;
  const proxy = stateInitAddress(
    proxyStateInit({ owner: proxyOwner, publicKey, root, params, proxyCode: params.proxyCode }),
  );
  expectAddress('proxy_sc_address', offered.proxyScAddress, proxy);
  const clientInit = clientStateInit({ owner: wallet, proxy, publicKey, params });
  const client = stateInitAddress(clientInit);
  expectAddress('client_sc_address', answer.clientScAddress, client);
  return { protoVersion: version, proxy, proxyOwner, proxyPublicKey: publicKey, client, clientInit, params };
}

function expectAddress(field: string, text: string, derived: Address): void {
  const given = parseAddress(field, text);
  if (given.equals(derived)) return;
  throw new ProxyRefusedError(
    'address_mismatch',
    `the proxy names ${given} as ${field}, but from the root contract follows ${derived}; it runs with other parameters than the root's or is not what it claims`,
  );
}

function parseAddress(field: string, text: string): Address {
  try {
    return parseTlAddress(field, text);
  } catch (error) {
    throw new ProxyRefusedError('bad_answer', `the proxy sent a wrong address: ${(error as Error).message}`, error);
  }
}
