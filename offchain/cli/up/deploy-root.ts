import { createHash } from 'node:crypto';
import {
  bodies,
  type CocoonParams,
  contractCode,
  initialRootData,
  packRootData,
  parseRootData,
  type RootData,
} from '@cocoon/sdk';
import { type Address, Cell } from '@ton/core';
import type { Chain } from '../../chain/port';
import { CliError } from '../errors';
import type { OwnerMessage, OwnerWallet } from './owner-wallet';

const DEPLOY_VALUE = 1_000_000_000n;
const OPERATION_VALUE = 50_000_000n;

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
  const initial = initialRootData({ owner: deployer.address, params: options.terms, version: 1 });
  const current = await readRoot(chain, root);
  const messages = plan(options, current ?? initial);
  if (current === undefined) {
    const init = { code: Cell.fromBase64(contractCode.root.boc), data: packRootData(initial) };
    messages.unshift({ to: root, value: DEPLOY_VALUE, init });
  }
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

function plan({ root, model, proxyEndpoints }: DeployRootOptions, data: RootData): OwnerMessage[] {
  const messages: OwnerMessage[] = [];
  const toRoot = (body: Cell) => messages.push({ to: root, value: OPERATION_VALUE, body });
  const modelHash = createHash('sha256').update(model).digest();
  if (!data.modelHashes.has(modelHash.toString('hex')))
    toRoot(bodies.rootAddModelType({ queryId: 0n, hash: modelHash }));
  const [registered] = [...data.registeredProxies];
  if (registered === undefined) {
    toRoot(bodies.rootRegisterProxy({ queryId: 0n, endpoint: proxyEndpoints }));
  } else if (registered[1] !== proxyEndpoints) {
    toRoot(bodies.rootUpdateProxy({ queryId: 0n, seqno: registered[0], endpoint: proxyEndpoints }));
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
