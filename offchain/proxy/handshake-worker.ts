import { TonCode } from '@cocoon/sdk/errors';
import { COEFFICIENT_LIMIT } from '@cocoon/sdk/protocol/metering';
import { modelBaseName } from '@cocoon/sdk/protocol/root-config';
import type { TlObject, TlType } from '@cocoon/sdk/protocol/tl/codec';
import { negotiate } from '@cocoon/sdk/protocol/versions';
import type { PeerIdentity } from '../transport/security';
import type { WorkerAccount } from './accounts';
import { PeerViolation } from './errors';
import { type PeerContext, proxyParams, readAddress, wireAddress } from './peer-context';

export interface WorkerWelcome {
  account: WorkerAccount;
  proto: number;
  /** Model name without commit and hash, and as the worker gave it. */
  model: string;
  fullModel: string;
  coefficient: number;
  /** Requests at once over this connection. */
  limit: number;
  enabled: boolean;
}

type Details = Omit<WorkerWelcome, 'enabled'>;
type State =
  | { name: 'start' }
  | { name: 'compare' | 'extended' | 'finishing'; details: Details }
  | { name: 'done' | 'failed' };

const MAX_MODEL_LENGTH = 512;

/**
 * The proxy's side of the worker handshake: connectToProxy, comparison of counters, proxyHandshakeComplete.
 *
 * A worker that remembers more than this ledger is never a reason to stop the proxy: a larger signed amount is refused
 * with both numbers in the log, larger unsigned counters (lost with an unsynced disk) are answered with ours, and the
 * extended comparison lets the worker accept them and finish.
 */
export class WorkerHandshake {
  private readonly context: PeerContext;
  private readonly peer: PeerIdentity;
  private readonly welcome: (welcome: WorkerWelcome) => void;
  private state: State = { name: 'start' };
  private account: WorkerAccount | undefined;

  constructor(context: PeerContext, peer: PeerIdentity, welcome: (welcome: WorkerWelcome) => void) {
    this.context = context;
    this.peer = peer;
    this.welcome = welcome;
  }

  async query(message: TlObject): Promise<TlObject> {
    try {
      switch (message._) {
        case 'worker.connectToProxy':
          return this.connect(message.params);
        case 'worker.compareBalanceWithProxy':
          return this.compare(message);
        case 'worker.extendedCompareBalanceWithProxy':
          return this.compareExtended(message);
        case 'worker.proxyHandshakeComplete':
          return this.complete(message.isDisabled);
        default:
          throw new PeerViolation(`${message._} before the handshake is complete`);
      }
    } catch (error) {
      this.state = { name: 'failed' };
      throw error;
    }
  }

  /** The connection ended, in whatever state. */
  leave(): void {
    if (this.account) this.context.books.leaveWorker(this.account);
    this.account = undefined;
  }

  private connect(params: TlType<'worker.params'>): TlObject {
    if (this.state.name !== 'start') throw new PeerViolation('connectToProxy was already sent');
    const { isTest, books } = this.context;
    const { isTest: theirs, proxyCnt, maxActiveRequests } = params;
    if (theirs === undefined || proxyCnt === undefined || maxActiveRequests === undefined) {
      throw new PeerViolation('worker.params must say is_test, proxy_cnt and max_active_requests', TonCode.error);
    }
    if (theirs !== isTest)
      throw new PeerViolation(`the worker has is_test=${theirs}, this proxy is_test=${isTest}`, TonCode.error);
    const model = baseModel(params.model);
    const problem = this.context.imageProblem(this.peer) ?? this.context.modelProblem(params.model);
    if (problem !== undefined) throw new PeerViolation(problem, TonCode.error);
    checkCoefficient(params.coefficient);
    if (maxActiveRequests < 1) throw new PeerViolation(`max_active_requests must be at least 1 (${maxActiveRequests})`);
    if (proxyCnt < 1) throw new PeerViolation(`proxy_cnt must be at least 1 (${proxyCnt})`);
    const proto = negotiate(params.minProtoVersion, params.maxProtoVersion, 0);
    if (proto === undefined) {
      throw new PeerViolation(
        `no common protocol version: the worker speaks ${params.minProtoVersion}..${params.maxProtoVersion}`,
        TonCode.error,
      );
    }
    const owner = readAddress('worker_owner_address', params.workerOwnerAddress);
    const account = books.openWorker(owner);
    if (account.state === 'closed')
      throw new PeerViolation(`the worker contract ${account.contract} is closed`, TonCode.notReady);
    account.connections++;
    this.account = account;
    const limit = Math.ceil(maxActiveRequests / proxyCnt);
    const details = { account, proto, model, fullModel: params.model, coefficient: params.coefficient, limit };
    this.state = { name: 'compare', details };
    return {
      _: 'worker.connectedToProxy',
      params: proxyParams(this.context, proto),
      workerScAddress: wireAddress(this.context, books.identity.workerContract(owner)),
    };
  }

