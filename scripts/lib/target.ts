import { type ContractName, contractCode, MAINNET_ROOT, type Manifest } from '@cocoon/sdk';
import type { NetworkProvider } from '@ton/blueprint';
import { Address } from '@ton/core';
import { parse } from './arguments';
import type { DeployedContract, LiveChain } from './chain';
import { type ContractData, parsers } from './contracts';
import { knownContracts } from './manifest-file';
import type { Prompts } from './prompts';
import { ScriptError } from './script-error';

/** A live contract that a script reads or commands. */
export interface Target<C extends ContractName> {
  address: Address;
  contract: DeployedContract;
  data: ContractData[C];
}

/** The address given as `<contract>=…`, or what the manifest knows, or what somebody answers. */
export async function chooseAddress(
  provider: NetworkProvider,
  prompts: Prompts,
  manifest: Manifest,
  contract: ContractName,
): Promise<Address> {
  const given = prompts.args.get(contract, parse.address);
  if (given !== undefined) return given;
  const what = `address of the ${contract} contract`;
  const known = knownContracts(manifest, contract);
  if (contract === 'root' && known.length === 0 && provider.network() === 'mainnet') known.push(MAINNET_ROOT);
  const picked = await prompts.pick(contract, what, known, (address) => address);
  return picked === undefined ? prompts.need(contract, what, parse.address) : Address.parse(picked);
}

/** @throws ScriptError when there is no contract, or another kind of contract */
export async function readTarget<C extends ContractName>(
  live: LiveChain,
  contract: C,
  address: Address,
): Promise<Target<C>> {
  const deployed = await live.requireContract(address);
  return { address, contract: deployed, data: parseAs(contract, address, deployed) };
}

export function parseAs<C extends ContractName>(
  contract: C,
  address: Address,
  { code, data }: DeployedContract,
): ContractData[C] {
  const hash = code.hash().toString('hex');
  // Another contract's data may happen to parse: the codes we know tell for certain.
  const other = (Object.keys(contractCode) as ContractName[]).find((name) => contractCode[name].hash === hash);
  try {
    if (other !== undefined && other !== contract) throw new Error(`it is a ${other}`);
    return parsers[contract](data) as ContractData[C];
  } catch (error) {
    throw new ScriptError(
      `${address} holds no ${contract} contract (code hash ${hash}): ${(error as Error).message}.`,
      'Check the address.',
    );
  }
}
