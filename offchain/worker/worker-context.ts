import type { Address } from '@ton/core';
import type { Chain } from '../chain/port';
import type { Clock } from '../node/clock';
import type { RootConfig } from '../node/root-watch';
import type { Earnings } from './earnings';
import type { EngineKind } from './engine-request';
import type { EngineClient } from './forward';
import type { WorkerTerms } from './handshake';
import type { QueryResult } from './running-query';

/** What the sessions of one worker share. */
export interface WorkerContext {
  clock: Clock;
  engine: EngineClient;
  engineKind: () => EngineKind;
  engineApiKey: string | undefined;
  /** Name of the model in requests. */
  model: string;
  earnings: Pick<Earnings, 'open' | 'deploy' | 'has'>;
  chain: Chain;
  paymentStatusIntervalMs: number;
  /** undefined until the root contract has been read. */
  root: () => (RootConfig & { address: Address }) | undefined;
  /** Why the root does not let this worker's model be served; undefined: it does. */
  modelProblem: () => string | undefined;
  terms: () => WorkerTerms;
  isDisabled: () => boolean;
  isFull: () => boolean;
  /** Whether a proxy may still use this price: the current one, or the one it was told before a moment ago. */
  isAnnounced: (coefficient: number) => boolean;
  begun: () => void;
  ended: (result: QueryResult) => void;
  rejected: () => void;
  unreportedUsage: () => void;
}
