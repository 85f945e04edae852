import { CocoonRegistrar, ListingStatus, Op } from '@cocoon/sdk';
import { registeredProxies } from '@cocoon/sdk/protocol/root-config';
import { opened } from '../../offchain/cli/dao/provider';
import { span } from '../../offchain/cli/dao/text';
import { contextOf, type House } from './dao';
import { PROXY_IMAGE, sha256 } from './hash';
import { lastArrived, readRoot, type Stage, TON } from './stage';
import { coins, type Story } from './story';

const ENDPOINT = '203.0.113.7:5222 203.0.113.7:8888';

/** Anybody may run a proxy: a stake and rent instead of a vote. */
export async function permissionlessProxy(stage: Stage, story: Story, house: House): Promise<void> {
  story.chapter('Olga lists a proxy without asking anybody');
  const registrar = opened(stage.chain, house.registrar);
  const { terms } = await registrar.getData();
  const proposals = (await contextOf(stage, house)).info.nextId;
  story.tell(`She leaves a stake of ${coins(terms.minStake)} and pays ${coins(terms.rent)} for ${span(terms.period)}.`);
  const seqno = await list(stage, house, PROXY_IMAGE);
  const listed = await registry(stage, house);
  story.check(`the root's registry has proxy ${seqno}`, listed.get(seqno) ?? 'not there', ENDPOINT);
  const { nextId } = (await contextOf(stage, house)).info;
  story.check('proposals that this took', nextId - proposals, 0);
  const { proxies } = registeredProxies(listed);
  story.holds(
    'clients dial it like any other',
    proxies.some((each) => each.seqno === seqno),
    ENDPOINT.split(' ')[1]!,
  );

  const other = await list(stage, house, sha256('nobody voted on this image'));
  const refused = await registrar.getListing(other);
  story.check('one with an image that no vote has allowed', nameOf(refused.status), 'refused');

  const mine = CocoonRegistrar.buildUnlist(house.registrar.address, { seqno });
  await stage.send('Olga', mine);
  story.check('she unlists it; in the registry', (await registry(stage, house)).has(seqno), false);
  const { unlockAt, stake } = await registrar.getListing(seqno);
  await stage.until(unlockAt);
  const { address } = stage.people.Olga;
  const before = (await stage.chain.account(address)).balance;
  await stage.send('Olga', CocoonRegistrar.buildWithdraw(house.registrar.address, { seqno }));
  const gain = (await stage.chain.account(address)).balance - before;
  story.holds(
    `${span(terms.closeDelay)} later her stake of ${coins(stake)} is hers again`,
    gain > stake - TON,
    coins(gain),
  );
  const { count } = await registrar.getData();
  story.check('listings that are left: the refused one', count, 1);
}

async function list(stage: Stage, house: House, imageHash: Buffer): Promise<number> {
  const { terms } = await opened(stage.chain, house.registrar).getData();
  const message = CocoonRegistrar.buildList(house.registrar.address, {
    imageHash,
    endpoint: ENDPOINT,
    stake: terms.minStake,
    periods: 1,
    rentPerPeriod: terms.rent,
  });
  await stage.give(stage.people.Olga.address, message.value);
  await stage.send('Olga', message);
  return (await lastArrived(stage, stage.people.Olga.address, Op.listingRequested)).loadUint(32);
}

async function registry(stage: Stage, { root }: House): Promise<Map<number, string>> {
  return (await readRoot(stage, root.address)).registeredProxies;
}

function nameOf(status: ListingStatus): string {
  return Object.entries(ListingStatus).find(([, value]) => value === status)?.[0] ?? String(status);
}
