import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import {
  type CocoonParams,
  Op,
  privateKeyFromSeed,
  proxyStateInit,
  rawPublicKey,
  signVoucher,
  stateInitAddress,
  tlAddress,
  workerStateInit,
} from '@cocoon/sdk';
import { decodeAs, encode, type HttpResponse, type TlObject, type TlType } from '@cocoon/sdk/protocol/tl';
import { Address } from '@ton/core';
import pino from 'pino';
import { type Listener, listen, type PeerConnection, plain } from '../../transport';
import { ROOT, testParams } from './fake-chain';

/** One answer as a proxy receives it. */
export interface Answer {
  /** undefined when the answer was an error message. */
  response: HttpResponse | undefined;
  /** Head's payload and all parts. */
  body: Buffer;
  parts: Buffer[];
  final: TlType<'proxy.queryFinalInfo'> | undefined;
  error: { code: number; text: string } | undefined;
}

export interface RunOptions {
  body: unknown;
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  coefficient?: bigint;
  timeout?: number;
  enableDebug?: boolean;
}

export interface FakeProxyOptions {
  params?: CocoonParams;
  protoVersion?: number;
  /** Changes an answer of the handshake; returning undefined leaves it unanswered ("Lost promise"). */
  tamper?: (answer: TlObject) => TlObject | undefined;
}

const EMPTY = Buffer.alloc(0);

/** The proxy's side of the protocol, obedient unless told otherwise. Emits 'message', 'part' and 'closed'. */
export class FakeProxy extends EventEmitter {
  readonly key = privateKeyFromSeed(Buffer.alloc(32, 7));
  readonly owner = new Address(0, Buffer.alloc(32, 0x22));
  readonly options: FakeProxyOptions;
  listener: Listener | undefined;
  connection: PeerConnection | undefined;
  closeReasons: (Error | undefined)[] = [];
  introduction: TlType<'worker.params'> | undefined;
  compared: TlType<'worker.compareBalanceWithProxy'> | undefined;
  extendedCompared = 0;
  disabled: boolean | undefined;
  counters = { signed: 0n, db: 0n, max: 0n };
  errorCode = 0;
  readonly #answers = new Map<string, { answer: Answer; done: (answer: Answer) => void }>();

  constructor(options: FakeProxyOptions = {}) {
    super();
    this.options = options;
  }

  async start(): Promise<string> {
    this.listener = await listen({
      host: '127.0.0.1',
      port: 0,
      security: plain,
      logger: pino({ level: 'silent' }),
      onConnection: (connection) => ({
        onReady: () => {
          this.connection = connection;
        },
        onMessage: (message) => this.#onMessage(message),
        onQuery: async (query) => {
          const answer = this.#onQuery(query);
          return this.options.tamper === undefined ? answer : this.options.tamper(answer);
        },
        onClose: (reason) => {
          this.closeReasons.push(reason);
          this.emit('closed');
        },
      }),
    });
    return `127.0.0.1:${this.listener.port}`;
  }

  async close(): Promise<void> {
    await this.listener?.close();
  }

  get params(): CocoonParams {
    return this.options.params ?? testParams();
  }

  get address(): Address {
    const { proxyCode } = this.params;
    if (proxyCode === null) throw new Error('no proxy code');
    return stateInitAddress(
      proxyStateInit({
        owner: this.owner,
        publicKey: rawPublicKey(this.key),
        root: ROOT,
        params: this.params,
        proxyCode,
      }),
    );
  }

  workerAddress(owner: Address): Address {
    return stateInitAddress(
      workerStateInit({ owner, proxy: this.address, publicKey: rawPublicKey(this.key), params: this.params }),
    );
  }

  voucher(worker: Address, tokens: bigint, key = this.key): TlType<'proxy.signedPayment'> {
    const op = Op.extWorkerPayoutRequestSigned;
    const data = signVoucher({ op, queryId: tokens, tokens, contract: worker, excessesTo: this.address, key });
    return { _: 'proxy.signedPayment', data };
  }

  send(message: TlObject): void {
    if (this.connection === undefined) throw new Error('no worker is connected');
    this.connection.send(message);
  }

