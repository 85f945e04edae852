import type { MessageOptions, OutgoingMessage, ParamsChange } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import { ScriptError } from '../script-error';

/** All that an owner may change about the terms at once. Multipliers: 10000 = x1. */
export interface FullParamsChange extends ParamsChange {
  promptMultiplier: number;
  cachedMultiplier: number;
  completionMultiplier: number;
  reasoningMultiplier: number;
}

/** Operations whose wrapper builders come with later contracts: plugged in below, one line each. */
export interface LaterBuilders {
  changeParamsFull?: (to: Address, opts: MessageOptions & FullParamsChange) => OutgoingMessage;
}

export const laterBuilders: LaterBuilders = {};

/** @throws ScriptError while the builder is not plugged in */
export function laterBuilder<K extends keyof LaterBuilders>(name: K): NonNullable<LaterBuilders[K]> {
  const builder = laterBuilders[name];
  if (builder !== undefined) return builder;
  throw new ScriptError(
    `This release cannot build ${name} messages.`,
    'Update to one whose contracts have the operation.',
  );
}
