import { Blockchain, type SandboxContract, type SendMessageResult, type TreasuryContract } from '@ton/sandbox';
import { MAINNET_TERMS } from '../../sdk/networks';
import { DAY, type DaoWorld, stakeOf, TON, testDaoParams } from '../../tests/support/dao-world';
import { configAt } from '../../tests/support/price-sets';
import { codeOf, START } from '../../tests/support/world';
import { CocoonDao, CocoonRoot, CocoonVault, initialDaoData, initialVaultData, rootStateInit } from '../../wrappers';

/** Root, Vault, Dao and Stakes as they stand together, set up and handed over. */
export type House = Omit<DaoWorld, 'vault' | 'root'> & {
  root: SandboxContract<CocoonRoot>;
  vault: SandboxContract<CocoonVault>;
  guardian: SandboxContract<TreasuryContract>;
  /** of a deposit that was made before there was a Dao */
  early: SandboxContract<TreasuryContract>;
};

export async function createHouse(): Promise<House> {
  const chain = await Blockchain.create({ config: configAt('current') });
  chain.now = START;
  const [deployer, guardian, early] = await Promise.all(
    ['deployer', 'guardian', 'early'].map((name) => chain.treasury(name)),
  );
  const codes = { proxyCode: codeOf('proxy'), workerCode: codeOf('worker'), clientCode: codeOf('client') };
  const terms = { structVersion: 3, paramsVersion: 1, ...MAINNET_TERMS, isTest: true, ...codes };
  const owner = deployer!.address;
  const rootInit = rootStateInit({ owner, params: terms, rootCode: codeOf('root'), version: 1 });
  const deployRoot = CocoonRoot.buildDeploy(rootInit);
  await deployer!.send({ ...deployRoot, init: deployRoot.init! });
  const root = chain.openContract(CocoonRoot.createFromAddress(deployRoot.to));
  const vaultData = initialVaultData({ root: root.address, deployer: owner });
  const vault = chain.openContract(CocoonVault.createFromConfig(vaultData, codeOf('vault')));
  const params = testDaoParams(root.address);
  const daoData = initialDaoData({ vault: vault.address, params });
  const dao = chain.openContract(CocoonDao.createFromConfig(daoData, codeOf('dao')));
  await stakeOf(chain, dao.address, early!.address).sendDeposit(early!.getSender(), { amount: 100n * TON });
  await vault.sendDeploy(deployer!.getSender(), { value: 100n * TON });
  await dao.sendTopUp(deployer!.getSender());
  const until = START + 300 * DAY;
  await vault.sendInit(deployer!.getSender(), { governor: dao.address, guardian: guardian!.address, until });
  await root.sendChangeOwner(deployer!.getSender(), { newOwner: vault.address });
  const members = await Promise.all([0, 1, 2].map((i) => chain.treasury(`member ${i}`)));
  const stakes = members.map(({ address }) => stakeOf(chain, dao.address, address));
  const now = () => chain.now!;
  const advance = (seconds: number) => {
    chain.now = now() + seconds;
  };
  const people = { guardian: guardian!, early: early! };
  return { chain, root, dao, vault, members, stakes, params, now, advance, ...people };
}

export type Sent = SendMessageResult;
