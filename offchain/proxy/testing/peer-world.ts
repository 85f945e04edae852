/** The proxy's two listeners over real loopback sockets, and peers that talk to them. */
import { createHash } from 'node:crypto';
import type { TlObject, TlType } from '@cocoon/sdk/protocol/tl/codec';
import { dial, type PeerConnection, plain, type TransportSecurity } from '../../transport';
import { Nonces } from '../nonces';
import { Peers, type PeersOptions } from '../peers';
import { address, quiet, World } from './world';

export const SECRET = Buffer.from('correct horse');
export const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest();

export interface Peer {
  connection: PeerConnection;
  inbox: TlObject[];
  closed: Promise<Error | undefined>;
  next<T extends TlObject['_']>(name: T): Promise<Extract<TlObject, { _: T }>>;
  ask<Q extends Parameters<PeerConnection['query']>[0]>(query: Q): ReturnType<typeof PeerConnection.prototype.query<Q>>;
}

export const hello = (
  more: Partial<TlType<'client.params'>> = {},
  minConfigVersion = 1,
): TlType<'client.connectToProxy'> => ({
  _: 'client.connectToProxy',
  params: {
    _: 'client.params',
    clientOwnerAddress: address(10).toString(),
    isTest: true,
    minProtoVersion: 1,
    maxProtoVersion: 3,
    ...more,
  },
  minConfigVersion,
});

export const workerHello = (more: Partial<TlType<'worker.params'>> = {}): TlType<'worker.connectToProxy'> => ({
  _: 'worker.connectToProxy',
  params: {
    _: 'worker.params',
    workerOwnerAddress: address(20).toString(),
    model: 'demo@1:abc',
    coefficient: 1000,
    isTest: true,
    proxyCnt: 2,
    maxActiveRequests: 5,
    minProtoVersion: 1,
    maxProtoVersion: 3,
    ...more,
  },
});

export const compare = (chain = 0n, db = 0n, max = 0n) =>
  ({
    _: 'worker.compareBalanceWithProxy',
    tokensCommittedToBlockchain: chain,
    tokensCommittedToDb: db,
    maxTokens: max,
  }) as const;

export interface WorldOptions extends Partial<PeersOptions> {
  /** What protects both ports; default plain. */
  listening?: TransportSecurity;
}

export class PeerWorld {
  readonly world = new World();
  readonly nonces = new Nonces();
  /** What the root says of a model, and of every worker's image. */
  modelProblem: (model: string) => string | undefined = () => undefined;
  imageProblem: string | undefined;
  /** Version of the root that this proxy would find if it looked. */
  rootOnChain = 5;
  /** How long looking takes. */
  rootReading: Promise<void> = Promise.resolve();
  ports = { clientPort: 0, workerPort: 0 };
  readonly peers: Peers;
  /** Of those who connect from now on. */
  security: TransportSecurity = plain;
  private readonly dialed: PeerConnection[] = [];
  private lastId = 0;

  static async open(options: WorldOptions = {}): Promise<PeerWorld> {
    const made = new PeerWorld(options);
    made.ports = await made.peers.open();
    return made;
  }

  private constructor({ listening = plain, ...options }: WorldOptions) {
    const { world, nonces } = this;
    const { logger = quiet } = options;
    const { books, vouchers, relay, scheduler } = world;
    this.peers = new Peers({
      doorways: (['workers', 'clients'] as const).map((role) => ({
        role,
        host: '127.0.0.1',
        port: 0,
        security: listening,
        hostKey: 'host',
        portKey: 'port',
      })),
      maxConnections: 64,
      logger,
      ...options,
      context: {
        books,
        vouchers,
        relay,
        scheduler,
        nonces,
        logger,
        isTest: true,
        isTestnet: false,
        presumedClient: undefined,
        handshakeTimeoutMs: 2000,
        authTimeoutMs: 2000,
        rootVersion: () => this.world.rootVersion,
        rootAtLeast: async (version) => {
          await this.rootReading;
          if (version > this.world.rootVersion) this.world.rootVersion = this.rootOnChain;
        },
        imageProblem: () => this.imageProblem,
        modelProblem: (model) => this.modelProblem(model),
        nextId: () => ++this.lastId,
      },
    });
  }

  /** Peers that are connected. */
  get sessions(): number {
    return this.peers.clients.size + this.peers.workers.size;
  }

  /** A connection that has done no handshake yet. */
  async connect(port: number): Promise<Peer> {
    const inbox: TlObject[] = [];
    const waiting: (() => void)[] = [];
    let onClosed: (reason: Error | undefined) => void = () => undefined;
    const closed = new Promise<Error | undefined>((resolve) => {
      onClosed = resolve;
    });
    const onConnection = () => ({
      onMessage: (message: TlObject) => {
        inbox.push(message);
        for (const wake of waiting.splice(0)) wake();
      },
      onQuery: async () => undefined,
      onClose: onClosed,
    });
    const connection = await dial({
      host: '127.0.0.1',
      port,
      security: this.security,
      logger: quiet,
      onConnection,
    });
    this.dialed.push(connection);
    return {
      connection,
      inbox,
      closed,
      ask: (query) => connection.query(query, { timeoutMs: 3000 }),
      async next(name) {
        for (;;) {
          const found = inbox.findIndex((message) => message._ === name);
          if (found >= 0) return inbox.splice(found, 1)[0] as never;
          await new Promise<void>((resolve) => waiting.push(resolve));
        }
      },
    };
  }

  async readyWorker(more = {}) {
    const worker = await this.connect(this.ports.workerPort);
    await worker.ask(workerHello(more));
    await worker.ask(compare());
    await worker.ask({ _: 'worker.proxyHandshakeComplete', isDisabled: false });
    return worker;
  }

  async readyClient(max = 3) {
    const account = this.world.account();
    account.chain.secretHash = sha256(SECRET);
    const client = await this.connect(this.ports.clientPort);
    await client.ask(hello({ maxProtoVersion: max }));
    await client.ask({ _: 'client.authorizeWithProxyShort', data: SECRET });
    return { ...client, account };
  }

  async close(): Promise<void> {
    for (const connection of this.dialed.splice(0)) connection.close();
    await this.peers.close();
    await this.world.close();
  }
}
