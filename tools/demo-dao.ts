import { type Address, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { MAINNET_TERMS } from '../sdk/networks';
import {
  bodies,
  CocoonClient,
  type CocoonProposal,
  CocoonProxy,
  CocoonRegistrar,
  CocoonVault,
  type DaoAction,
  initialClientData,
  initialProxyData,
  ProposalStatus,
  parseActions,
  parsePayload,
  vaultBodies,
} from '../wrappers';
import {
  buildStage,
  codeOf,
  DAY,
  MEMBERS,
  propose,
  type Stage,
  send,
  stakeAll,
  stakeOf,
  TON,
  vote,
} from './demo/stage';

/**
 * `npm run demo:dao`: a life of the DAO on a chain in this process. Every number is read from the chain; a step that does not
 * go as told ends the story with exit code 1.
 */

const asJson = process.argv.includes('--json');
const events: { day: number; text: string }[] = [];
let startedAt = 0;

function tell(stage: Stage, text: string): void {
  const day = Math.floor((stage.chain.now! - startedAt) / DAY);
  events.push({ day, text });
  if (!asJson) console.log(`day ${String(day).padStart(3)}  ${text}`);
}

function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not as told: ${what}`);
}

const ton = (nano: bigint) => `${nano / TON} TON`;

/** A message to the root as an action of the Vault. */
function toRoot(stage: Stage, body: DaoAction['body']): DaoAction {
  return { to: stage.root.address, value: toNano('0.1'), body, init: null };
}

async function finalize(stage: Stage, proposal: SandboxContract<CocoonProposal>, by: 'Ada' | 'Bo'): Promise<number> {
  await proposal.sendFinalize(stage.people[by].getSender());
  return (await proposal.getData()).status;
}

async function execute(stage: Stage, proposal: SandboxContract<CocoonProposal>): Promise<void> {
  const { id, payloadCell } = await proposal.getData();
  const actions = parseActions(parsePayload(payloadCell!).actions!);
  await send(stage.people.Ada, CocoonVault.buildExecute(stage.vault.address, { id, actions }));
}

async function handOver(stage: Stage): Promise<void> {
  const { root, vault, dao, people } = stage;
  const before = await vault.getData();
  expectThat(before.governor?.equals(dao.address) === true, 'the Vault obeys the Dao');
  expectThat(before.root.equals(root.address), 'the Vault is made for this root');
  tell(stage, `Step 1: the Vault is checked: governor is the Dao, the deployer's set-up right is used up.`);
  await root.sendChangeOwner(people.team.getSender(), { newOwner: vault.address });
  expectThat((await root.getStorage()).owner.equals(vault.address), 'the root belongs to the Vault');
  await root.sendChangeOwner(people.team.getSender(), { newOwner: people.team.address });
  expectThat((await root.getStorage()).owner.equals(vault.address), 'the team has no key to the root any more');
  tell(stage, `Step 2: the team gives the root to the Vault ${vault.address}; its next order is refused.`);
}

/** A proxy and one client of it, made with the root's terms of the moment. */
async function openMarket(stage: Stage, key: number): Promise<{ client: Address; price: bigint }> {
  const { params } = await stage.root.getStorage();
  const { operator } = stage.people;
  const publicKey = Buffer.alloc(32, key);
  const proxyData = initialProxyData({ owner: operator.address, publicKey, root: stage.root.address, params });
  const proxy = stage.chain.openContract(CocoonProxy.createFromConfig(proxyData, codeOf('proxy')));
  await proxy.sendDeploy(operator.getSender());
  const owner = stage.people.Ada.address;
  const clientData = initialClientData({ owner, proxy: proxy.address, publicKey, params });
  const client = stage.chain.openContract(CocoonClient.createFromConfig(clientData, codeOf('client')));
  await client.sendDeploy(stage.people.Ada.getSender());
  return { client: client.address, price: await priceOf(stage, client.address) };
}

async function priceOf(stage: Stage, client: Address): Promise<bigint> {
  const contract = stage.chain.openContract(CocoonClient.createFromAddress(client));
  return (await contract.getStorage()).params.pricePerToken;
}

