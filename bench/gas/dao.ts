import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Address, Message } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { contractCode } from '../../sdk/generated/code';
import { messageSize } from '../../sdk/governance/message-size';
import { DAY, type DaoWorld, proposalOf, propose, stakeOf, TON } from '../../tests/support/dao-world';
import { bodies, CocoonDao, type CocoonProposal, type DaoAction, packActions } from '../../wrappers';
import { createHouse, type House, type Sent } from './dao-house';

/**
 * Gas of what members and the guardian do, in all contracts of the DAO that it runs through, the messages that are sent for it, and what
 * it costs at present prices. What a root does is paid for by the treasury and not in here. The SDK's estimates are generated from this.
 */

export interface DaoCost {
  /** gas units by contract, in the order of the messages */
  gas: [contract: string, gas: number][];
  totalGas: number;
  /** [cells, bits] of each message that the contracts sent, beside the root cell, logs included */
  messages: [cells: number, bits: number][];
  /** nanoTON that the member pays, forward fees included; amounts that move and reserves apart */
  feesNano: string;
}

const file = path.join(__dirname, 'dao.json');

/** A list of so many models for the root. */
function additions(root: Address, count: number): DaoAction[] {
  return Array.from({ length: count }, (_, i) => ({
    to: root,
    value: TON / 20n,
    body: bodies.rootAddModelType({ queryId: BigInt(i), hash: Buffer.alloc(32, i) }),
    init: null,
  }));
}

async function measure(): Promise<Record<string, DaoCost>> {
  const house = await createHouse();
  const world = house as unknown as DaoWorld;
  const { root, vault, guardian } = house;
  const [alice, bob, carol] = house.members.map((member) => member.getSender());
  const [ofAlice, ofBob, ofCarol] = house.stakes;
  const costs: Record<string, DaoCost> = {};
  const record = (name: string, { transactions }: Sent, treasuryPays: readonly string[] = []) => {
    costs[name] = costOf(name, house, transactions, treasuryPays);
  };
  const proposal = (id: number) => proposalOf(world, id) as SandboxContract<CocoonProposal>;
  const early = stakeOf(house.chain, house.dao.address, house.early.address);
  record('sync', await early.sendSync(house.early.getSender()));
  record('first deposit', await ofAlice!.sendDeposit(alice!, { amount: 400n * TON }));
  record('deposit', await ofAlice!.sendDeposit(alice!, { amount: 100n * TON }));
  for (const [i, amount] of [100n, 400n, 500n].entries()) {
    await house.stakes[i]!.sendDeposit(house.members[i]!.getSender(), { amount: amount * TON });
  }
  house.advance(7 * DAY);
  record('activate', await house.dao.sendActivate(alice!));
  const one = additions(root.address, 1);
  const ten = additions(root.address, 10);
  record('propose, text only', await propose(world, 1, { title: 'Words' }));
  record('cancel', await proposal(1).sendCancel(bob!));
  record('propose, one action', await propose(world, 0, { actions: packActions(one) }));
  record('propose, ten actions', await propose(world, 2, { actions: packActions(ten) }));
  await propose(world, 1, { title: 'Words' });
  house.advance(DAY);
  const { epoch } = await proposal(2).getData();
  const vote = { proposal: proposal(2).address, epoch, no: 0n, abstain: 0n };
  record('vote', await ofAlice!.sendVote(alice!, { ...vote, yes: 600n * TON }));
  record('change of vote', await ofAlice!.sendVote(alice!, { ...vote, yes: 500n * TON }));
  record('vote with a reason', await ofBob!.sendVote(bob!, { ...vote, yes: 400n * TON, reason: 'It is cheaper.' }));
  const third = { ...vote, proposal: proposal(3).address };
  await ofAlice!.sendVote(alice!, { ...third, yes: 600n * TON });
  await ofBob!.sendVote(bob!, { ...third, yes: 400n * TON });
  const delegate = house.members[0]!.address;
  record('delegate', await ofCarol!.sendDelegate(carol!, { delegate }));
  record('undelegate', await ofCarol!.sendUndelegate(carol!));
  record('unstake', await ofCarol!.sendUnstake(carol!, { amount: 100n * TON }));
  await ofCarol!.sendDelegate(carol!, { delegate });
  record('unstake while delegated', await ofCarol!.sendUnstake(carol!, { amount: 100n * TON }));
  house.advance(6 * DAY);
  record('finalize, passed', await proposal(2).sendFinalize(alice!));
  await proposal(3).sendFinalize(alice!);
  record('finalize, defeated', await proposal(4).sendFinalize(alice!));
  house.advance(2 * DAY);
  record('execute, one action', (await vault.sendExecute(alice!, { id: 2, actions: one })) as unknown as Sent, [
    'root',
  ]);
  record('execute, ten actions', (await vault.sendExecute(alice!, { id: 3, actions: ten })) as unknown as Sent, [
    'root',
  ]);
  await propose(world, 0, { actions: packActions(one) });
  house.advance(DAY);
  const { epoch: later } = await proposal(5).getData();
  await ofAlice!.sendVote(alice!, { ...vote, proposal: proposal(5).address, epoch: later, yes: 600n * TON });
  house.advance(5 * DAY);
  await proposal(5).sendFinalize(alice!);
  const guard = guardian.getSender();
  const removal = bodies.rootDelModelType({ queryId: 0n, hash: Buffer.alloc(32, 0) });
  record('veto', (await vault.sendVeto(guard, { id: 5, reason: 'It is wrong.' })) as unknown as Sent);
  record('pause', (await vault.sendPause(guard, { seconds: DAY })) as unknown as Sent);
  record('revoke', (await vault.sendRevoke(guard, { body: removal })) as unknown as Sent);
  for (const [name, to] of [
    ['dao', house.dao.address],
    ['vault', vault.address],
    ['stake', ofAlice!.address],
    ['proposal', proposal(5).address],
  ] as const) {
    const { value, body } = CocoonDao.buildTopUp(to);
    record(`top up, ${name}`, await house.members[0]!.send({ to, value, body }));
  }
  house.advance(30 * DAY);
  record('withdraw', await ofCarol!.sendWithdraw(carol!));
  return costs;
}

