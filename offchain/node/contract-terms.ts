import {
  CellFormatError,
  type CocoonParams,
  contractCode,
  parseProxyData,
  proxyStateInit,
  stateInitAddress,
} from '@cocoon/sdk';
import type { Address, Cell } from '@ton/core';
import type { Chain } from '../chain/port';

/** What a proxy says it is; its terms are not among it. */
export interface ProxyClaim {
  owner: Address;
  /** Ed25519, 32 bytes */
  publicKey: Buffer;
  /** of the proxy contract */
  contract: Address;
}

/** Address and present terms of the root contract. */
export interface RootTerms {
  address: Address;
  params: CocoonParams;
}

/** A proxy's contract is not what the proxy says. */
export class ContractTermsError extends Error {
  readonly code = 'CONTRACT_TERMS';

  constructor(message: string) {
    super(message);
    this.name = 'ContractTermsError';
  }
}

/**
 * The terms under which a proxy's contract was deployed: the root's present ones, which need no look at the chain, or older ones. A
 * contract carries its terms for good, so that a vote on other terms reaches new contracts only; they are read from the
 * contract, and its address proves them, its owner, its key and its root. Its code must be the root's or this release's.
 * @returns with all three codes @throws ContractTermsError, ChainError
 */
export async function contractTerms(chain: Chain, root: RootTerms, claim: ProxyClaim): Promise<CocoonParams> {
  const present = addressOf(root, root.params, claim);
  if (claim.contract.equals(present)) return root.params;
  const refuse = (why: string) =>
    new ContractTermsError(
      `the proxy names the proxy contract ${claim.contract} (proxy_sc_address), and the root contract leads to ${present}: ${why}`,
    );
  const { code, data } = await chain.account(claim.contract);
  if (code === undefined || data === undefined) throw refuse('there is no contract at the address it names');
  const params = carriedTerms(code, data);
  if (params === undefined) throw refuse('what lives there is no proxy contract');
  if (!claim.contract.equals(addressOf(root, params, claim)))
    throw refuse('the contract there is of another root, owner or key');
  const { isTest, uniqueId, paramsVersion } = root.params;
  if (params.isTest !== isTest || params.uniqueId !== uniqueId)
    throw refuse('the contract there is for another network');
  if (params.paramsVersion >= paramsVersion)
    throw refuse(
      `the contract there has version ${params.paramsVersion} of the terms; the root, as read last, has ${paramsVersion}`,
    );
  for (const name of ['proxy', 'worker', 'client'] as const) {
    if (!isKnownCode(params[`${name}Code`], root.params[`${name}Code`], name))
      throw refuse(`it works with ${name} code that is neither the root's nor this release's`);
  }
  return params;
}

function addressOf(root: RootTerms, params: CocoonParams, { owner, publicKey }: ProxyClaim): Address {
  const { proxyCode } = params;
  if (proxyCode === null) throw new ContractTermsError('the root contract has no proxy code yet');
  return stateInitAddress(proxyStateInit({ owner, publicKey, root: root.address, params, proxyCode }));
}

/** undefined: the data is not a proxy's */
function carriedTerms(code: Cell, data: Cell): CocoonParams | undefined {
  try {
    // A contract cannot hold its own code in its terms.
    return { ...parseProxyData(data).params, proxyCode: code };
  } catch (error) {
    if (error instanceof CellFormatError) return undefined;
    throw error;
  }
}

function isKnownCode(code: Cell | null, present: Cell | null, name: 'proxy' | 'worker' | 'client'): boolean {
  if (code === null) return false;
  const hash = code.hash().toString('hex');
  return hash === contractCode[name].hash || present?.hash().toString('hex') === hash;
}

const MULTIPLIERS = ['promptMultiplier', 'cachedMultiplier', 'completionMultiplier', 'reasoningMultiplier'] as const;

/** Which of a contract's terms are worse for a new client than the root's; empty: none. */
export function worseForClient(terms: CocoonParams, root: CocoonParams): string[] {
  return (['pricePerToken', ...MULTIPLIERS, 'minClientStake', 'clientDelayBeforeClose'] as const)
    .filter((name) => terms[name] > root[name])
    .map((name) => `${name} ${terms[name]} > ${root[name]}`);
}

/** Which of a contract's terms are worse for a new worker than the root's; empty: none. */
export function worseForWorker(terms: CocoonParams, root: CocoonParams): string[] {
  return (['workerFeePerToken', ...MULTIPLIERS] as const)
    .filter((name) => terms[name] < root[name])
    .map((name) => `${name} ${terms[name]} < ${root[name]}`);
}
