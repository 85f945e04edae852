import { EventEmitter, once } from 'node:events';
import { Op, signVoucher, tlAddress } from '@cocoon/sdk';
import { encode, type TlObject, type TlType } from '@cocoon/sdk/protocol/tl';
import { type Listener, listen, type PeerConnection, plain } from '../../transport';
import type { FakeChain } from './fake-network';
import { silentLogger } from './start-gateway';

export type RunQuery = TlType<'client.runQueryEx'>;

const ZERO_TOKENS = {
  _: 'tokensUsed' as const,
  promptTokensUsed: 0n,
  cachedTokensUsed: 0n,
  completionTokensUsed: 0n,
  reasoningTokensUsed: 0n,
  totalTokensUsed: 0n,
};

export function usage(total: bigint): TlType<'tokensUsed'> {
  return { ...ZERO_TOKENS, completionTokensUsed: total, totalTokensUsed: total };
}

export function finalInfo(total: bigint): TlType<'client.queryFinalInfo'> {
  return { _: 'client.queryFinalInfo', tokensUsed: usage(total) };
}

export function httpResponse(payload: string, contentType: string, statusCode = 200): Buffer {
  const headers = [{ _: 'http.header' as const, name: 'Content-Type', value: contentType }];
  return encode({
    _: 'http.response',
    httpVersion: 'HTTP/1.1',
    statusCode,
    reason: 'OK',
    headers,
    payload: Buffer.from(payload),
  });
}

/** A proxy on a loopback socket that follows the protocol, except where a test replaces an answer. */
export class FakeProxy {
  readonly #chain: FakeChain;
  readonly #events = new EventEmitter();
  #listener: Listener | undefined;
  /** Constructor names of everything received, in order. */
  readonly received: string[] = [];
  readonly connections: PeerConnection[] = [];
  protoVersion = 3;
  /** Hash of the secret this proxy knows the client by; undefined: it has never seen the client. */
  knownSecretHash: Buffer | undefined;
  tokensMax = 0n;
  tokensSigned = 0n;
  readonly nonce = 0x1234_5678_9abcn;
  #setRegistered: () => void = () => undefined;
  readonly #registered = new Promise<void>((resolve) => {
    this.#setRegistered = resolve;
  });
  /** Replaces the answer to a query: return undefined for the ordinary one. */
  answer: (query: TlObject) => TlObject | Promise<TlObject> | undefined = () => undefined;
  onRun: (query: RunQuery, connection: PeerConnection) => void = () => undefined;

  constructor(chain: FakeChain) {
    this.#chain = chain;
    this.#events.setMaxListeners(100);
  }

  async start(port = 0): Promise<number> {
    this.#listener = await listen({
      host: '127.0.0.1',
      port,
      security: plain,
      logger: silentLogger,
      onConnection: (connection) => {
        this.connections.push(connection);
        return {
          onReady: () => void this.#events.emit('ready', connection),
          onMessage: (message) => this.#onMessage(message, connection),
          onQuery: (query) => this.#onQuery(query),
          onClose: (reason) => void this.#events.emit('close', reason),
        };
      },
    });
    return this.#listener.port;
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  get endpoint(): string {
    return `127.0.0.1:${this.#listener?.port}`;
  }

  /** Resolves with the next message of this constructor. */
  async next<const N extends TlObject['_']>(name: N): Promise<TlType<N>> {
    return (await once(this.#events, name))[0] as TlType<N>;
  }

  async nextClose(): Promise<Error | undefined> {
    return (await once(this.#events, 'close'))[0] as Error | undefined;
  }

  /** The chain has told this proxy of a registration. */
  registered(nonce: bigint): void {
    if (nonce === this.nonce) this.#setRegistered();
  }

  voucher(tokens = this.tokensSigned): TlType<'proxy.signedPayment'> {
    const { client, proxy, proxyKey } = this.#chain;
    const data = signVoucher({
      op: Op.extClientChargeSigned,
      queryId: 7n,
      tokens,
      contract: client,
      excessesTo: proxy,
      key: proxyKey,
    });
    return { _: 'proxy.signedPayment', data };
  }

  #onMessage(message: TlObject, connection: PeerConnection): void {
    this.received.push(message._);
    this.#events.emit(message._, message);
    if (message._ === 'client.runQueryEx') this.onRun(message, connection);
  }

  async #onQuery(query: TlObject): Promise<TlObject | undefined> {
    this.received.push(query._);
    this.#events.emit(query._, query);
    const replaced = this.answer(query);
    if (replaced !== undefined) return replaced;
    const status = { signedPayment: this.voucher(), maxTokens: this.tokensMax };
    switch (query._) {
      case 'client.connectToProxy':
        return this.connected();
      case 'client.authorizeWithProxyLong':
        await this.#registered;
        return { _: 'client.authorizationWithProxySuccess', ...status, tokensCommittedToDb: this.tokensMax };
      case 'client.authorizeWithProxyShort':
        return { _: 'client.authorizationWithProxySuccess', ...status, tokensCommittedToDb: this.tokensMax };
      case 'client.updatePaymentStatus':
        return { _: 'client.paymentStatus', ...status, dbTokens: this.tokensMax };
      case 'client.getWorkerTypesV2':
        return { _: 'client.workerTypesV2', types: [{ _: 'client.workerTypeV2', name: 'm', workers: [] }] };
      default:
        return undefined;
    }
  }

  connected(): TlType<'client.connectedToProxy'> {
    const { proxy, client, proxyOwner, proxyPublicKey } = this.#chain;
    const known = this.knownSecretHash;
    return {
      _: 'client.connectedToProxy',
      params: {
        _: 'proxy.params',
        proxyPublicKey,
        proxyOwnerAddress: tlAddress(proxyOwner, false),
        proxyScAddress: tlAddress(proxy, false),
        isTest: true,
        protoVersion: this.protoVersion,
      },
      clientScAddress: tlAddress(client, false),
      auth:
        known === undefined
          ? { _: 'client.proxyConnectionAuthLong', nonce: this.nonce }
          : { _: 'client.proxyConnectionAuthShort', secretHash: known, nonce: this.nonce },
      signedPayment: { _: 'proxy.signedPaymentEmpty' },
    };
  }
}