async function ordinaryLife(stage: Stage): Promise<void> {
  const { root, people } = stage;
  const market = await openMarket(stage, 1);
  tell(stage, `A client opens a channel at ${market.price} nanoTON per token.`);
  const model = Buffer.alloc(32, 0xa1);
  const proposal = await propose(stage, people.Ada, 'Price 18, and a new model', [
    toRoot(stage, bodies.rootChangePrice({ queryId: 1n, pricePerToken: 18n, workerFeePerToken: 17n })),
    toRoot(stage, bodies.rootAddModelType({ queryId: 2n, hash: model })),
  ]);
  const made = await proposal.getData();
  expectThat(!made.critical, 'a price and a model are normal');
  tell(stage, `Ada proposes "Price 18, and a new model": normal, quorum ${ton(made.quorum)} of ${ton(made.total)}.`);
  await flashStake(stage, proposal);
  await vote(stage, proposal, { Ada: 'yes', Bo: 'yes', Cleo: 'yes', Dima: 'no', Esi: 'abstain' });
  const tally = await proposal.getData();
  tell(
    stage,
    `Votes: yes ${ton(tally.yes)}, no ${ton(tally.no)}, abstain ${ton(tally.abstain)} by ${tally.voters} members.`,
  );
  stage.advance(5);
  expectThat((await finalize(stage, proposal, 'Bo')) === ProposalStatus.queued, 'it is queued');
  const { eta } = await proposal.getData();
  await execute(stage, proposal);
  expectThat((await proposal.getData()).status === ProposalStatus.queued, 'nothing is executed before its time');
  tell(stage, `Passed. The Vault waits until ${new Date(eta * 1000).toISOString()}; an early try is refused.`);
  stage.advance(2);
  await execute(stage, proposal);
  expectThat((await proposal.getData()).status === ProposalStatus.executed, 'it is executed');
  const { params } = await root.getStorage();
  expectThat(params.pricePerToken === 18n && params.workerFeePerToken === 17n, 'the price is 18, the fee 17');
  expectThat(await root.getIsAllowed('model', model), 'the model is allowed');
  tell(
    stage,
    `Executed on the root: price ${params.pricePerToken}, worker ${params.workerFeePerToken}, model a1a1… allowed.`,
  );
  expectThat(
    (await priceOf(stage, market.client)) === BigInt(MAINNET_TERMS.pricePerToken),
    'the channel keeps its price',
  );
  const next = await openMarket(stage, 2);
  expectThat(next.price === 18n, 'a new channel has the new price');
  tell(stage, `The open channel keeps ${await priceOf(stage, market.client)} nanoTON, a new one has ${next.price}.`);
}

async function flashStake(stage: Stage, proposal: SandboxContract<CocoonProposal>): Promise<void> {
  const { attacker } = stage.people;
  const stake = stakeOf(stage, attacker.address);
  await stake.sendDeposit(attacker.getSender(), { amount: 500_000n * TON });
  const { epoch } = await proposal.getData();
  const weight = await stake.getWeightAt(epoch);
  expectThat(weight === 0n, 'stake of the same day weighs nothing');
  stage.advance(1);
  const before = await proposal.getData();
  await stake.sendVote(attacker.getSender(), {
    proposal: proposal.address,
    epoch,
    yes: 0n,
    no: 500_000n * TON,
    abstain: 0n,
  });
  const after = await proposal.getData();
  expectThat(after.no === before.no && after.quorum === before.quorum, 'the attack moves nothing');
  tell(
    stage,
    `An attacker stakes ${ton((await stake.getData()).own)} after it: weight ${ton(weight)}, the vote is refused.`,
  );
  await stake.sendUnstake(attacker.getSender(), { amount: 500_000n * TON });
  const { releases } = await stake.getData();
  const wait = Math.round((Math.min(...releases.keys()) - stage.chain.now!) / DAY);
  tell(stage, `It gives up, and waits ${wait} days for its coins.`);
}