  /** Starts a request. `answer` resolves with the last message; `progress` is what has come so far. */
  run(options: RunOptions): { id: Buffer; answer: Promise<Answer>; progress: Answer } {
    const requestId = randomBytes(32);
    const { body, path = '/v1/chat/completions', method = 'POST', coefficient = 1000n, timeout = 30 } = options;
    const payload = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const headers = Object.entries({
      Host: 'localhost',
      'Content-Length': String(payload.length),
      ...options.headers,
    }).map(([name, value]) => ({ _: 'http.header' as const, name, value }));
    const query = encode({ _: 'http.request', method, url: path, httpVersion: 'HTTP/1.1', headers, payload });
    const progress: Answer = { response: undefined, body: EMPTY, parts: [], final: undefined, error: undefined };
    const answer = new Promise<Answer>((done) =>
      this.#answers.set(requestId.toString('hex'), { answer: progress, done }),
    );
    this.send({
      _: 'proxy.runQueryEx',
      query,
      signedPayment: { _: 'proxy.signedPaymentEmpty' },
      coefficient,
      timeout,
      requestId,
      enableDebug: options.enableDebug ?? false,
    });
    return { id: requestId, answer, progress };
  }

  #onQuery(query: TlObject): TlObject {
    switch (query._) {
      case 'worker.connectToProxy': {
        this.introduction = query.params;
        const owner = Address.parse(query.params.workerOwnerAddress);
        return {
          _: 'worker.connectedToProxy',
          params: {
            _: 'proxy.params',
            proxyPublicKey: rawPublicKey(this.key),
            proxyOwnerAddress: tlAddress(this.owner, false),
            proxyScAddress: tlAddress(this.address, false),
            isTest: true,
            protoVersion: this.options.protoVersion ?? 3,
          },
          workerScAddress: tlAddress(this.workerAddress(owner), false),
        };
      }
      case 'worker.compareBalanceWithProxy': {
        this.compared = query;
        const { db, max } = this.counters;
        const signedPayment = this.#currentVoucher();
        return {
          _: 'worker.compareBalanceWithProxyResult',
          signedPayment,
          tokensCommittedToDb: db,
          maxTokens: max,
          errorCode: this.errorCode,
        };
      }
      case 'worker.extendedCompareBalanceWithProxy':
        this.extendedCompared++;
        return { _: 'worker.extendedCompareBalanceWithProxyResult', errorCode: 0 };
      case 'worker.proxyHandshakeComplete':
        this.disabled = query.isDisabled;
        return { _: 'worker.proxyHandshakeCompleted' };
      case 'worker.updatePaymentStatus':
        return {
          _: 'worker.paymentStatus',
          signedPayment: this.#currentVoucher(),
          dbTokens: this.counters.db,
          maxTokens: this.counters.max,
        };
      default:
        throw new Error(`unexpected ${query._}`);
    }
  }

  #currentVoucher(): TlType<'proxy.signedPayment'> {
    const owner = Address.parse(this.introduction?.workerOwnerAddress ?? '');
    return this.voucher(this.workerAddress(owner), this.counters.signed);
  }

  #onMessage(message: TlObject): void {
    this.emit('message', message);
    switch (message._) {
      case 'worker.enabledDisabled':
        this.disabled = message.disabled === 1;
        return;
      case 'proxy.queryAnswerEx': {
        const entry = this.#entry(message.requestId);
        if (entry.answer.response !== undefined) throw new Error('a second head');
        entry.answer.response = decodeAs('http.response', message.answer);
        this.#add(message.requestId, entry.answer.response.payload, message.finalInfo);
        return;
      }
      case 'proxy.queryAnswerPartEx':
        if (this.#entry(message.requestId).answer.response === undefined) throw new Error('a part before the head');
        this.#add(message.requestId, message.answer, message.finalInfo);
        return;
      case 'proxy.queryAnswerErrorEx':
        this.#entry(message.requestId).answer.error = { code: message.errorCode, text: message.error };
        this.#add(message.requestId, EMPTY, message.finalInfo);
        return;
      default:
    }
  }

  #add(requestId: Buffer, bytes: Buffer, final: Answer['final']): void {
    const entry = this.#entry(requestId);
    const { answer } = entry;
    if (bytes.length > 0) answer.parts.push(bytes);
    answer.body = Buffer.concat([answer.body, bytes]);
    this.emit('part', answer);
    if (final === undefined) return;
    answer.final = final;
    this.#answers.delete(requestId.toString('hex'));
    entry.done(answer);
  }

  #entry(requestId: Buffer): { answer: Answer; done: (answer: Answer) => void } {
    const entry = this.#answers.get(requestId.toString('hex'));
    if (entry === undefined) throw new Error('an answer to no request, or after its end');
    return entry;
  }
}
