import { CocoonProposal, CocoonStake, ProposeCode } from '@cocoon/sdk';
import { opened } from '../../offchain/cli/dao/provider';
import { epochDay, when } from '../../offchain/cli/dao/text';
import { contextOf, type Draft, deposit, type House, propose, stakeOfMember, viewOf, vote } from './dao';
import { refusal, type Stage, TON } from './stage';
import { coins, type Story } from './story';

/** nanoTON, twice: ten times what all members have together. */
const LOAN = 500_000n * TON;

/** Mallory brings borrowed coins on the day of the snapshot, before the proposal is made. */
export async function stakeBeforeProposal(stage: Stage, story: Story, house: House, draft: Draft): Promise<void> {
  story.tell(`On the same UTC day, before there is a proposal, Mallory stakes ${coins(LOAN)} of borrowed coins.`);
  await deposit(stage, house, 'Mallory', LOAN);
  const { code } = await propose(stage, house, 'Mallory', draft);
  story.check('a proposal of her own', code, ProposeCode.threshold, (found) =>
    found === ProposeCode.threshold ? 'refused (code 2: weight below the threshold)' : `code ${found}`,
  );
}

/** … and as much again after it, and tries to vote it down. */
export async function attack(stage: Stage, story: Story, house: House, id: number): Promise<void> {
  story.chapter('Ten times the stake of everybody, too late');
  await deposit(stage, house, 'Mallory', LOAN);
  const { info } = await contextOf(stage, house);
  const { total, epoch, startAt, address } = await viewOf(stage, house, id);
  const stake = await stakeOfMember(stage, house, 'Mallory');
  const { own, labels } = await stake.getData();
  story.check('Mallory has staked, before and right after the proposal', own, 2n * LOAN, coins);
  story.holds('the DAO counts it at once', info.total === total + own, coins(info.total));
  story.holds('the snapshot does not', total < LOAN, `${coins(total)} at the start of ${epochDay(epoch)} (UTC)`);
  const first = Math.min(...labels.keys());
  story.holds('her coins count in proposals from', first > epoch, epochDay(first));
  story.check('her weight in this one', await stake.getWeightAt(epoch), 0n, coins);

  await stage.until(startAt);
  const proposal = opened(stage.chain, CocoonProposal.createFromAddress(address));
  const claim = { by: 'Mallory', id, choice: 'no', claimed: own } as const;
  story.check('she votes no with all of it', (await vote(stage, house, claim)).code, refusal('stakeTooMuch'));
  const one = await vote(stage, house, { ...claim, claimed: 1n });
  story.check('she votes no with one nanoTON', one.code, refusal('stakeTooMuch'));
  const { no, voters } = await proposal.getData();
  story.check('votes against', no, 0n, coins);
  story.check('voters', voters, 0);

  await stage.send('Mallory', CocoonStake.buildUnstake(stake.address, { amount: own }));
  const left = await stake.getData();
  const [release] = [...left.releases.keys()];
  story.check('she takes it out again; her active stake', left.own, 0n, coins);
  story.holds('the loan is stuck until', release! > startAt, when(release!, await stage.now()));
}
