import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { TlReader } from '@cocoon/sdk';
import { Address } from '@ton/core';
import { type Ciphers, HANDSHAKE_LENGTH, serverHandshake } from '../cipher';
import type { LiteServer } from '../connection';
import { FrameReader, frame } from '../frames';
import { newIdentity } from '../keys';
import { blockId, boxed, byteString, int32, int64, tlId } from '../tl';
import { bocOf } from './cells';
import { type FakeNetwork, stackBoc } from './network';

/** Answers to a question, or undefined to stay silent. Throwing a Refusal answers with it. */
export type Answer = (question: Buffer) => Buffer | undefined;

export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A lite server on loopback: the real handshake, encryption and framing around whatever answers. */
export class FakeLiteServer {
  readonly #server: Server;
  readonly #identity = newIdentity();
  readonly #sockets = new Set<Socket>();
  answer: Answer;
  /** Everything that was asked, without the envelope. */
  readonly questions: Buffer[] = [];
  connections = 0;
  /** What follows the handshake; empty in the protocol. */
  greeting = Buffer.alloc(0);

  constructor(answer: Answer) {
    this.answer = answer;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get address(): LiteServer {
    return {
      host: '127.0.0.1',
      port: (this.#server.address() as AddressInfo).port,
      key: this.#identity.publicKey,
    };
  }

  /** Breaks every connection; new ones are taken. */
  breakConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.breakConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const frames = new FrameReader();
    let start = Buffer.alloc(0);
    let ciphers: Ciphers | undefined;
    socket.on('data', (bytes) => {
      let rest: Buffer = bytes;
      if (ciphers === undefined) {
        start = Buffer.concat([start, bytes]);
        if (start.length < HANDSHAKE_LENGTH) return;
        ciphers = serverHandshake(start, this.#identity);
        if (ciphers === undefined) {
          socket.destroy();
          return;
        }
        socket.write(ciphers.send.update(frame(this.greeting)));
        rest = start.subarray(HANDSHAKE_LENGTH);
      }
      for (const payload of frames.push(ciphers.receive.update(rest))) this.#query(socket, ciphers, payload);
    });
  }

  #query(socket: Socket, ciphers: Ciphers, payload: Buffer): void {
    const outer = new TlReader(payload);
    if (outer.uint32() !== tlId('adnl.message.query')) throw new Error('not a query');
    const id = outer.int256();
    const inner = new TlReader(outer.bytes());
    if (inner.uint32() !== tlId('liteServer.query')) throw new Error('not a lite server query');
    const question = inner.bytes();
    this.questions.push(question);
    let answer: Buffer | undefined;
    try {
      answer = this.answer(question);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer = boxed('liteServer.error', int32(error.code), byteString(Buffer.from(error.message)));
    }
    if (answer === undefined) return;
    // Servers may say other things in between: a pong, say.
    socket.write(ciphers.send.update(frame(Buffer.alloc(12, 1))));
    socket.write(ciphers.send.update(frame(boxed('adnl.message.answer', id, byteString(answer)))));
  }
}

function readAddress(reader: TlReader): Address {
  const workchain = reader.int();
  return new Address(workchain, reader.int256());
}

function skipBlock(reader: TlReader): Buffer {
  const start = reader.take(4 + 8 + 4 + 32 + 32);
  return reader.data.subarray(start, reader.pos);
}

/** Answers as an honest server of that network does. */
export function honest(network: FakeNetwork): Answer {
  return (question) => {
    const reader = new TlReader(question);
    switch (reader.uint32()) {
      case tlId('liteServer.getMasterchainInfoExt'): {
        const zero = Buffer.concat([int32(-1), Buffer.alloc(32), network.zeroState]);
        const head = [int32(0), int32(0x101), int64(7n), blockId(network.show().last)];
        return boxed(
          'liteServer.masterchainInfoExt',
          ...head,
          int32(network.time),
          int32(network.time),
          Buffer.alloc(32),
          zero,
        );
      }
      case tlId('liteServer.getAccountState'): {
        const block = skipBlock(reader);
        const { shard, shardProof, proof, state } = network.show(readAddress(reader));
        return boxed('liteServer.accountState', block, blockId(shard), ...[shardProof, proof, state].map(byteString));
      }
      case tlId('liteServer.getTransactions'): {
        const count = reader.uint32();
        const from = { address: readAddress(reader), lt: reader.long(), hash: reader.int256() };
        const cells = network.transactions(from.address, from, Math.min(count, 16));
        if (cells === undefined)
          throw new Refusal(-400, 'cannot locate transaction in block with specified logical time');
        const block = blockId(network.show().last);
        const ids = cells.map(() => block);
        return boxed('liteServer.transactionList', int32(cells.length), ...ids, byteString(bocOf(cells)));
      }
      case tlId('liteServer.runSmcMethod'): {
        const mode = reader.uint32();
        const block = skipBlock(reader);
        readAddress(reader);
        const { exitCode, stack } = network.methods.get(Number(reader.long())) ?? { exitCode: 11 };
        const result = stack === undefined ? [] : [byteString(stackBoc(stack))];
        const answered = stack === undefined ? 0 : mode;
        return boxed('liteServer.runMethodResult', int32(answered), block, block, int32(exitCode), ...result);
      }
      case tlId('liteServer.sendMessage'):
        network.send(reader.bytes());
        return boxed('liteServer.sendMsgStatus', int32(1));
      default:
        throw new Refusal(-1, 'unknown query');
    }
  };
}