  private compare(message: TlType<'worker.compareBalanceWithProxy'>): TlObject {
    if (this.state.name !== 'compare') throw new PeerViolation('compareBalanceWithProxy out of order');
    const { details } = this.state;
    const { levels, owner } = details.account;
    const claimed = {
      signed: message.tokensCommittedToBlockchain,
      db: message.tokensCommittedToDb,
      max: message.maxTokens,
    };
    if (claimed.signed < 0n || claimed.db < 0n || claimed.max < 0n)
      throw new PeerViolation('token counters must not be negative');
    const more = {
      worker: owner,
      claimed: text(claimed),
      known: text({ signed: levels.anchored, db: levels.written, max: levels.max }),
    };
    if (claimed.signed > levels.anchored) {
      this.context.logger.error(
        more,
        'worker_remembers_more: the worker says it holds a larger signed payment than this ledger knows',
      );
      throw new PeerViolation(
        `the worker claims ${claimed.signed} signed tokens, this proxy's ledger knows ${levels.anchored}; cash the payment in on chain, then restart the worker`,
        TonCode.error,
      );
    }
    const behind = claimed.db > levels.written || claimed.max > levels.max;
    if (behind)
      this.context.logger.warn(more, 'worker_remembers_more: usage that was not yet on disk was lost in a crash');
    this.state = { name: behind ? 'extended' : 'finishing', details };
    return {
      _: 'worker.compareBalanceWithProxyResult',
      signedPayment: { _: 'proxy.signedPayment', data: this.context.vouchers.payout(details.account).data },
      tokensCommittedToDb: levels.written,
      maxTokens: levels.max,
      errorCode: behind ? 1 : 0,
    };
  }

  private compareExtended(message: TlType<'worker.extendedCompareBalanceWithProxy'>): TlObject {
    if (this.state.name !== 'extended') throw new PeerViolation('extendedCompareBalanceWithProxy out of order');
    const { details } = this.state;
    this.context.logger.info(
      { worker: details.account.owner, db: message.tokensCommittedToDb.toString() },
      'worker accepts the ledger of this proxy',
    );
    this.state = { name: 'finishing', details };
    return { _: 'worker.extendedCompareBalanceWithProxyResult', errorCode: 0 };
  }

  private complete(isDisabled: boolean): TlObject {
    // After an answer with error_code 1 a worker may also go on without the extended question.
    if (this.state.name !== 'finishing' && this.state.name !== 'extended')
      throw new PeerViolation('proxyHandshakeComplete out of order');
    const { details } = this.state;
    this.state = { name: 'done' };
    this.welcome({ ...details, enabled: !isDisabled });
    return { _: 'worker.proxyHandshakeCompleted' };
  }
}

export function checkCoefficient(coefficient: number): void {
  if (coefficient < 0 || coefficient >= COEFFICIENT_LIMIT) {
    throw new PeerViolation(`coefficient must be in 0..${COEFFICIENT_LIMIT - 1} (${coefficient})`);
  }
}

function baseModel(full: string): string {
  const base = modelBaseName(full);
  if (base.length === 0) throw new PeerViolation('the model name is empty', TonCode.error);
  if (full.length > MAX_MODEL_LENGTH || !/^[\x21-\x7e]+$/.test(full))
    throw new PeerViolation('the model name is too long or has unprintable characters');
  return base;
}

function text(counters: Record<string, bigint>): Record<string, string> {
  return Object.fromEntries(Object.entries(counters).map(([name, value]) => [name, value.toString()]));
}
