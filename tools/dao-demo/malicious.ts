import { bodies, CocoonVault } from '@cocoon/sdk';
import { classOf, decide, execute, type House, propose, stateOf, tellActions, viewOf } from './dao';
import { sha256 } from './hash';
import { readRoot, refusal, type Stage } from './stage';
import type { Story } from './story';

/** The worst that a vote can do here: an image that reads what users ask. */
export async function maliciousImage(stage: Stage, story: Story, house: House): Promise<void> {
  story.chapter('A malicious image wins its vote, and the guardian stops it');
  const hash = sha256('an image that copies every prompt');
  const body = bodies.rootAddProxyType({ queryId: 3n, hash });
  const actions = [{ to: house.root.address, value: 50_000_000n, body, init: null }];
  story.tell('Thieves hold the keys of four members.');
  const { id } = await propose(stage, house, 'Dina', { title: 'Routine update of images', text: 'routine', actions });
  await tellActions(stage, story, house, id);
  story.check('the DAO classes it as', classOf(await viewOf(stage, house, id)), 'critical');
  await decide(stage, story, house, id, { Ada: 'yes', Ben: 'yes', Chen: 'yes', Dina: 'yes', Emil: 'no' });
  const { eta } = await viewOf(stage, house, id);
  const reason = 'nobody can rebuild this image from its source';
  const veto = CocoonVault.buildVeto(house.vault.address, { id, reason });
  story.check('a thief vetoes', (await stage.deliver('Dina', veto)).code, refusal('notGuardian'));
  story.check('the guardian vetoes', (await stage.deliver('guardian', veto)).code, 'accepted');
  story.check('the proposal', await stateOf(stage, house, id), 'vetoed');
  await stage.until(eta);
  story.check('executing it after the timelock', (await execute(stage, house, id)).code, refusal('unknownOperation'));
  const { proxyHashes } = await readRoot(stage, house.root.address);
  story.check('the root allows the image', proxyHashes.has(hash.toString('hex')), false);
}
