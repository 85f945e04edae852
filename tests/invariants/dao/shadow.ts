import { ExitCode, type ExitCodeName, exitCodeName, ProposeCode } from '../../../wrappers';
import { DaoModel } from '../../dao/model/dao-model';
import type { Message, Outgoing, Party, ProposeAnswer } from '../../dao/model/messages';
import { ProposalModel } from '../../dao/model/proposal-model';
import { ALL_RULES, CHAIN_TERMS, type ModelRules, Refusal, Violation } from '../../dao/model/rules';
import { StakeModel } from '../../dao/model/stake-model';
import type { Delivery } from '../../support/message-pool';
import { type Cast, type Contract, daoParams, MEMBERS } from './cast';
import { copyOf } from './copying';
import { keptBy, keptByModel, type Model, written } from './kept';
import { findSaid, said } from './said';
import { partyAt, translated } from './translation';

/** Refusals that the model knows; the others are about coins and nonsense, of which it knows nothing. */
const KNOWN_REFUSALS: readonly ExitCodeName[] = [
  ...(['stakeNotOwner', 'daoBadSender', 'stakeBusy', 'stakeTooMuch', 'stakeNothing', 'stakeBadEpoch'] as const),
  ...(['votePending', 'votesFull', 'badDelegate', 'proposalState', 'notProposer', 'notVault'] as const),
  ...(['daoActivation', 'unknownProposal'] as const),
];

/** What the Dao says of a payload after all else; the model takes its word for it. */
const OF_PAYLOAD: readonly ProposeAnswer[] = ['badActions', 'tooLarge', 'lowValue', 'badTitle'];

/** What stands beside the contracts: the model, other than specified in some rules; or nothing, to see what the other checks find. */
export type Beside = Partial<ModelRules> | 'nothing';

/**
 * The executable model of the specification, told the same as the contracts, one message after the other: it must do, say and keep
 * the same. With a rule of it switched off it must not.
 */
export class Shadow {
  private readonly dao: DaoModel;
  private readonly stakes: StakeModel[];
  private proposals = new Map<number, ProposalModel>();
  private wrong: string | undefined;

  constructor(
    private readonly cast: Cast,
    private readonly beside: Beside = {},
  ) {
    const all = { ...ALL_RULES, ...(beside === 'nothing' ? {} : beside) };
    this.dao = new DaoModel(daoParams, false, CHAIN_TERMS, all);
    this.stakes = Array.from({ length: MEMBERS }, (_, i) => new StakeModel(`m${i}`, 0, CHAIN_TERMS, all));
  }

  fork(): Shadow {
    const { dao, stakes, proposals } = this;
    return Object.assign(new Shadow(this.cast, this.beside), copyOf({ dao, stakes, proposals }));
  }

  /** How the contracts differ from the model since this was last asked. */
  takeWrong(): string | undefined {
    const { wrong } = this;
    this.wrong = undefined;
    return wrong;
  }

  record(delivery: Delivery): void {
    const contract = this.cast.at(delivery.message.info.dest);
    if (this.beside === 'nothing' || contract === undefined || contract.kind === 'vault') return;
    if (delivery.tx === undefined) return;
    const model = this.modelOf(contract);
    const told = this.tell(model, delivery);
    if (typeof told === 'string') this.wrong ??= `M ${contract.name} ${told}`;
    if (told === undefined) return;
    const kept = keptBy(this.cast, contract, delivery.dataAfter);
    const should = keptByModel(model);
    if (kept !== undefined && kept !== should) this.wrong ??= `M ${contract.name} keeps ${kept}, the model ${should}`;
  }

  private modelOf({ kind, number }: Contract): Model {
    if (kind === 'dao') return this.dao;
    if (kind === 'stake') return this.stakes[number]!;
    const model = this.proposals.get(number) ?? new ProposalModel(number);
    this.proposals.set(number, model);
    return model;
  }

  /** @returns undefined: not told; what is wrong; true */
  private tell(model: Model, delivery: Delivery): string | true | undefined {
    const { message, ok, exitCode, sent, now, cause } = delivery;
    const { bounced, src } = message.info;
    const refusal = ok ? undefined : exitCodeName(exitCode ?? ExitCode.unknownOp);
    if (!ok && !KNOWN_REFUSALS.includes(refusal!)) return undefined;
    // Of a bounce, the contract reads what came back; the model is told all that was sent.
    const heard = translated(this.cast, bounced ? cause!.message : message);
    if (heard === undefined) return undefined;
    if (heard.op === 'daoPropose') heard.draft.answer = answerIn(delivery);
    if (model instanceof StakeModel) {
      model.able = findSaid(sent, 'undelegate') !== undefined || findSaid(sent, 'daoStakeSub') !== undefined;
      // Coins above the reserve, of which the model knows nothing, are paid with any withdrawal.
      if (ok && heard.op === 'stakeWithdraw' && !hasDue(model, now)) return true;
    }
    let outgoing: Outgoing[];
    try {
      outgoing = model[bounced ? 'bounced' : 'receive'](now, partyAt(this.cast, src), heard);
    } catch (error) {
      if (error instanceof Violation) return `breaks the model at ${heard.op}: ${error.message}`;
      if (!(error instanceof Refusal)) throw error;
      const same = error.exitCode === refusal;
      return same ? true : `answers ${heard.op} with ${refusal ?? 'success'}, the model with ${error.exitCode}`;
    }
    if (!ok) return `refuses ${heard.op} with ${refusal}, the model takes it`;
    const says = written(this.wordsOf(delivery));
    const should = written(
      outgoing.filter(({ message: { op } }) => op !== 'payout').map(({ to, message: words }) => ({ to, words })),
    );
    return says === should ? true : `says ${says} to ${heard.op}, the model ${should}`;
  }

  /** What a contract sent to others, without what is only money. */
  private wordsOf({ sent }: Delivery): { to: Party; words: Message }[] {
    return sent.flatMap(({ message }) => {
      const words = message.info.bounced ? undefined : translated(this.cast, message);
      return words === undefined ? [] : [{ to: partyAt(this.cast, message.info.dest), words }];
    });
  }
}

function hasDue({ refundable, releases }: StakeModel, now: number): boolean {
  return refundable > 0n || [...releases.keys()].some((time) => time <= now);
}

function answerIn({ sent }: Delivery): ProposeAnswer {
  const answer = findSaid(sent, 'proposeResult');
  const code = answer && said(answer).rest.loadUint(8);
  return OF_PAYLOAD.find((name) => ProposeCode[name] === code) ?? 'accepted';
}
