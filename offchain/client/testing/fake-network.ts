import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  type ClientData,
  type CocoonParams,
  clientStateInit,
  initialClientData,
  initialProxyData,
  initialRootData,
  MAINNET_TERMS,
  Op,
  type OutgoingMessage,
  packClientData,
  packProxyData,
  packRootData,
  parseClientData,
  parseSignedEnvelope,
  proxyStateInit,
  rawPublicKey,
  stateInitAddress,
} from '@cocoon/sdk';
import { Address, beginCell, type Cell, toNano } from '@ton/core';
import { MemoryChain } from '../../node/testing/memory-chain';
import { ActionFailedError, type ChannelWallet } from '../actions';

const codeCell = (name: string): Cell => beginCell().storeStringTail(name).endCell();

export const params: CocoonParams = {
  structVersion: 3,
  paramsVersion: 1,
  ...MAINNET_TERMS,
  isTest: true,
  proxyCode: codeCell('proxy'),
  workerCode: codeCell('worker'),
  clientCode: codeCell('client'),
};

const address = (byte: number) => new Address(0, Buffer.alloc(32, byte));
export const ROOT = address(1);
export const WALLET = address(2);
const PROXY_OWNER = address(3);

/** A chain with the root and one open proxy contract on it. */
export class FakeChain extends MemoryChain {
  readonly #owner: Address;
  readonly proxyKey: KeyObject;
  readonly proxyPublicKey: Buffer;
  readonly proxyOwner = PROXY_OWNER;
  readonly proxy: Address;
  readonly client: Address;
  rootVersion = 1;

  /** @param owner wallet of the client whose channel is on this chain */
  constructor(owner = WALLET) {
    super();
    this.#owner = owner;
    const { privateKey } = generateKeyPairSync('ed25519');
    this.proxyKey = privateKey;
    this.proxyPublicKey = rawPublicKey(privateKey);
    const publicKey = this.proxyPublicKey;
    const init = proxyStateInit({
      owner: PROXY_OWNER,
      publicKey,
      root: ROOT,
      params,
      proxyCode: params.proxyCode as Cell,
    });
    this.proxy = stateInitAddress(init);
    this.client = stateInitAddress(clientStateInit({ owner, proxy: this.proxy, publicKey, params }));
    const data = initialProxyData({ owner: PROXY_OWNER, publicKey, root: ROOT, params });
    this.set(this.proxy, { code: params.proxyCode as Cell, data: packProxyData(data) });
  }

  /** Publishes the root contract with one registered proxy at this address. @param images of proxies that it allows, hex */
  publishRoot(endpoint: string, changed: Partial<CocoonParams> = {}, images: readonly string[] = []): void {
    const data = initialRootData({ owner: address(9), params: { ...params, ...changed }, version: this.rootVersion });
    data.registeredProxies.set(1, endpoint);
    data.lastProxySeqno = 1;
    data.proxyHashes = new Set(images);
    this.set(ROOT, { code: codeCell('root'), data: packRootData(data) });
  }

  setClient(data: Partial<ClientData>): void {
    const current = this.clientData() ?? this.emptyClient();
    this.set(this.client, { code: params.clientCode as Cell, data: packClientData({ ...current, ...data }) });
  }

  emptyClient(): ClientData {
    return initialClientData({ owner: this.#owner, proxy: this.proxy, publicKey: this.proxyPublicKey, params });
  }

  clientData(): ClientData | undefined {
    const data = this.dataOf(this.client);
    return data === undefined ? undefined : parseClientData(data);
  }
}

/** A wallet whose messages take effect at once, as the client contract would carry them out. */
export class FakeWallet implements ChannelWallet {
  readonly address = WALLET;
  readonly #chain: FakeChain;
  /** Operations in the order they were sent, one array for each wallet transaction. */
  readonly sent: string[][] = [];
  readonly messages: OutgoingMessage[] = [];
  coins = toNano('100');
  /** Thrown instead of carrying anything out. */
  failure: ActionFailedError | undefined;
  /** Called with the nonce of a registration, as the proxy sees it on chain. */
  onRegister: (nonce: bigint) => void = () => undefined;
  /** Resolved before a message takes effect. */
  delay: Promise<void> = Promise.resolve();

  constructor(chain: FakeChain) {
    this.#chain = chain;
  }

  async balance(): Promise<bigint> {
    return this.coins;
  }

  async perform(messages: readonly OutgoingMessage[]): Promise<string[]> {
    this.sent.push(messages.map(({ body }) => operation(body)));
    this.messages.push(...messages);
    await this.delay;
    if (this.failure !== undefined) throw this.failure;
    return messages.map((message, i) => {
      this.#apply(message);
      return `${this.sent.length}${i}`;
    });
  }

  #apply(message: OutgoingMessage): void {
    const chain = this.#chain;
    if (!message.to.equals(chain.client)) throw new ActionFailedError(`a message to ${message.to}`);
    const before = chain.clientData() ?? (message.init === undefined ? undefined : chain.emptyClient());
    if (before === undefined) throw new ActionFailedError('no contract there');
    chain.setClient({ ...before, ...change(message.body, before) });
    const op = operation(message.body);
    if (op === 'ownerClientRegister') this.onRegister(message.body.beginParse().skip(96).loadUintBig(64));
  }
}

/** What an operation changes in the client contract. */
function change(body: Cell, before: ClientData): Partial<ClientData> {
  const slice = body.beginParse().skip(96);
  switch (operation(body)) {
    case 'extClientTopUp':
      return { balance: before.balance + slice.loadCoins() };
    case 'ownerClientChangeSecretHashAndTopUp': {
      const amount = slice.loadCoins();
      return { balance: before.balance + amount, secretHash: slice.loadBuffer(32) };
    }
    case 'ownerClientChangeSecretHash':
      return { secretHash: slice.loadBuffer(32) };
    case 'ownerClientWithdraw':
      return { balance: before.stake };
    case 'ownerClientRequestRefund':
      return before.state === 0 ? { state: 1, unlockTs: 1000 } : { state: 2, balance: 0n };
    case 'extClientChargeSigned': {
      const tokens = parseSignedEnvelope(body).payload.tokens as bigint;
      return { balance: before.balance - (tokens - before.tokensUsed) * params.pricePerToken, tokensUsed: tokens };
    }
    default:
      return {};
  }
}

export function operation(body: Cell): string {
  const op = body.beginParse().loadUint(32);
  return Object.entries(Op).find(([, value]) => value === op)?.[0] ?? op.toString(16);
}
