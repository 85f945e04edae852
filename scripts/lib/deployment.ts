import { type ContractInit, type ContractName, type Manifest, stateInitAddress } from '@cocoon/sdk';
import type { NetworkProvider } from '@ton/blueprint';
import { type Address, beginCell } from '@ton/core';
import { parse, type ScriptArgs } from './arguments';
import { LiveChain } from './chain';
import { contractRows, parsers } from './contracts';
import { Execution, type Step } from './execution';
import { type Row, tonAmount } from './format';
import { publicKeyOf, readPrivateKey } from './key-files';
import { readManifest, recordContract } from './manifest-file';
import { Prompts } from './prompts';
import { ScriptError, script } from './script';

/** What a deployment script has to work with. */
export interface DeployContext {
  provider: NetworkProvider;
  args: ScriptArgs;
  prompts: Prompts;
  live: LiveChain;
  manifest: Manifest;
}

export interface Deployment {
  contract: ContractName;
  init: ContractInit;
  owner: Address;
  /** nanoTON for its rent */
  value: bigint;
  facts: Row[];
  /** What follows once the contract is there. */
  further?: (Omit<Step, 'isDone'> & { isDone: (data: ReturnType<(typeof parsers)[ContractName]>) => boolean })[];
  /** Other contracts that take part: raw address to name. */
  names?: readonly (readonly [string, string])[];
}

/** A `deploy*` script: the body says what to deploy; the rest is the same for all. */
export function deployScript(
  usage: { name: string; summary: string; keys: readonly string[] },
  prepare: (context: DeployContext) => Promise<Deployment>,
): ReturnType<typeof script> {
  return script(usage, async (provider, args) => {
    await runDeployment(prepare, provider, args);
  });
}

/**
 * Deploys a contract whose address follows from its code and data, so that a second run finds it and sends only what is
 * missing. Then its code hash is compared and the manifest written.
 */
export async function runDeployment(
  prepare: (context: DeployContext) => Promise<Deployment>,
  provider: NetworkProvider,
  args: ScriptArgs,
  options: { live?: LiveChain; interactive?: boolean } = {},
): Promise<Address | undefined> {
  const live = options.live ?? new LiveChain(provider);
  const prompts = new Prompts(provider, args, options.interactive);
  const network = provider.network();
  const deployment = await prepare({ provider, args, prompts, live, manifest: readManifest(network) });
  const { contract, init, owner, facts, further = [] } = deployment;
  const address = stateInitAddress(init);
  const codeHash = init.code.hash().toString('hex');
  const sender = provider.sender().address;

  const result = await new Execution(provider, prompts, live).carryOut({
    title: `deploy the Cocoon ${contract}`,
    facts: [
      ['address', address.toString()],
      ['network', network],
      ['owner', owner.toString()],
      ['code hash', codeHash],
      ...facts,
    ],
    steps: [
      {
        label: `deploy the ${contract}`,
        // An empty body: the contract keeps the coins for its rent.
        message: { to: address, value: deployment.value, body: beginCell().endCell(), init },
        fields: [],
        isDone: async () => (await live.contract(address)) !== undefined,
      },
      ...further.map(
        (step): Step => ({
          ...step,
          isDone: async () => {
            const deployed = await live.contract(address);
            return deployed !== undefined && step.isDone(parsers[contract](deployed.data));
          },
        }),
      ),
    ],
    names: new Map([
      [owner.toRawString(), 'owner'],
      ...(sender ? ([[sender.toRawString(), 'you']] as const) : []),
      ...(deployment.names ?? []),
      [address.toRawString(), contract],
    ]),
    view: async (from) => {
      const deployed = await from.contract(address);
      const amounts = further.length === 0 ? [] : [[contract === 'client' ? 'escrow' : 'stake', 'none'] as Row];
      if (deployed === undefined) return [[contract, 'not deployed'], ['balance', 'none'], ...amounts];
      return [
        [contract, `deployed, code ${deployed.code.hash().toString('hex')}`] as Row,
        ['balance', tonAmount(deployed.balance)] as Row,
        ...(further.length === 0
          ? []
          : contractRows(contract, deployed.data).filter(([name]) => /^(stake|escrow)$/.test(name))),
      ];
    },
  });
  if (result === 'dry') return undefined;

  const deployed = await live.requireContract(address);
  const found = deployed.code.hash().toString('hex');
  if (found !== codeHash) {
    throw new ScriptError(
      `${address} has code ${found}, expected ${codeHash}.`,
      'Do not use it: it is not the contract of this release.',
    );
  }
  if (!parsers[contract](deployed.data).owner.equals(owner)) {
    throw new ScriptError(`The ${contract} ${address} has another owner now.`, 'It was handed over after deployment.');
  }
  provider.ui().write(`Deployed, code hash verified: ${codeHash}`);
  provider.ui().write(`Manifest: ${recordContract(network, contract, address, deployed)}`);
  return address;
}

/** The owner as given, else the sender's wallet. */
export async function chooseOwner({ provider, prompts, args }: DeployContext): Promise<Address> {
  const owner = args.get('owner', parse.address) ?? provider.sender().address;
  return owner ?? prompts.need('owner', 'address of the owner; unknown with a deep link', parse.address);
}

/** `publicKey` in hex, or of the private key in `publicKeyFile`. */
export async function choosePublicKey(
  { args, prompts }: DeployContext,
  configKey: 'node_wallet_key' | 'machine_specific_private_key',
): Promise<Buffer> {
  const path = args.get('publicKeyFile', parse.text);
  if (path === undefined)
    return prompts.need('publicKey', 'Ed25519 public key in hex, or publicKeyFile=PATH', parse.hash);
  if (args.has('publicKey')) throw new ScriptError('Both publicKey and publicKeyFile are given.', 'Give one of them.');
  return publicKeyOf(readPrivateKey('publicKeyFile', path, configKey));
}
