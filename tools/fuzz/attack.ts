import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { encodeResponse, provePow } from '../../offchain/transport/pow';
import { certificate } from '../../offchain/transport/testing/certificates';
import type { Corpus } from './corpus';
import { mutate, pieces, type Random } from './mutate';

export interface AttackOptions {
  barePort: number;
  securedPort: number;
  corpus: Corpus;
  random: Random;
}

export const KINDS = ['frames', 'work', 'handshake', 'frames in TLS'] as const;

/** What one attack threw: its kind, and how many frames. */
export interface Thrown {
  kind: (typeof KINDS)[number];
  frames: number;
}

const HOST = '127.0.0.1';
/** A peer that keeps a broken connection open for longer has forgotten it. */
const CLOSE_WITHIN_MS = 10_000;
const { keyPem: key, certPem: cert } = certificate();

async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: HOST, port, noDelay: true });
  await once(socket, 'connect');
  // The target may cut us off at any time; that is what it should do.
  socket.on('error', () => undefined);
  return socket;
}

/** Ends our side and waits until the target has ended its own. @throws when it does not */
async function end(stream: Duplex, what: string): Promise<void> {
  if (stream.destroyed) return;
  const closed = new Promise<boolean>((resolve) => stream.once('close', () => resolve(true)));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), CLOSE_WITHIN_MS);
  });
  stream.resume();
  stream.end();
  const inTime = await Promise.race([closed, late]);
  clearTimeout(timer);
  stream.destroy();
  if (!inTime) throw new Error(`the target still holds a connection ${CLOSE_WITHIN_MS} ms after its end (${what})`);
}

async function throwFrames(stream: Duplex, { corpus, random }: AttackOptions, prologue: Buffer): Promise<number> {
  const { frames, bytes } = corpus.stream(random);
  for (const piece of pieces(Buffer.concat([prologue, bytes]), random)) stream.write(piece);
  await end(stream, 'frames');
  return frames;
}

/** Frames to a listener without TLS. */
async function frames(options: AttackOptions): Promise<Thrown> {
  const socket = await openSocket(options.barePort);
  return { kind: 'frames', frames: await throwFrames(socket, options, options.corpus.prologue(options.random)) };
}

/** An answer to the challenge that is wrong, or too long, or no answer. */
async function work({ securedPort, random }: AttackOptions): Promise<Thrown> {
  const socket = await openSocket(securedPort);
  for (const piece of pieces(mutate(encodeResponse(BigInt(random.below(40))), random), random)) socket.write(piece);
  await end(socket, 'work');
  return { kind: 'work', frames: 0 };
}

/** Right work, then a client hello (or what follows it) with something wrong in it. */
async function handshake({ securedPort, random }: AttackOptions): Promise<Thrown> {
  const socket = await openSocket(securedPort);
  try {
    await provePow(socket, { maxDifficulty: 8 });
  } catch (error) {
    // Displaced by our other attacks.
    if (!socket.destroyed) throw error;
    return { kind: 'handshake', frames: 0 };
  }
  const [inner, outer] = duplexPair();
  const stream = tlsConnect({ socket: inner, key, cert, rejectUnauthorized: false });
  stream.on('error', () => undefined);
  outer.on('error', () => undefined);
  const spoilAt = random.below(3);
  let flights = 0;
  outer.on('data', (flight: Buffer) => {
    if (socket.writable) socket.write(flights++ === spoilAt ? mutate(flight, random) : flight);
  });
  socket.on('data', (bytes: Buffer) => {
    if (outer.writable) outer.write(random.below(10) === 0 ? mutate(bytes, random) : bytes);
  });
  await Promise.race([
    new Promise((resolve) => stream.once('secureConnect', resolve)),
    new Promise((resolve) => stream.once('close', resolve)),
    new Promise((resolve) => socket.once('close', resolve)),
    new Promise((resolve) => setTimeout(resolve, 50).unref()),
  ]);
  if (!stream.destroyed) stream.write(random.bytes(40));
  await end(socket, 'handshake');
  stream.destroy();
  return { kind: 'handshake', frames: 0 };
}

/** Everything right up to the frames. */
async function framesInTls(options: AttackOptions): Promise<Thrown> {
  const socket = await openSocket(options.securedPort);
  await provePow(socket, { maxDifficulty: 8 });
  const stream = tlsConnect({ socket, key, cert, rejectUnauthorized: false });
  stream.on('error', () => undefined);
  await once(stream, 'secureConnect');
  return { kind: 'frames in TLS', frames: await throwFrames(stream, options, Buffer.alloc(0)) };
}

/** One connection with something wrong in it. The same random numbers make the same attack. */
export function attack(options: AttackOptions): Promise<Thrown> {
  const dice = options.random.below(32);
  // Cheap ones often, so that many can be made.
  if (dice < 25) return frames(options);
  if (dice < 28) return work(options);
  if (dice < 30) return handshake(options);
  return framesInTls(options);
}
