import { type CocoonParams, stateInitAddress, workerStateInit } from '@cocoon/sdk/protocol';
import type { TlType } from '@cocoon/sdk/protocol/tl';
import { isTlAddressOf, parseTlAddress, tlAddress } from '@cocoon/sdk/protocol/tl-address';
import { MAX_PROTO, MIN_PROTO, negotiate } from '@cocoon/sdk/protocol/versions';
import type { Address } from '@ton/core';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import {
  ContractTermsError,
  contractTerms,
  type ProxyClaim,
  type RootTerms,
  worseForWorker,
} from '../node/contract-terms';
import type { PeerConnection } from '../transport';
import type { Account, ProxyIdentity } from './earnings';
import { ProxyFault } from './errors';

/** Every question of the handshake has this long to be answered. */
const QUERY_TIMEOUT_MS = 30_000;

/** What this worker says of itself. */
export interface WorkerTerms {
  owner: Address;
  /** Full name: "base@commit:verity". */
  model: string;
  coefficient: number;
  isTest: boolean;
  isTestnet: boolean;
  proxyConnections: number;
  maxActiveRequests: number;
}

export interface HandshakeDeps {
  connection: Pick<PeerConnection, 'query'>;
  terms: WorkerTerms;
  /** Present terms and address of the root contract, from which the proxy's claims are checked. */
  root: RootTerms;
  /** Where contracts of older terms are read. */
  chain: Chain;
  /** Whether this worker has an account there already. */
  hasAccount: (worker: Address) => boolean;
  /** The account for these contracts, with what is remembered of it. */
  openAccount: (identity: ProxyIdentity) => Account;
  /** Makes sure the worker contract exists; the proxy pays to it. */
  deploy: (identity: ProxyIdentity) => Promise<void>;
  /** Everything is settled but the last word: from then on requests may come, possibly together with it. */
  agreed: (result: HandshakeResult) => void;
  /** Read at the very end, so that a change on the way is not lost. */
  isDisabled: () => boolean;
  logger: Logger;
}

export interface HandshakeResult {
  account: Account;
  protoVersion: number;
}

/**
 * The worker's side of wire-protocol 1.10: introduction, derived addresses, contract, comparison of counters, completion.
 * @throws ProxyFault when the proxy is not to be trusted; PeerQueryError, QueryTimeoutError, ConnectionClosedError, and what deploy throws
 */
export async function shakeHands(deps: HandshakeDeps): Promise<HandshakeResult> {
  const { connection, openAccount, deploy, agreed, isDisabled, logger } = deps;
  const options = { timeoutMs: QUERY_TIMEOUT_MS };
  const connected = await connection.query({ _: 'worker.connectToProxy', params: introduction(deps.terms) }, options);
  const protoVersion = negotiateWith(connected.params);
  const identity = await derive(connected, deps);
  const account = openAccount(identity);
  await deploy(identity);
  const compared = await connection.query(
    {
      _: 'worker.compareBalanceWithProxy',
      tokensCommittedToBlockchain: account.signedTokens,
      tokensCommittedToDb: account.committedToDb,
      maxTokens: account.maxTokens,
    },
    options,
  );
  const { signedPayment, tokensCommittedToDb: dbTokens, maxTokens, errorCode } = compared;
  if (errorCode === 1) {
    const lost = account.adoptLower({ dbTokens, maxTokens });
    logger.error(
      { lost: String(lost), signed: String(account.signedTokens) },
      'the proxy knows of fewer tokens than this worker: it lost usage that it had not signed; going on from its numbers',
    );
    const extended = await connection.query(
      {
        _: 'worker.extendedCompareBalanceWithProxy',
        tokensCommittedToDb: account.committedToDb,
        other: Buffer.alloc(0),
      },
      options,
    );
    if (extended.errorCode !== 0)
      throw new ProxyFault(`the proxy refused the comparison of counters (${extended.errorCode})`);
  } else if (errorCode !== 0) {
    throw new ProxyFault(`the proxy answered the comparison of counters with the unknown code ${errorCode}`);
  }
  account.accept({ signedPayment, dbTokens, maxTokens });
  const result = { account, protoVersion };
  agreed(result);
  await connection.query({ _: 'worker.proxyHandshakeComplete', isDisabled: isDisabled() }, options);
  return result;
}

function introduction(terms: WorkerTerms): TlType<'worker.params'> {
  return {
    _: 'worker.params',
    workerOwnerAddress: tlAddress(terms.owner, terms.isTestnet),
    model: terms.model,
    coefficient: terms.coefficient,
    isTest: terms.isTest,
    proxyCnt: terms.proxyConnections,
    maxActiveRequests: terms.maxActiveRequests,
    minProtoVersion: MIN_PROTO,
    maxProtoVersion: MAX_PROTO,
  };
}

function negotiateWith({ protoVersion }: TlType<'proxy.params'>): number {
  const version = negotiate(protoVersion ?? 0, protoVersion ?? 0);
  if (version !== undefined) return version;
  throw new ProxyFault(
    `the proxy chose protocol version ${protoVersion ?? 0}; this worker speaks ${MIN_PROTO} to ${MAX_PROTO}`,
  );
}

/**
 * The proxy may choose its key and its owner, nothing else: both contracts follow from them and the root's terms, of now or of
 * before. An account keeps the terms it began with; a new one begins under older terms only where they are no worse than the root's.
 */
async function derive(
  { params, workerScAddress }: TlType<'worker.connectedToProxy'>,
  { terms, root, chain, hasAccount }: HandshakeDeps,
): Promise<ProxyIdentity> {
  if (params.isTest !== undefined && params.isTest !== terms.isTest) {
    throw new ProxyFault(`the proxy has is_test=${params.isTest}, this worker is_test=${terms.isTest}`);
  }
  const publicKey = params.proxyPublicKey;
  const owner = readAddress('proxy_owner_address', params.proxyOwnerAddress);
  const proxy = readAddress('proxy contract: proxy_sc_address', params.proxyScAddress);
  const carried = await carriedTerms(chain, root, { owner, publicKey, contract: proxy });
  const workerInit = workerStateInit({ owner: terms.owner, proxy, publicKey, params: carried });
  const worker = stateInitAddress(workerInit);
  if (!isTlAddressOf(workerScAddress, worker)) {
    throw new ProxyFault(
      `the proxy names the worker contract ${workerScAddress.slice(0, 80)}, and its own contract leads to ${worker}: it is not what it says`,
    );
  }
  if (carried !== root.params && !hasAccount(worker)) checkNewAccount(carried, root.params);
  return { proxy, proxyPublicKey: publicKey, worker, workerInit, params: carried };
}

async function carriedTerms(chain: Chain, root: RootTerms, claim: ProxyClaim): Promise<CocoonParams> {
  try {
    return await contractTerms(chain, root, claim);
  } catch (error) {
    if (!(error instanceof ContractTermsError)) throw error;
    throw new ProxyFault(error.message, error);
  }
}

function checkNewAccount(carried: CocoonParams, root: CocoonParams): void {
  const worse = worseForWorker(carried, root);
  if (worse.length === 0) return;
  throw new ProxyFault(
    `the proxy's contract has older terms (version ${carried.paramsVersion}, the root ${root.paramsVersion}) that are worse for a new worker: ${worse.join(', ')}; its operator has to move to a new contract`,
  );
}

function readAddress(what: string, text: string): Address {
  try {
    return parseTlAddress(what, text);
  } catch (error) {
    throw new ProxyFault((error as Error).message, error);
  }
}
