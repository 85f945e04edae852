import { ExitCode, exitCodeName, ProposalStatus } from '../../../wrappers';
import type { Delivery } from '../../support/message-pool';
import { type ProposalBooks, readProposal, sumOf, votesIn } from './books';
import { type Contract, guardian, members } from './cast';
import { said } from './said';
import type { Scene } from './scene';
import { atStake } from './stake-invariants';
import { atVault } from './vault-watch';

/**
 * What must be true after every delivery, whatever is still on its way (spec, 3.16 and 4). A check answers undefined, or says what is
 * wrong; names begin with the specification's, or with M where the model differs.
 */

export class InvariantBroken extends Error {
  constructor(wrong: string, scene: Scene) {
    super(`${wrong}\n\n${scene.story}`);
    this.name = 'InvariantBroken';
  }
}

/** @throws InvariantBroken with the story */
export function check(scene: Scene, last: Delivery): void {
  const wrong = findWrong(scene, last);
  if (wrong !== undefined) throw new InvariantBroken(wrong, scene);
}

function findWrong(scene: Scene, last: Delivery): string | undefined {
  const contract = scene.cast.at(last.message.info.dest);
  const missing = scene.pool.total();
  if (missing !== 0n) return `C3 ${missing} nanoTON too many`;
  if (contract === undefined) return undefined;
  return (
    scene.oracle.takeWrong() ??
    scene.shadow.takeWrong() ??
    scene.watch.takeWrong() ??
    failure(last, contract) ??
    trespass(scene, last, contract) ??
    totals(scene) ??
    (contract.kind === 'stake' ? atStake(scene, last, contract) : undefined) ??
    (contract.kind === 'dao' ? atDao(scene) : undefined) ??
    (contract.kind === 'vault' ? atVault(scene, last) : undefined) ??
    (contract.kind === 'proposal' ? atProposal(scene, last, contract) : undefined)
  );
}

/** Answers and bounces: whoever gets one has to take it. */
const ANSWERS: readonly (string | undefined)[] = [
  ...['stakeActivated', 'delegateOk', 'undelegateOk', 'voteAck', 'proposeResult', 'scheduleFailed'],
];

function failure({ message, cause, ok, tx, exitCode, sent }: Delivery, { name }: Contract): string | undefined {
  if (ok || tx === undefined) return undefined;
  const { bounced, bounce } = message.info;
  const { op } = said(message);
  const code = exitCode === undefined ? 'no code run' : `${exitCode} ${exitCodeName(exitCode) ?? ''}`;
  if (exitCode === ExitCode.overVote) return `I1 ${name} refuses more votes than there are`;
  if (bounced) return `T2 ${name} cannot take a bounce of ${op}: ${code}`;
  if (cause !== undefined && ANSWERS.includes(op)) return `D3 ${name} cannot take ${op}: ${code}`;
  if (bounce && !sent.some((each) => each.message.info.bounced)) return `T7 ${op} fails silently at ${name}: ${code}`;
  // Named refusals, a contract that is not there, and nonsense of strangers; everything else is a contract that fell over.
  const refused = exitCode === undefined || exitCode >= 1_000 || (exitCode === 9 && cause === undefined);
  const unsendable = op === 'vaultExecute' && exitCode !== undefined && UNSENDABLE.includes(exitCode);
  return refused || unsendable ? undefined : `R1 ${name} falls over at ${op}: ${code}`;
}

/** Actions that the chain cannot send: bad destination, too few coins. */
const UNSENDABLE: readonly number[] = [36, 37];

/** Data change only for those who may change them. */
function trespass(scene: Scene, { message, cause, dataBefore, dataAfter }: Delivery, to: Contract): string | undefined {
  if (cause !== undefined || !dataBefore || !dataAfter || dataBefore.equals(dataAfter)) return undefined;
  const { src } = message.info;
  const { op } = said(message);
  let allowed = false;
  // The stranger may answer votes that were sent to it; the accountant knows which.
  if (to.kind === 'stake') allowed = src.equals(members[to.number]!) || op === 'voteAck';
  if (to.kind === 'dao') allowed ||= op === 'daoActivate';
  if (to.kind === 'vault') allowed = src.equals(guardian) || op === 'vaultExecute' || op === 'vaultInit';
  if (to.kind === 'proposal') {
    allowed ||= op === 'proposalFinalize';
    allowed ||= op === 'proposalCancel' && readProposal(dataBefore)?.proposer.equals(src) === true;
  }
  return allowed ? undefined : `A1 ${scene.cast.nameOf(src)} changes ${to.name} with ${op}`;
}