function costOf(
  name: string,
  house: House,
  transactions: Sent['transactions'],
  treasuryPays: readonly string[],
): DaoCost {
  const gas: DaoCost['gas'] = [];
  const messages: DaoCost['messages'] = [];
  let fees = 0n;
  const others = [...house.members, house.guardian, house.early];
  const people = new Set(others.map(({ address }) => address.hash.toString('hex')));
  for (const tx of transactions) {
    if (tx.description.type !== 'generic') throw new Error(`${name}: a ${tx.description.type} transaction`);
    const { computePhase, aborted } = tx.description;
    const account = tx.address.toString(16).padStart(64, '0');
    if (people.has(account)) continue;
    if (tx.inMessage?.info.type !== 'internal') throw new Error(`${name}: not an internal message`);
    const from = tx.inMessage.info.src.hash.toString('hex');
    // What the treasury's coins are spent on, there and on the way back.
    if ([account, from].some((each) => treasuryPays.includes(contractAt(house, each)))) continue;
    // Somebody who has no contract takes the coins and runs nothing.
    if (computePhase.type === 'skipped') continue;
    if (aborted)
      throw new Error(
        `${name}: a message failed at the ${contractAt(house, account)} with ${computePhase.exitCode}, ${tx.description.actionPhase?.resultCode}`,
      );
    gas.push([contractAt(house, account), Number(computePhase.gasUsed)]);
    fees += tx.totalFees.coins - (tx.description.storagePhase?.storageFeesCollected ?? 0n);
    for (const out of tx.outMessages.values()) {
      messages.push(sizeOf(out));
      if (out.info.type === 'internal') fees += out.info.forwardFee;
    }
  }
  const totalGas = gas.reduce((sum, [, used]) => sum + used, 0);
  return { gas, totalGas, messages, feesNano: fees.toString() };
}

function sizeOf(message: Message): [number, number] {
  const { cells, bits } = messageSize(message);
  return [cells, bits];
}

function contractAt(house: House, account: string): string {
  const is = ({ address }: { address: Address }) => address.hash.toString('hex') === account;
  if (is(house.dao)) return 'dao';
  if (is(house.vault)) return 'vault';
  if (is(house.root)) return 'root';
  const early = stakeOf(house.chain, house.dao.address, house.early.address);
  return [...house.stakes, early].some(is) ? 'stake' : 'proposal';
}

async function main(): Promise<void> {
  const mode = process.argv[2] ?? '--print';
  if (!['--print', '--write', '--check'].includes(mode))
    throw new Error('usage: npm run gas:dao [-- --write | --check]');
  const codes = Object.fromEntries(
    (['stake', 'proposal', 'dao', 'vault'] as const).map((name) => [name, contractCode[name].hash]),
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
