import {
  type CocoonParams,
  CocoonRoot,
  contractCode,
  modelHash,
  type OutgoingMessage,
  parseRootData,
  type RootData,
} from '@cocoon/sdk';
import type { Address } from '@ton/core';
import type { Chain } from '../../chain/port';
import { CliError } from '../errors';
import { rootInit } from './accounts';
import type { OwnerWallet } from './owner-wallet';

export interface DeployRootOptions {
  chain: Chain;
  deployer: OwnerWallet;
  root: Address;
  terms: CocoonParams;
  model: string;
  /** "workers_ip:port clients_ip:port", as the registry of the root keeps it */
  proxyEndpoints: string;
}

/** Brings the root into the wanted state and sends only what is missing, so that a second run sends nothing. */
export async function deployRoot(options: DeployRootOptions): Promise<void> {
  const { chain, deployer, root } = options;
  const init = rootInit(deployer.address, options.terms);
  const current = await readRoot(chain, root);
  const messages = plan(options, current ?? parseRootData(init.data));
  if (current === undefined) messages.unshift(CocoonRoot.buildDeploy(init));
  if (messages.length === 0) return;
  await deployer.send(chain, messages);

  const deployed = await readRoot(chain, root);
  const missing = deployed === undefined ? ['the contract itself'] : plan(options, deployed);
  if (missing.length > 0) {
    throw new CliError(
      `The root contract ${root.toString()} did not take ${missing.length} of ${messages.length} messages.`,
      'See chain.log in the state directory.',
    );
  }
}

function plan({ root, model, proxyEndpoints }: DeployRootOptions, data: RootData): OutgoingMessage[] {
  const messages: OutgoingMessage[] = [];
  const hash = modelHash(model);
  if (!data.modelHashes.has(hash.toString('hex'))) messages.push(CocoonRoot.buildAllow(root, { kind: 'model', hash }));
  const [registered] = [...data.registeredProxies];
  if (registered === undefined) {
    messages.push(CocoonRoot.buildRegisterProxy(root, { endpoint: proxyEndpoints }));
  } else if (registered[1] !== proxyEndpoints) {
    messages.push(CocoonRoot.buildUpdateProxy(root, { seqno: registered[0], endpoint: proxyEndpoints }));
  }
  return messages;
}

async function readRoot(chain: Chain, root: Address): Promise<RootData | undefined> {
  const account = await chain.account(root);
  if (account.status !== 'active' || account.data === undefined) return undefined;
  const hash = account.code?.hash().toString('hex');
  if (hash !== contractCode.root.hash) {
    throw new CliError(
      `The contract at ${root.toString()} has other code (${hash}) than this release (${contractCode.root.hash}).`,
      'The state directory comes from another version: use a new --state-dir.',
    );
  }
  return parseRootData(account.data);
}
