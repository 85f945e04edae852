import { createHash } from 'node:crypto';
import { tlAddress } from '@cocoon/sdk';
import type { TlObject, TlType } from '@cocoon/sdk/protocol/tl';
import { MAX_PROTO, MIN_PROTO } from '@cocoon/sdk/protocol/versions';
import type { Logger } from 'pino';
import { imageProblem } from '../node/allowed';
import type { Clock } from '../node/clock';
import type { RootConfig } from '../node/root-watch';
import type { PeerIdentity, TlQuery } from '../transport';
import type { Channel, UsedTokens } from './channel';
import { GatewayError } from './errors';
import { RequestTable } from './request-table';
import { agreeTerms, type Identity, ProxyRefusedError, type Terms } from './terms';
import type { AnswerSink, ModelInfo, RunningRequest, UpstreamRequest } from './upstream';

/** What a session needs of its connection. */
export interface PeerLink {
  readonly peer: Pick<PeerIdentity, 'imageHash'>;
  /** Rejects when the peer answers with an error, is silent for `timeoutMs`, or the connection ends. */
  query(fn: TlQuery, options: { timeoutMs: number }): Promise<TlObject>;
  /** Throws when the message cannot be sent. */
  send(message: TlObject): unknown;
  close(reason?: Error): void;
}

export interface SessionDeps {
  /** The channel for these terms: one per proxy contract, shared by every connection to it. */
  channelFor(terms: Terms): Channel;
  root(): RootConfig;
  identity(): Identity;
  /** Shared with the proxy to be let in without a transaction. */
  secret: Buffer;
  clock: Clock;
  paymentStatusIntervalMs: number;
  logger: Logger;
}

const HANDSHAKE_TIMEOUT_MS = 30_000;
/** Both ways of authorisation may wait for the chain. */
const AUTHORIZATION_TIMEOUT_MS = 300_000;
const PAYMENT_STATUS_TIMEOUT_MS = 60_000;
const MODELS_TIMEOUT_MS = 10_000;

/** One connection to one proxy: handshake, requests, payment messages (wire-protocol 1.9, 1.11, 1.14). */
export class ProxySession {
  readonly #link: PeerLink;
  readonly #deps: SessionDeps;
  #logger: Logger;
  #state: 'handshake' | 'ready' | 'closed' = 'handshake';
  #terms: Terms | undefined;
  #channel: Channel | undefined;
  #requests: RequestTable | undefined;
  #cancelStatusTimer: () => void = () => undefined;

  constructor(link: PeerLink, deps: SessionDeps) {
    this.#link = link;
    this.#deps = deps;
    this.#logger = deps.logger;
  }

  /** Can take requests now. */
  get ready(): boolean {
    return this.#state === 'ready' && this.#channel?.closing === false;
  }

  /** Has taken requests at some time. */
  get wasReady(): boolean {
    return this.#requests !== undefined;
  }

  get channel(): Channel | undefined {
    return this.#channel;
  }

  get terms(): Terms | undefined {
    return this.#terms;
  }

  get activeRequests(): number {
    return this.#requests?.size ?? 0;
  }

  /**
   * Goes through the handshake; afterwards the session takes requests. On failure the caller closes the connection.
   * @throws ProxyRefusedError, ActionFailedError, ChainError, or the connection's errors
   */
  async open(): Promise<void> {
    const { link, deps } = { link: this.#link, deps: this.#deps };
    const identity = deps.identity();
    const root = deps.root();
    this.#checkImage(root);
    const connected = await this.#ask('client.connectedToProxy', HANDSHAKE_TIMEOUT_MS, {
      _: 'client.connectToProxy',
      params: {
        _: 'client.params',
        clientOwnerAddress: tlAddress(identity.wallet, identity.isTestnet),
        isTest: identity.isTest,
        minProtoVersion: MIN_PROTO,
        maxProtoVersion: MAX_PROTO,
      },
      minConfigVersion: root.version,
    });
    const terms = await agreeTerms(connected, identity);
    this.#terms = terms;
    this.#logger = this.#logger.child({ proxy: terms.proxy.toString() });
    const channel = deps.channelFor(terms);
    this.#channel = channel;
    channel.payment(connected.signedPayment);
    await channel.refresh();

