import {
  CocoonDao,
  CocoonVault,
  contractCode,
  DEFAULT_DAO_PARAMS,
  DeployValue,
  initialDaoData,
  initialVaultData,
  parseVaultData,
} from '@cocoon/sdk';
import type { NetworkProvider } from '@ton/blueprint';
import { Cell } from '@ton/core';
import { parse, type ScriptArgs } from './arguments';
import { LiveChain } from './chain';
import { Execution } from './execution';
import { when } from './format';
import { readManifest, updateManifest } from './manifest-file';
import { Prompts } from './prompts';
import { ScriptError } from './script-error';
import { chooseAddress, readTarget } from './target';

const DAY = 86_400;
const LONGEST_TERM_DAYS = 550;

/** Vault and Dao of a root; a second run sends only what is missing. The root is handed over afterwards: `handover`. */
export async function runDeployDao(
  provider: NetworkProvider,
  args: ScriptArgs,
  options: { live?: LiveChain; interactive?: boolean } = {},
): Promise<void> {
  const live = options.live ?? new LiveChain(provider);
  const prompts = new Prompts(provider, args, options.interactive);
  const network = provider.network();
  const deployer = provider.sender().address;
  if (deployer === undefined)
    throw new ScriptError('A deep link cannot deploy a DAO.', 'Use a wallet with a mnemonic.');
  const root = await readTarget(live, 'root', await chooseAddress(provider, prompts, readManifest(network), 'root'));
  const guardian = args.get('guardian', parse.address) ?? null;
  const days = args.get('guardianDays', parse.whole) ?? LONGEST_TERM_DAYS - 1;
  if (days > LONGEST_TERM_DAYS) throw new ScriptError(`guardianDays=${days}:`, `at most ${LONGEST_TERM_DAYS}.`);
  const until = guardian === null ? 0 : (await live.now()) + days * DAY;

  const vault = CocoonVault.createFromConfig(
    initialVaultData({ root: root.address, deployer }),
    Cell.fromBase64(contractCode.vault.boc),
  );
  const params = { ...DEFAULT_DAO_PARAMS, root: root.address };
  const dao = CocoonDao.createFromConfig(
    initialDaoData({ vault: vault.address, params }),
    Cell.fromBase64(contractCode.dao.boc),
  );
  const exists = async (address: typeof dao.address) => (await live.contract(address)) !== undefined;
  const result = await new Execution(provider, prompts, live).carryOut({
    title: 'deploy the DAO',
    facts: [
      ['network', network],
      ['root', root.address.toString()],
      ['vault', vault.address.toString()],
      ['dao', dao.address.toString()],
      ['guardian', guardian === null ? 'none' : `${guardian} until ${when(until)}`],
    ],
    steps: [
      {
        label: 'deploy the Vault',
        message: CocoonVault.buildDeploy(vault.init!, { value: args.get('value', parse.ton) ?? DeployValue.vault }),
        fields: [],
        isDone: () => exists(vault.address),
      },
      {
        label: 'deploy the Dao',
        message: CocoonDao.buildTopUp(dao.address, { init: dao.init! }),
        fields: [],
        isDone: () => exists(dao.address),
      },
      {
        label: 'set the Vault up; from then on the deployer has no power',
        message: CocoonVault.buildInit(vault.address, { governor: dao.address, guardian, until }),
        fields: [['governor', dao.address.toString()]],
        sender: deployer,
        isDone: async () => {
          const contract = await live.contract(vault.address);
          return contract !== undefined && parseVaultData(contract.data).governor !== null;
        },
      },
    ],
    names: new Map([
      [deployer.toRawString(), 'you'],
      [vault.address.toRawString(), 'vault'],
      [dao.address.toRawString(), 'dao'],
    ]),
  });
  if (result === 'dry') return;
  const { governor } = parseVaultData((await live.requireContract(vault.address)).data);
  if (!governor?.equals(dao.address))
    throw new ScriptError(`The Vault obeys ${governor}.`, 'Do not hand the root over.');
  const entry = (name: 'vault' | 'dao', address: string) => ({ address, codeHash: contractCode[name].hash });
  const path = updateManifest(network, (manifest) => ({
    ...manifest,
    vault: entry('vault', vault.address.toString()),
    dao: entry('dao', dao.address.toString()),
  }));
  provider.ui().write(`Manifest: ${path}. Next: handover newOwner=${vault.address} force=true`);
}