async function evilImage(stage: Stage): Promise<void> {
  const { root, people, vault } = stage;
  const image = Buffer.alloc(32, 0xee);
  const proposal = await propose(stage, people.Dima, 'Routine image update', [
    toRoot(stage, bodies.rootAddWorkerType({ queryId: 1n, hash: image })),
  ]);
  const made = await proposal.getData();
  expectThat(made.critical, 'an image is critical');
  tell(
    stage,
    `Dima proposes "Routine image update": critical, quorum ${ton(made.quorum)}, ${made.approvalBps / 100} % needed.`,
  );
  stage.advance(1);
  await vote(stage, proposal, { Ada: 'yes', Bo: 'yes', Cleo: 'yes', Dima: 'yes', Esi: 'no' });
  stage.advance(5);
  expectThat((await finalize(stage, proposal, 'Ada')) === ProposalStatus.queued, 'it is queued');
  const reason = 'The image does not reproduce from its source.';
  await send(people.guardian, CocoonVault.buildVeto(vault.address, { id: made.id, reason }));
  expectThat((await proposal.getData()).status === ProposalStatus.vetoed, 'it is vetoed');
  stage.advance(5);
  await execute(stage, proposal);
  expectThat(!(await root.getIsAllowed('worker', image)), 'the image is not allowed');
  tell(
    stage,
    'It passes. Nobody can rebuild the image: the guardian vetoes. Executing it after the timelock is refused.',
  );
}

async function openListing(stage: Stage): Promise<void> {
  const { root, vault, registrar, people } = stage;
  const image = Buffer.alloc(32, 0x5a);
  const set = vaultBodies.vaultSetNetwork({ queryId: 2n, root: root.address, registrar: registrar.address });
  const proposal = await propose(stage, people.Esi, 'Open listing for proxies', [
    toRoot(stage, bodies.rootAddProxyType({ queryId: 1n, hash: image })),
    { to: vault.address, value: toNano('0.1'), body: set, init: null },
  ]);
  stage.advance(1);
  await vote(stage, proposal, Object.fromEntries(MEMBERS.map((name) => [name, 'yes'])));
  stage.advance(5);
  await finalize(stage, proposal, 'Ada');
  stage.advance(5);
  await execute(stage, proposal);
  expectThat((await vault.getData()).registrar?.equals(registrar.address) === true, 'the registrar is authorised');
  tell(stage, 'A critical vote allows an image for proxies and lets the registrar list them without a vote.');
  const { operator } = people;
  const { terms, next } = await registrar.getData();
  const listing = {
    stake: terms.minStake,
    periods: 1,
    rentPerPeriod: terms.rent,
    imageHash: image,
    endpoint: '203.0.113.7:5222',
  };
  await send(operator, CocoonRegistrar.buildList(registrar.address, listing));
  const listed = async () => (await root.getStorage()).registeredProxies.get(next);
  expectThat((await listed()) !== undefined, 'the proxy is listed');
  tell(stage, `An operator stakes ${ton(terms.minStake)} and is listed as number ${next}: ${await listed()}.`);
  await send(operator, CocoonRegistrar.buildUnlist(registrar.address, { seqno: next }));
  expectThat((await listed()) === undefined, 'the proxy is unlisted');
  stage.advance(terms.closeDelay / DAY + 1);
  const before = await operator.getBalance();
  await send(operator, CocoonRegistrar.buildWithdraw(registrar.address, { seqno: next }));
  expectThat((await operator.getBalance()) > before + terms.minStake - TON, 'the stake is back');
  tell(stage, 'It unlists itself, and after the delay its stake is back.');
}

async function leave(stage: Stage): Promise<void> {
  const { Bo } = stage.people;
  const stake = stakeOf(stage, Bo.address);
  const { own } = await stake.getData();
  await stake.sendUnstake(Bo.getSender(), { amount: own });
  stage.advance(22);
  const before = await Bo.getBalance();
  await stake.sendWithdraw(Bo.getSender());
  expectThat((await Bo.getBalance()) > before + own - TON, 'the stake is back');
  const { total, members } = await stage.dao.getData();
  tell(stage, `Bo leaves with all of the ${ton(own)}; the DAO has ${ton(total)} of ${members} members.`);
}

async function main(): Promise<void> {
  const stage = await buildStage();
  startedAt = stage.chain.now!;
  await handOver(stage);
  await stakeAll(stage);
  const { total, members } = await stage.dao.getData();
  tell(stage, `${members} members stake ${ton(total)}.`);
  stage.advance(8);
  await stage.dao.sendActivate(stage.people.Ada.getSender());
  expectThat((await stage.dao.getData()).active, 'the DAO is active');
  tell(stage, 'After a week with enough stake and members the DAO is active.');
  await ordinaryLife(stage);
  await evilImage(stage);
  await openListing(stage);
  await leave(stage);
  if (asJson) console.log(JSON.stringify(events, null, 2));
  else console.log('Everything went as told; each number above was read from the chain.');
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