function totals(scene: Scene): string | undefined {
  const { total } = scene.dao();
  let active = 0n;
  for (const { number } of scene.cast.stakes) {
    const { own = 0n, out = 0n } = scene.stake(number) ?? {};
    active += own + out;
  }
  return total < active ? `I2 the Dao counts ${total} of ${active} nanoTON` : undefined;
}

function atDao(scene: Scene): string | undefined {
  const { total, startTotal, open } = scene.dao();
  const { oracle } = scene;
  if (total !== oracle.total) return `I2 the Dao counts ${total}, it was told of ${oracle.total}`;
  if (startTotal !== oracle.startTotal) return `I2 the day began with ${oracle.startTotal}, not ${startTotal}`;
  if (open.length > 16) return `I10 ${open.length} open proposals`;
  return undefined;
}

/** C4, L7: to whom it is due, whole. */
function bondGoes(scene: Scene, { sent }: Delivery, books: ProposalBooks, { name }: Contract): string | undefined {
  const enough = books.yes + books.abstain >= books.quorum;
  const due = enough || books.status === cancelled ? books.proposer : scene.cast.vault.address;
  const paid = sent.some(({ message: { info } }) => info.dest.equals(due) && info.value.coins >= books.bond);
  return paid ? undefined : `C4 the bond of ${name} does not go to ${scene.cast.nameOf(due)}`;
}

const { live, defeated, cancelled, scheduling, passed, queued, executed, vetoed } = ProposalStatus;

/** What may follow; nothing follows where nothing is named. */
const TRANSITIONS: Readonly<Record<number, readonly number[]>> = {
  [live]: [defeated, cancelled, scheduling, passed, executed],
  [scheduling]: [passed, queued],
  [passed]: [scheduling],
  [queued]: [executed, vetoed],
};

function atProposal(scene: Scene, last: Delivery, contract: Contract): string | undefined {
  const books = scene.proposal(contract.number);
  if (books === undefined) return undefined;
  const { counted, terms } = scene.oracle.poll(contract.number);
  const votes = votesIn(books);
  if (votes > books.total) return `I1 ${votes} votes of ${books.total}`;
  const known = [...counted.values()];
  if (votes !== sumOf(known.map(votesIn)) || books.yes !== sumOf(known.map(({ yes }) => yes))) {
    return `I4 the tally says ${votes}, the votes add up to ${sumOf(known.map(votesIn))}`;
  }
  const voters = known.filter((split) => votesIn(split) > 0n).length;
  if (books.voters !== voters) return `I4 ${books.voters} voters are counted, ${voters} have voted`;
  if (books.terms.hash().toString('hex') !== terms) return `I8 the terms of ${contract.name} are others`;
  if (books.endAt > books.hardEnd) return `I8 ${contract.name} ends after its latest end`;
  const before = last.dataBefore && readProposal(last.dataBefore);
  if (before !== undefined) {
    if (books.endAt < before.endAt) return `V11 the end of ${contract.name} comes sooner`;
    const follows = books.status === before.status || TRANSITIONS[before.status]?.includes(books.status);
    if (before.status === live && books.status !== live) {
      const wrong = bondGoes(scene, last, books, contract);
      if (wrong !== undefined) return wrong;
    }
    if (follows !== true) return `L1 ${contract.name} goes from status ${before.status} to ${books.status}`;
  }
  const coins = scene.pool.balanceOf(contract.address) + scene.rentOf(contract);
  if (books.status === live && coins < books.bond) return `C4 ${contract.name} holds ${coins} of its bond`;
  return undefined;
}
