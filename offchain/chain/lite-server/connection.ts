import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { TlReader } from '@cocoon/sdk';
import { type Clock, systemClock } from '../../transport/clock';
import { ChainError } from '../port';
import { type Ciphers, clientHandshake } from './cipher';
import { FrameReader, frame } from './frames';
import { newIdentity } from './keys';
import { boxed, byteString, tlId } from './tl';

/** How to reach one lite server. */
export interface LiteServer {
  host: string;
  port: number;
  /** Its Ed25519 key, 32 bytes: whoever does not have the secret of it cannot answer. */
  key: Buffer;
}

export interface ConnectionOptions {
  server: LiteServer;
  /** For opening, and again for each answer. */
  timeoutMs: number;
  clock?: Clock;
}

interface Waiting {
  resolve(answer: Buffer): void;
  reject(error: ChainError): void;
}

/** Questions to one lite server over one TCP connection, which opens when it is needed, and again after it broke. */
export class LiteConnection {
  readonly #server: LiteServer;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #link: Link | undefined;

  constructor(options: ConnectionOptions) {
    this.#server = options.server;
    this.#timeoutMs = options.timeoutMs;
    this.#clock = options.clock ?? systemClock;
  }

  get name(): string {
    return `${this.#server.host}:${this.#server.port}`;
  }

  /** @param question a boxed lite server function. @throws ChainError `unreachable`, `bad-answer`, `aborted` */
  async query(question: Buffer): Promise<Buffer> {
    if (this.#link === undefined || this.#link.broken) {
      this.#link = new Link(this.#server, this.#timeoutMs, this.#clock);
    }
    return await this.#link.ask(question);
  }

  /** Ends what is under way. A later query opens anew. */
  close(): void {
    this.#link?.end(new ChainError(`the call to ${this.name} was ended`, { code: 'aborted', retryable: false }));
  }
}

class Link {
  readonly #socket = new Socket();
  readonly #name: string;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #ciphers: Ciphers;
  readonly #frames = new FrameReader();
  readonly #waiting = new Map<string, Waiting>();
  readonly #opened: Promise<void>;
  #onOpen: Waiting | undefined;
  #ended: ChainError | undefined;

  constructor({ host, port, key }: LiteServer, timeoutMs: number, clock: Clock) {
    this.#name = `${host}:${port}`;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    const { packet, ciphers } = clientHandshake(key, newIdentity(), randomBytes(160));
    this.#ciphers = ciphers;
    this.#opened = this.#answerOrTimeout((waiting) => {
      this.#onOpen = waiting;
    }).then(() => undefined);
    // Every question waits for it and reports its failure; one that is ended without a question has nobody to tell.
    this.#opened.catch(() => undefined);
    this.#socket.on('data', (bytes) => this.#receive(bytes));
    this.#socket.on('error', (error) => this.#fail(error.message, error));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
    this.#socket.setNoDelay(true);
    this.#socket.connect({ host, port }, () => this.#socket.write(packet));
  }

  get broken(): boolean {
    return this.#ended !== undefined;
  }

  async ask(question: Buffer): Promise<Buffer> {
    await this.#opened;
    const id = randomBytes(32);
    const query = boxed('liteServer.query', byteString(question));
    const name = id.toString('hex');
    try {
      return await this.#answerOrTimeout((waiting) => {
        this.#waiting.set(name, waiting);
        const packet = frame(boxed('adnl.message.query', id, byteString(query)));
        this.#socket.write(this.#ciphers.send.update(packet));
      });
    } finally {
      this.#waiting.delete(name);
    }
  }

  end(error: ChainError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#socket.destroy();
    this.#onOpen?.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #answerOrTimeout(start: (waiting: Waiting) => void): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      // Silence ends the connection: what it still delivers is not worth waiting for, and the next question gets a new one.
      const cancel = this.#clock.after(this.#timeoutMs, () => this.#fail(`no answer within ${this.#timeoutMs} ms`));
      start({
        resolve: (answer) => {
          cancel();
          resolve(answer);
        },
        reject: (error) => {
          cancel();
          reject(error);
        },
      });
    });
  }

  #receive(bytes: Buffer): void {
    try {
      for (const payload of this.#frames.push(this.#ciphers.receive.update(bytes))) this.#packet(payload);
    } catch (cause) {
      const problem = (cause as Error).message;
      this.end(
        new ChainError(`the lite server ${this.#name} does not speak the protocol: ${problem}; is its key right?`, {
          code: 'bad-answer',
          retryable: true,
          cause,
        }),
      );
    }
  }

  /** @throws TlError */
  #packet(payload: Buffer): void {
    const opening = this.#onOpen;
    if (opening !== undefined) {
      if (payload.length !== 0) throw new Error('the answer to the handshake is not empty');
      this.#onOpen = undefined;
      opening.resolve(payload);
      return;
    }
    const reader = new TlReader(payload);
    // Anything else, a pong say, is not for us.
    if (reader.uint32() !== tlId('adnl.message.answer')) return;
    const id = reader.int256().toString('hex');
    this.#waiting.get(id)?.resolve(reader.bytes());
  }

  #fail(problem: string, cause?: unknown): void {
    this.end(
      new ChainError(`the lite server ${this.#name} cannot be reached (${problem}); check ton_config_filename`, {
        code: 'unreachable',
        retryable: true,
        cause,
      }),
    );
  }
}
