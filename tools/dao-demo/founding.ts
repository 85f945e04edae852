import {
  CocoonDao,
  CocoonRegistrar,
  CocoonRoot,
  CocoonVault,
  DEFAULT_DAO_PARAMS,
  initialDaoData,
  initialRegistrarData,
  initialRootData,
  initialVaultData,
  MAINNET_TERMS,
  modelHash,
} from '@cocoon/sdk';
import { opened } from '../../offchain/cli/dao/provider';
import { epochDay, when } from '../../offchain/cli/dao/text';
import { deposit, type House, stakeOfMember } from './dao';
import { PROXY_IMAGE } from './hash';
import { codeOf, DAY, MEMBERS, readRoot, refusal, type Stage, TON } from './stage';
import { coins, type Story } from './story';

const STAKE = 20_000n * TON;
const TREASURY = 10_000n * TON;

/** Root, Vault, Dao and registrar, all with the values that they are meant to be deployed with. */
export async function deployHouse(stage: Stage, story: Story): Promise<House> {
  story.chapter('A network, and a DAO that does not own it yet');
  const { address: deployer } = stage.people.deployer;
  await stage.give(deployer, TREASURY);
  const params = {
    structVersion: 3,
    paramsVersion: 1,
    ...MAINNET_TERMS,
    isTest: true,
    proxyCode: codeOf('proxy'),
    workerCode: codeOf('worker'),
    clientCode: codeOf('client'),
  };
  const root = CocoonRoot.createFromConfig(initialRootData({ owner: deployer, params, version: 1 }), codeOf('root'));
  await stage.send('deployer', CocoonRoot.buildDeploy(root.init!));
  await stage.send('deployer', CocoonRoot.buildAllow(root.address, { kind: 'proxy', hash: PROXY_IMAGE }));
  await stage.send('deployer', CocoonRoot.buildAllow(root.address, { kind: 'model', hash: modelHash('first-model') }));
  const vault = CocoonVault.createFromConfig(initialVaultData({ root: root.address, deployer }), codeOf('vault'));
  await stage.send('deployer', CocoonVault.buildDeploy(vault.init!, { value: TREASURY }));
  const daoParams = { ...DEFAULT_DAO_PARAMS, root: root.address };
  const dao = CocoonDao.createFromConfig(initialDaoData({ vault: vault.address, params: daoParams }), codeOf('dao'));
  await stage.send('deployer', CocoonDao.buildTopUp(dao.address, { init: dao.init! }));
  const registrar = CocoonRegistrar.createFromConfig(
    initialRegistrarData({ vault: vault.address }),
    codeOf('registrar'),
  );
  await stage.send('deployer', CocoonRegistrar.buildTopUp(registrar.address, { init: registrar.init! }));
  const termEnd = (await stage.now()) + 540 * DAY;
  const guardian = stage.people.guardian.address;
  const init = CocoonVault.buildInit(vault.address, { governor: dao.address, guardian, until: termEnd });
  await stage.send('deployer', init);
  story.tell(`root       ${root.address}\nvault      ${vault.address}\ndao        ${dao.address}`);
  story.tell(`registrar  ${registrar.address}`);

  const data = await readRoot(stage, root.address);
  story.holds('the root obeys the person who deployed it', data.owner.equals(deployer), data.owner.toString());
  story.tell(`It asks ${data.params.pricePerToken} nanoTON per token.`);
  const powers = await opened(stage.chain, vault).getData();
  story.holds('the Vault obeys the Dao', powers.governor?.equals(dao.address) === true, String(powers.governor));
  story.holds(
    'a guardian may veto, for a limited time',
    powers.guardian?.equals(guardian) === true && powers.guardianUntil === termEnd,
    when(powers.guardianUntil, await stage.now()),
  );
  const again = await stage.deliver('deployer', init);
  story.check('the deployer cannot set the Vault up once more', again.code, refusal('vaultInit'));
  const { balance } = await stage.chain.account(vault.address);
  story.holds('the Vault keeps the treasury', balance > TREASURY - TON, coins(balance));
  return { root, vault, dao, registrar };
}

export async function joinAndActivate(stage: Stage, story: Story, house: House): Promise<void> {
  story.chapter('Five members stake, and the DAO becomes active');
  const dao = opened(stage.chain, house.dao);
  const { params } = await dao.getData();
  const early = await stage.deliver('Ada', CocoonDao.buildActivate(house.dao.address));
  story.check('without stake it cannot be activated', early.code, refusal('daoActivation'));
  for (const name of MEMBERS) await deposit(stage, house, name, STAKE);
  for (const name of MEMBERS) {
    const { own, labels } = await (await stakeOfMember(stage, house, name)).getData();
    const [since] = [...labels.keys()];
    story.check(`${name} has staked`, own, STAKE, coins);
    if (name === MEMBERS[0]) story.tell(`It counts in proposals made from ${epochDay(since ?? 0)} on, and not before.`);
  }
  const { total, members } = await dao.getData();
  story.check('stake of all members', total, STAKE * BigInt(MEMBERS.length), coins);
  story.check('members', members, MEMBERS.length);
  story.tell(`${params.activationMembers} members and ${coins(params.activationStake)} must be there for 7 days.`);
  await stage.advance(7 * DAY);
  await stage.send('Ada', CocoonDao.buildActivate(house.dao.address));
  story.check('seven days later it is active', (await dao.getData()).active, true);
}
