import { actionQueryId, bodies, modelHash } from '@cocoon/sdk';
import { type Channel, charge, openChannel, pricesOf } from './channels';
import { classOf, type Draft, decide, execute, type House, propose, stateOf, tellActions, viewOf } from './dao';
import { attack, stakeBeforeProposal } from './flash-stake';
import { readRoot, refusal, type Stage } from './stage';
import type { Story } from './story';

const MODEL = 'second-model';
const TOKENS = 1_000_000n;
const nano = (value: bigint) => `${value} nanoTON`;

/** A price and a model, against an attack, with one channel from before and one from after. */
export async function ordinaryDecision(stage: Stage, story: Story, house: House): Promise<void> {
  const old = await channelBefore(stage, story, house);
  const before = await readRoot(stage, house.root.address);
  const draft = await priceAndModel(stage, house);

  story.chapter('Ben proposes another price and a new model');
  await stakeBeforeProposal(stage, story, house, draft);
  const { id } = await propose(stage, house, 'Ben', draft);
  story.tell(`Proposal ${id}: ${draft.title}`);
  await tellActions(stage, story, house, id);
  story.check('the DAO classes it as', classOf(await viewOf(stage, house, id)), 'normal');
  await attack(stage, story, house, id);

  story.chapter('The members vote, the Vault waits, anybody executes');
  await decide(stage, story, house, id, { Ada: 'yes', Ben: 'yes', Chen: 'yes', Dina: 'yes', Emil: 'no' });
  story.check('executing it now', (await execute(stage, house, id)).code, refusal('timelock'));
  await stage.until((await viewOf(stage, house, id)).eta);
  story.check('executing it after the timelock', (await execute(stage, house, id)).code, 'accepted');
  story.check('the proposal', await stateOf(stage, house, id), 'executed');
  const after = await readRoot(stage, house.root.address);
  story.check('price in the root', after.params.pricePerToken, (before.params.pricePerToken * 3n) / 2n, nano);
  story.check('version of the terms', after.params.paramsVersion, before.params.paramsVersion + 1);
  story.check(`the root lists ${MODEL}`, after.modelHashes.has(modelHash(MODEL).toString('hex')), true);
  story.check('executing it again', (await execute(stage, house, id)).code, refusal('unknownOperation'));
  await sidesOfTheChange(stage, story, house, old);
}

async function channelBefore(stage: Stage, story: Story, house: House): Promise<Channel> {
  story.chapter('Uma opens a channel under the terms of today');
  const channel = await openChannel(stage, house);
  const { pricePerToken } = (await readRoot(stage, house.root.address)).params;
  story.tell(`Pia's proxy ${channel.proxy.address}\nUma's client ${channel.client.address}`);
  story.check("price in the proxy's own contract", (await pricesOf(stage, channel)).proxy, pricePerToken, nano);
  return channel;
}

/** Half as much again for clients and for workers, unless the terms have changed by then. */
async function priceAndModel(stage: Stage, { root }: House): Promise<Draft> {
  const { params } = await readRoot(stage, root.address);
  const change = bodies.rootChangePrice({
    queryId: actionQueryId(1n, 0),
    pricePerToken: (params.pricePerToken * 3n) / 2n,
    workerFeePerToken: (params.workerFeePerToken * 3n) / 2n,
    expectedParamsVersion: params.paramsVersion,
  });
  const model = bodies.rootAddModelType({ queryId: actionQueryId(1n, 1), hash: modelHash(MODEL) });
  const atRoot = (body: typeof change) => ({ to: root.address, value: 50_000_000n, body, init: null });
  return { title: `Price x 1.5, and ${MODEL}`, text: 'why', actions: [atRoot(change), atRoot(model)] };
}

async function sidesOfTheChange(stage: Stage, story: Story, house: House, old: Channel): Promise<void> {
  story.chapter('A live channel keeps its terms; a new one gets the new terms');
  const root = (await readRoot(stage, house.root.address)).params.pricePerToken;
  const kept = await pricesOf(stage, old);
  story.holds("the old proxy's price", kept.proxy < root, nano(kept.proxy));
  story.check("the old client's price", kept.client, kept.proxy, nano);
  const fresh = await openChannel(stage, house);
  const renewed = await pricesOf(stage, fresh);
  story.check("a new proxy's price", renewed.proxy, root, nano);
  story.check("a new client's price", renewed.client, root, nano);
  const [paidOld, paidNew] = [await charge(stage, old, TOKENS), await charge(stage, fresh, TOKENS)];
  story.check(`${TOKENS} tokens cost in the old channel`, paidOld, TOKENS * kept.client, nano);
  story.check(`${TOKENS} tokens cost in the new one`, paidNew, TOKENS * renewed.client, nano);
}
