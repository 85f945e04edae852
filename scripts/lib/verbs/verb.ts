import type { ContractName, OutgoingMessage } from '@cocoon/sdk';
import type { NetworkProvider } from '@ton/blueprint';
import type { Address } from '@ton/core';
import type { ScriptArgs } from '../arguments';
import type { DeployedContract, LiveChain } from '../chain';
import type { ContractData } from '../contracts';
import type { Row } from '../format';
import type { Prompts } from '../prompts';
import type { Target } from '../target';

/** What a verb has to work with: the live contract, the arguments, and who sends. */
export interface VerbContext<C extends ContractName> extends Target<C> {
  provider: NetworkProvider;
  live: LiveChain;
  args: ScriptArgs;
  prompts: Prompts;
  /** the sender's wallet; the contract's owner where it is not known (deep link). Unspent coins go there */
  actor: Address;
  /** the chain's clock, unix seconds */
  now: number;
}

export interface VerbPlan<C extends ContractName> {
  /** what it does, in the imperative */
  label: string;
  message: OutgoingMessage;
  /** what the body says, and what it changes */
  fields: Row[];
  facts?: Row[];
  /** Is the effect there? Before: nothing to do; after: done. Left out where the contract's data does not tell. */
  isDone?: (data: ContractData[C], contract: DeployedContract) => boolean;
}

/** The effect is there and there is no message that could be sent for it. */
export interface NothingToDo {
  nothingToDo: string;
}

export function nothingToDo(why: string): NothingToDo {
  return { nothingToDo: why };
}

/** One operation of one contract as a script. */
export interface Verb<C extends ContractName> {
  contract: C;
  summary: string;
  /** `key` or `key=hint` */
  keys: readonly string[];
  who: 'owner' | 'anyone';
  /** Reads the arguments, checks what the contract would refuse and builds the message. @throws ScriptError */
  prepare: (context: VerbContext<C>) => Promise<VerbPlan<C> | NothingToDo> | VerbPlan<C> | NothingToDo;
}
