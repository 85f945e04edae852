import { actionOf, CocoonRoot, type DaoAction, vaultBodies } from '@cocoon/sdk';
import { opened } from '../../offchain/cli/dao/provider';
import { acceptanceBody, buildAcceptance } from '../../scripts/lib/handover';
import { classOf, decide, execute, type House, propose, stateOf, viewOf } from './dao';
import { readRoot, refusal, type Stage } from './stage';
import type { Story } from './story';

/**
 * The root's change_owner is one step and final. So the Vault first proves, by an executed proposal, that it can send to
 * this root; only then does the deployer let go. The same proposal gives the Vault its registrar and rehearses everything.
 */
export async function handOver(stage: Stage, story: Story, house: House): Promise<void> {
  story.chapter('The root is handed over to the Vault, in two steps');
  const { root, vault, registrar } = house;
  const { version } = await readRoot(stage, root.address);
  const acceptance = { root: root.address, newOwner: vault.address, version };
  const network = vaultBodies.vaultSetNetwork({ queryId: 2n, root: root.address, registrar: registrar.address });
  const actions: DaoAction[] = [
    actionOf(buildAcceptance(acceptance)),
    { to: vault.address, value: 10_000_000n, body: network, init: null },
  ];
  story.tell('Step one: the DAO decides that its Vault accepts the root, and appoints the registrar of proxies.');
  const { id } = await propose(stage, house, 'Ada', { title: 'Accept the root', text: 'accept', actions });
  story.check('the DAO classes it as', classOf(await viewOf(stage, house, id)), 'critical');
  await decide(stage, story, house, id, { Ada: 'yes', Ben: 'yes', Chen: 'yes', Dina: 'yes', Emil: 'no' });
  await stage.until((await viewOf(stage, house, id)).eta);
  story.check('anybody executes it', (await execute(stage, house, id)).code, 'accepted');
  story.check('the proposal', await stateOf(stage, house, id), 'executed');
  const found = await acceptedBy(stage, house, acceptanceBody(acceptance).hash());
  story.check("the root has received the Vault's acceptance", found, vault.address.toString());
  const { registrar: appointed } = await opened(stage.chain, vault).getData();
  story.holds('the Vault knows its registrar', appointed?.equals(registrar.address) === true, String(appointed));

  story.tell('Step two: having seen it on chain, the deployer lets go.');
  await stage.send('deployer', CocoonRoot.buildChangeOwner(root.address, { newOwner: vault.address }));
  story.check('the root obeys', (await readRoot(stage, root.address)).owner.toString(), vault.address.toString());
  const late = CocoonRoot.buildChangePrice(root.address, { pricePerToken: 1n, workerFeePerToken: 1n });
  story.check(
    'the deployer sets a price',
    (await stage.deliver('deployer', late)).code,
    refusal('expectedMessageFromOwner'),
  );
}

/** Who sent the root a message with this body. */
async function acceptedBy({ chain }: Stage, { root }: House, body: Buffer): Promise<string> {
  for (const { inMessage } of await chain.transactions(root.address, { limit: 20 })) {
    if (inMessage?.info.type === 'internal' && inMessage.body.hash().equals(body)) return inMessage.info.src.toString();
  }
  return 'nobody';
}
