import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  type BuiltProposal,
  buildProposal,
  CocoonStake,
  epochAt,
  Op,
  ProposalFileError,
  ProposeCode,
  packMeta,
  packTitle,
  proposeCost,
} from '@cocoon/sdk';
import { CliError } from '../errors';
import { type Act, type Acting, requireOk } from './carry-out';
import { readState } from './chain-state';
import { refused, usage } from './context';
import { actionLines, describeActions } from './describe';
import { ExitCode } from './exit-codes';
import { answerIn } from './follow';
import { readStake, stakeOf } from './status';
import { bps, rows, ton } from './text';

/** A proposal from a file, in YAML or in JSON, which is YAML too. */

const FORM = 'See docs/governance-tools.md for its form.';

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usage(`${path} cannot be read (${code}).`, 'Give the file of a proposal.', error);
  }
}

/** @throws CliError naming the line and the key of what is wrong, or what the Dao would refuse */
export async function readProposalFile(context: Acting, path: string): Promise<BuiltProposal> {
  const yaml = readFile(path);
  const { scope, registrar, state } = await readState(context);
  const { info, now } = context;
  const today = epochAt(now);
  const stake = await readStake(context, context.me);
  const input = {
    ...scope,
    registrar,
    state,
    readText: (file: string) => readFileSync(resolve(dirname(path), file), 'utf8'),
    total: info.epoch === today ? info.startTotal : info.total,
    weight: stake === null ? 0n : await stakeOf(context, context.me).getWeightAt(today),
  };
  let built: BuiltProposal;
  try {
    built = buildProposal(yaml, input);
  } catch (error) {
    if (!(error instanceof ProposalFileError)) throw error;
    throw usage(`${path}, ${error.shortMessage}.`, FORM, error);
  }
  const errors = built.findings.filter(({ level }) => level === 'error');
  for (const { line, key, message } of built.findings.filter(({ level }) => level === 'warning')) {
    context.print(`! line ${line}: ${key}: ${message}`);
  }
  if (errors.length === 0) return built;
  const told = errors.map(({ line, key, message }) => `line ${line}: ${key}: ${message}`).join('; ');
  throw refused(`The Dao would refuse ${path}, or it would not do what it says: ${told}.`, 'Correct it first.');
}

function planRows({ classification, needs, payload, actionsHash, salt }: BuiltProposal): string {
  return rows([
    ['class', `${classification.class}: ${classification.reason}`],
    ...(needs
      ? ([
          ['to propose', `a weight of ${ton(needs.threshold)}`],
          ['quorum', ton(needs.quorum)],
          ['approval', `${needs.critical ? 'at least' : 'more than'} ${bps(needs.approvalBps)}`],
        ] as const)
      : []),
    ['text', `sha256 ${payload.sha256.toString('hex')}, to be found at ${payload.uri}`],
    ['actions hash', actionsHash ?? 'none: a text only'],
    ['query ids', `from salt ${salt.toString(16)}`],
  ]);
}

export async function proposeAct(context: Acting, path: string): Promise<Act> {
  const { info } = context;
  if (!info.active) throw refused('The DAO is not active yet.', 'See `cocoon dao status`.');
  const built = await readProposalFile(context, path);
  const { payload } = built;
  context.print(`Proposal: ${payload.title}\n${planRows(built)}`);
  if (payload.actions !== null) {
    const told = await describeActions(context, payload.actions);
    context.print(`Actions\n${actionLines(told.actions)}`);
    for (const warning of told.warnings) context.print(`! ${warning}`);
  }
  const stake = stakeOf(context, context.me);
  const { bond } = info.params;
  return {
    title: `propose "${payload.title}"; the bond of ${ton(bond)} returns if the quorum is reached`,
    message: CocoonStake.buildPropose(stake.address, {
      title: packTitle(payload.title),
      meta: packMeta(payload),
      actions: payload.actions,
      bond,
    }),
    moves: bond,
    cost: proposeCost(built.cell, built.actions.length),
    tree: [
      'you -> your Stake: stakePropose',
      'Stake -> Dao: daoPropose',
      'Dao -> Proposal: proposalInit',
      'Dao -> Stake: proposeResult',
    ],
    names: new Map([
      [stake.address.toRawString(), 'stake'],
      [context.dao.toRawString(), 'dao'],
    ]),
    conclude: (hops) => {
      const answer = answerIn(hops, Op.proposeResult, stake.address);
      if (answer === undefined) {
        requireOk(hops);
        throw new CliError('The Dao did not answer.', 'See `cocoon dao ls`.', { exitCode: ExitCode.unknown });
      }
      const code = answer.loadUint(8);
      const id = answer.loadUint(32);
      if (code === ProposeCode.accepted) return [`Proposal ${id} is made: \`cocoon dao show ${id}\`.`];
      throw new CliError(`The Dao made no proposal (code ${code}): ${REFUSALS[code]}.`, 'The bond came back.', {
        exitCode: ExitCode.rejected,
      });
    },
  };
}

const REFUSALS: Readonly<Record<number, string>> = {
  [ProposeCode.epoch]: 'the UTC day changed on the way; run the command again',
  [ProposeCode.threshold]: 'your weight is below the threshold',
  [ProposeCode.noPlace]: 'all 16 places are taken',
  [ProposeCode.oneEach]: 'you have an open proposal already',
  [ProposeCode.badActions]: 'the actions are not what it takes',
  [ProposeCode.tooLarge]: 'the actions are too large',
  [ProposeCode.inactive]: 'the DAO is not active',
  [ProposeCode.lowValue]: 'the value does not cover bond and fees',
  [ProposeCode.badTitle]: 'the title is empty or too long',
};
