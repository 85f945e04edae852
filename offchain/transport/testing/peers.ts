import { type Duplex, duplexPair } from 'node:stream';
import { decodeAs, encode, type TlObject } from '@cocoon/sdk/protocol/tl';
import pino from 'pino';
import type { Clock } from '../clock';
import { type ConnectionLimits, PeerConnection, type PeerHandlers, type Role } from '../connection';
import { FrameParser, writeFrameHeader } from '../framing';
import { frameOf, TCP_PACKETS } from '../packets';
import { deferred } from './deferred';
import { ManualClock } from './manual-clock';

/** Test support: connections over in-memory streams, and a hand-driven peer. */

export const silentLogger = pino({ level: 'silent' });

/** Messages that can be told apart. */
export const coefficient = (newCoefficient: number): TlObject => ({ _: 'worker.newCoefficient', newCoefficient });

/** A query, and an answer to it. */
export const ask = { _: 'client.updatePaymentStatus' } as const;
export const status: TlObject = {
  _: 'client.paymentStatus',
  signedPayment: { _: 'proxy.signedPaymentEmpty' },
  dbTokens: 1n,
  maxTokens: 2n,
};
export const inASecond = { timeoutMs: 1_000 };

/** Handlers that record what happens, with promises for what a test waits for. */
export class Recorder implements PeerHandlers {
  readonly messages: TlObject[] = [];
  readonly closes: (Error | undefined)[] = [];
  readonly ready = deferred<void>();
  readonly closed = deferred<Error | undefined>();
  answer: (query: TlObject) => Promise<TlObject | undefined> = async () => undefined;
  receive: (message: TlObject) => void | Promise<void> = () => undefined;
  #waiting: { count: number; resolve(): void }[] = [];

  onMessage(message: TlObject): void | Promise<void> {
    this.messages.push(message);
    for (const { count, resolve } of this.#waiting) if (this.messages.length >= count) resolve();
    return this.receive(message);
  }

  onQuery(query: TlObject): Promise<TlObject | undefined> {
    return this.answer(query);
  }

  onReady(): void {
    this.ready.resolve();
  }

  onClose(reason: Error | undefined): void {
    this.closes.push(reason);
    this.closed.resolve(reason);
  }

  /** Resolves when that many messages have come. */
  received(count: number): Promise<void> {
    if (this.messages.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }
}

export interface Side {
  connection: PeerConnection;
  seen: Recorder;
}

export function connectSide(stream: Duplex, role: Role, clock: Clock, limits: Partial<ConnectionLimits> = {}): Side {
  const seen = new Recorder();
  const connection = new PeerConnection({
    stream,
    role,
    clock,
    limits,
    peer: { address: '127.0.0.1', port: 1 },
    logger: silentLogger,
    onConnection: () => seen,
  });
  return { connection, seen };
}

/** Two connections joined in memory, both ready. */
export async function connectedPair(
  limits: Partial<ConnectionLimits> = {},
): Promise<{ dialer: Side; acceptor: Side; clock: ManualClock; streams: [Duplex, Duplex] }> {
  const clock = new ManualClock();
  const streams = duplexPair();
  const acceptor = connectSide(streams[1], 'acceptor', clock, limits);
  const dialer = connectSide(streams[0], 'dialer', clock, limits);
  await Promise.all([dialer.seen.ready.promise, acceptor.seen.ready.promise]);
  return { dialer, acceptor, clock, streams };
}

/** A peer that sends exactly what it is told, well-formed or not, and collects the packets it gets. */
export class RawPeer {
  readonly stream: Duplex;
  readonly packets: TlObject[] = [];
  #seqno = 0;
  #waiting: { count: number; resolve(): void }[] = [];

  constructor(stream: Duplex) {
    this.stream = stream;
    const parser = new FrameParser();
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) =>
      parser.push(chunk, (payload) => {
        this.packets.push(decodeAs(TCP_PACKETS, payload));
        for (const { count, resolve } of this.#waiting) if (this.packets.length >= count) resolve();
        return true;
      }),
    );
  }

  send(packet: TlObject): void {
    this.stream.write(frameOf(this.#seqno++, packet));
  }

  /** A frame around any payload, or with any number. */
  sendPayload(payload: Buffer, seqno = this.#seqno++): void {
    const frame = Buffer.concat([Buffer.alloc(8), payload]);
    writeFrameHeader(frame, seqno);
    this.stream.write(frame);
  }

  sendMessage(message: TlObject): void {
    this.send({ _: 'tcp.packet', data: encode(message) });
  }

  /** Resolves with the packets when that many have come. */
  async received(count: number): Promise<TlObject[]> {
    if (this.packets.length < count) await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    return this.packets;
  }
}

/** A ready connection whose peer is driven by hand. */
export async function withRawPeer(
  role: Role,
  limits: Partial<ConnectionLimits> = {},
): Promise<Side & { peer: RawPeer; clock: ManualClock }> {
  const clock = new ManualClock();
  const [ours, theirs] = duplexPair();
  const peer = new RawPeer(theirs);
  const side = connectSide(ours, role, clock, limits);
  if (role === 'acceptor') peer.send({ _: 'tcp.connect', id: 1n });
  else peer.send({ _: 'tcp.connected', id: 1n });
  await side.seen.ready.promise;
  await peer.received(1);
  return { ...side, peer, clock };
}