    const success = await this.#authorize(connected.auth, channel);
    channel.payment(success.signedPayment, { db: success.tokensCommittedToDb, max: success.maxTokens });
    if (this.#isClosed()) throw new ProxyRefusedError('authorization', 'the connection ended during the handshake');
    const { pricePerToken } = terms.params;
    const send = (message: TlObject) => void link.send(message);
    this.#requests = new RequestTable({ send }, { protoVersion: terms.protoVersion, pricePerToken }, (tokens) =>
      channel.received(tokens),
    );
    this.#state = 'ready';
    this.#scheduleStatus();
    this.#logger.info(
      { client: terms.client.toString(), protoVersion: terms.protoVersion },
      'ready to send requests through this proxy',
    );
  }

  async #authorize(
    auth: TlType<'client.proxyConnectionAuthShort' | 'client.proxyConnectionAuthLong'>,
    channel: Channel,
  ): Promise<TlType<'client.authorizationWithProxySuccess'>> {
    const { secret } = this.#deps;
    const short = auth._ === 'client.proxyConnectionAuthShort' && channel.canUseSecret(auth.secretHash);
    const names = ['client.authorizationWithProxySuccess', 'client.authorizationWithProxyFailed'] as const;
    let answer: TlType<(typeof names)[number]>;
    if (short) {
      answer = await this.#ask(names, AUTHORIZATION_TIMEOUT_MS, { _: 'client.authorizeWithProxyShort', data: secret });
    } else {
      // The proxy answers once the chain has told it the nonce; a transaction that fails would leave it waiting.
      const registered = channel.register(auth.nonce);
      const answered = this.#ask(names, AUTHORIZATION_TIMEOUT_MS, { _: 'client.authorizeWithProxyLong' });
      [answer] = await Promise.all([answered, registered]);
    }
    if (answer._ === 'client.authorizationWithProxySuccess') return answer;
    throw new ProxyRefusedError(
      'authorization',
      `the proxy refused this client: ${answer.error} (code ${answer.errorCode})`,
    );
  }

  /** Starts a request; call only while `ready`. */
  run(request: UpstreamRequest, sink: AnswerSink): RunningRequest {
    return (this.#requests as RequestTable).start(request, sink, this.#deps.root().version);
  }

  /** Calls back once no request runs here, at once when none does. */
  whenIdle(done: () => void): void {
    if (this.#requests === undefined) done();
    else this.#requests.whenIdle(done);
  }

  /** The root's lists have changed: a proxy whose image is no longer allowed sees nothing more. */
  rootChanged(): void {
    try {
      this.#checkImage(this.#deps.root());
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** @throws ProxyRefusedError */
  #checkImage(root: RootConfig): void {
    const problem = imageProblem(root, 'proxy', this.#link.peer);
    if (problem !== undefined) throw new ProxyRefusedError('image_not_allowed', problem);
  }

  /** A one-way message of the proxy. Whatever cannot be right ends the connection. */
  onMessage(message: TlObject): void {
    if (this.#requests?.handle(message)) return;
    if (message._ === 'proxy.clientRequestPayment' && this.#channel !== undefined) {
      this.#payment(message.signedPayment, { db: message.dbTokens, max: message.maxTokens });
      return;
    }
    const bare = message._ === 'proxy.signedPayment' || message._ === 'proxy.signedPaymentEmpty';
    if (bare && this.#channel !== undefined) {
      this.#payment(message);
      return;
    }
    this.fail(
      new Error(`unexpected message ${message._}${this.#state === 'handshake' ? ' during the handshake' : ''}`),
    );
  }

  #payment(signed: TlType<'proxy.signedPayment' | 'proxy.signedPaymentEmpty'>, used?: UsedTokens): void {
    try {
      this.#channel?.payment(signed, used);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** @throws GatewayError */
  async models(): Promise<ModelInfo[]> {
    try {
      return this.#terms?.protoVersion === 0 ? await this.#modelsV1() : await this.#modelsV2();
    } catch (error) {
      throw new GatewayError('The proxy did not say which models it serves. Retry shortly.', {
        status: 502,
        type: 'server_error',
        code: 'upstream_error',
        cause: error,
      });
    }
  }

  async #modelsV2(): Promise<ModelInfo[]> {
    const query = { _: 'client.getWorkerTypesV2' } as const;
    const { types } = await this.#ask('client.workerTypesV2', MODELS_TIMEOUT_MS, query);
    return types.map(({ name, workers }) => ({
      name,
      workers: workers.map(({ coefficient, activeRequests, maxActiveRequests }) => ({
        coefficient,
        activeRequests,
        maxActiveRequests,
      })),
    }));
  }

  /** The older list knows how many workers there are and the lowest price, not who is busy. */
  async #modelsV1(): Promise<ModelInfo[]> {
    const query = { _: 'client.getWorkerTypes' } as const;
    const { types } = await this.#ask('client.workerTypes', MODELS_TIMEOUT_MS, query);
    return types.map(({ name, coefficientMin }) => ({
      name,
      workers: [{ coefficient: coefficientMin, activeRequests: 0, maxActiveRequests: 0 }],
    }));
  }

  /** The peer broke the rules, or is not wanted any more. */
  fail(error: Error): void {
    if (this.#isClosed()) return;
    this.#logger.warn({ err: error }, 'closing the connection to the proxy');
    this.#link.close(error);
    this.onClose(error);
  }

  /** The connection has ended, from whichever side. */
  onClose(reason: Error | undefined): void {
    if (this.#isClosed()) return;
    this.#state = 'closed';
    this.#cancelStatusTimer();
    this.#requests?.closeAll(reason);
  }

  #scheduleStatus(): void {
    // Spread out, so that many clients do not ask at the same moment.
    const delay = this.#deps.paymentStatusIntervalMs * (0.67 + Math.random() * 0.66);
    this.#cancelStatusTimer = this.#deps.clock.after(delay, () => void this.#updateStatus());
  }

  async #updateStatus(): Promise<void> {
    try {
      const status = await this.#ask('client.paymentStatus', PAYMENT_STATUS_TIMEOUT_MS, {
        _: 'client.updatePaymentStatus',
      });
      this.#channel?.payment(status.signedPayment, { db: status.dbTokens, max: status.maxTokens });
    } catch (error) {
      if (error instanceof ProxyRefusedError) this.fail(error);
      else if (!this.#isClosed()) this.#logger.warn({ err: error }, 'the proxy did not tell the payment status');
    }
    if (!this.#isClosed()) this.#scheduleStatus();
  }

  /** Asks and checks that the answer is one of the expected. */
  async #ask<const N extends TlObject['_']>(
    names: N | readonly N[],
    timeoutMs: number,
    fn: TlQuery,
  ): Promise<TlType<N>> {
    const answer = await this.#link.query(fn, { timeoutMs });
    const wanted: readonly string[] = typeof names === 'string' ? [names] : names;
    if (wanted.includes(answer._)) return answer as TlType<N>;
    throw new ProxyRefusedError('bad_answer', `the proxy answered ${fn._} with ${answer._}`);
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}

/** Hash under which a proxy and the client contract know a secret. */
export function secretHash(secret: Buffer): Buffer {
  return createHash('sha256').update(secret).digest();
}
