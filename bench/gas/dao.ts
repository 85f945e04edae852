import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beginCell } from '@ton/core';
import type { SandboxContract, SendMessageResult } from '@ton/sandbox';
import { contractCode } from '../../sdk/generated/code';
import { activate, createDaoWorld, DAY, type DaoWorld, proposalOf, propose, TON } from '../../tests/support/dao-world';
import type { CocoonProposal } from '../../wrappers';

/**
 * Gas of what members do, in all contracts of the DAO that it runs through, and what it costs at present prices. The Vault is a
 * person here: its own costs are in its tests.
 */

export interface DaoCost {
  /** gas units by contract, in the order of the messages */
  gas: [contract: string, gas: number][];
  totalGas: number;
  /** nanoTON that the member pays, forward fees included; amounts that move and reserves apart */
  feesNano: string;
}

const file = path.join(__dirname, 'dao.json');

async function measure(): Promise<Record<string, DaoCost>> {
  const world = await createDaoWorld();
  const [alice, bob, carol] = world.members.map((member) => member.getSender());
  const [ofAlice, ofBob, ofCarol] = world.stakes;
  const costs: Record<string, DaoCost> = {};
  const record = (name: string, { transactions }: SendMessageResult) => {
    costs[name] = costOf(name, world, transactions);
  };
  record('first deposit', await ofAlice!.sendDeposit(alice!, { amount: 400n * TON }));
  record('deposit', await ofAlice!.sendDeposit(alice!, { amount: 100n * TON }));
  await activate(world, [100n * TON, 400n * TON, 500n * TON]);
  const actions = beginCell().storeAddress(world.root.address).storeCoins(TON);
  for (let i = 0; i < 3; i += 1) actions.storeMaybeRef(null);
  record('propose, one action', await propose(world, 0, { actions: actions.endCell() }));
  record('propose, text only', await propose(world, 1, { title: 'Words' }));
  world.advance(DAY);
  const proposal = proposalOf(world, 1);
  const { epoch } = await proposal.getData();
  const vote = { proposal: proposal.address, epoch, no: 0n, abstain: 0n };
  record('vote', await ofAlice!.sendVote(alice!, { ...vote, yes: 600n * TON }));
  record('change of vote', await ofAlice!.sendVote(alice!, { ...vote, yes: 500n * TON }));
  record('vote with a reason', await ofBob!.sendVote(bob!, { ...vote, yes: 400n * TON, reason: 'It is cheaper.' }));
  const delegate = world.members[0]!.address;
  record('delegate', await ofCarol!.sendDelegate(carol!, { delegate }));
  record('undelegate', await ofCarol!.sendUndelegate(carol!));
  record('unstake', await ofCarol!.sendUnstake(carol!, { amount: 100n * TON }));
  await ofCarol!.sendDelegate(carol!, { delegate });
  record('unstake while delegated', await ofCarol!.sendUnstake(carol!, { amount: 100n * TON }));
  world.advance(6 * DAY);
  record('finalize, passed', await (proposal as SandboxContract<CocoonProposal>).sendFinalize(alice!));
  record('finalize, defeated', await proposalOf(world, 2).sendFinalize(alice!));
  world.advance(30 * DAY);
  record('withdraw', await ofCarol!.sendWithdraw(carol!));
  return costs;
}

function costOf(name: string, world: DaoWorld, transactions: SendMessageResult['transactions']): DaoCost {
  const gas: DaoCost['gas'] = [];
  let fees = 0n;
  const people = new Set(
    [...world.members, world.vault, world.root].map(({ address }) => address.hash.toString('hex')),
  );
  for (const tx of transactions) {
    if (tx.description.type !== 'generic') throw new Error(`${name}: a ${tx.description.type} transaction`);
    const { computePhase, aborted } = tx.description;
    const account = tx.address.toString(16).padStart(64, '0');
    const message = tx.inMessage;
    if (people.has(account)) continue;
    // Somebody who has no contract takes the coins and runs nothing.
    if (computePhase.type === 'skipped') continue;
    if (aborted)
      throw new Error(
        `${name}: a message failed at the ${contractAt(world, account)} with ${computePhase.exitCode}, ${tx.description.actionPhase?.resultCode}`,
      );
    gas.push([contractAt(world, account), Number(computePhase.gasUsed)]);
    fees += tx.totalFees.coins - (tx.description.storagePhase?.storageFeesCollected ?? 0n);
    for (const out of tx.outMessages.values()) if (out.info.type === 'internal') fees += out.info.forwardFee;
    if (message?.info.type !== 'internal') throw new Error(`${name}: not an internal message`);
  }
  return { gas, totalGas: gas.reduce((sum, [, used]) => sum + used, 0), feesNano: fees.toString() };
}

function contractAt(world: DaoWorld, account: string): string {
  if (world.dao.address.hash.toString('hex') === account) return 'dao';
  const isStake = world.stakes.some(({ address }) => address.hash.toString('hex') === account);
  return isStake ? 'stake' : 'proposal';
}

async function main(): Promise<void> {
  const mode = process.argv[2] ?? '--print';
  if (!['--print', '--write', '--check'].includes(mode))
    throw new Error('usage: npm run gas:dao [-- --write | --check]');
  const codes = Object.fromEntries(
    (['stake', 'proposal', 'dao'] as const).map((name) => [name, contractCode[name].hash]),
  );
  const report = { codes, operations: await measure() };
  for (const [name, { totalGas, feesNano, gas }] of Object.entries(report.operations)) {
    const parts = gas.map(([contract, used]) => `${contract} ${used}`).join(', ');
    console.log(`${name.padEnd(26)} ${String(totalGas).padStart(6)} gas ${feesNano.padStart(9)} nanoTON  ${parts}`);
  }
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (mode === '--write') writeFileSync(file, text);
  if (mode === '--check' && readFileSync(file, 'utf8') !== text) {
    throw new Error('bench/gas/dao.json is of other contracts; run `npm run gas:dao -- --write` and commit');
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
