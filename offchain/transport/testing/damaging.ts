import type { Socket } from 'node:net';
import { Duplex, Transform } from 'node:stream';
import { decode, decodeAs, encode, type TlObject } from '@cocoon/sdk/protocol/tl';
import { FrameParser } from '../framing';
import { frameOf, TCP_PACKETS } from '../packets';
import { plain, type Target, type TransportSecurity } from '../security';

/** What happens to a message on its way: the frame around it stays right, so that it is the message that cannot be read. */
export const DAMAGE = {
  'cut short': (message: Buffer) => message.subarray(0, message.length - 4),
  'with bytes behind its end': (message: Buffer) => Buffer.concat([message, Buffer.alloc(4)]),
  'with nothing behind its name': (message: Buffer) => message.subarray(0, 4),
};
export type Damage = keyof typeof DAMAGE;

/** A plain transport for the side that dials, on which a test damages what one side says to the other. */
export class DamagingTransport implements TransportSecurity {
  readonly name = 'damaging';
  readonly checkListen = plain.checkListen;
  readonly checkTarget = plain.checkTarget;
  readonly secureInbound = plain.secureInbound;
  readonly #direction: 'sent' | 'received';
  #next: { name: TlObject['_']; damage: Damage } | undefined;

  /** @param direction as the dialer sees it */
  constructor(direction: 'sent' | 'received') {
    this.#direction = direction;
  }

  /** The next message of this name, one-way, query or answer, arrives damaged. */
  damageNext(name: TlObject['_'], damage: Damage): void {
    this.#next = { name, damage };
  }

  async secureOutbound(socket: Socket, target: Target) {
    const { peer } = await plain.secureOutbound(socket, target);
    const way = this.#way();
    const [from, to] = this.#direction === 'sent' ? [way, socket] : [socket, way];
    from.pipe(to);
    socket.once('close', () => way.destroy());
    const [writable, readable] = this.#direction === 'sent' ? [way, socket] : [socket, way];
    return { stream: Duplex.from({ writable, readable }), peer };
  }

  #way(): Transform {
    const parser = new FrameParser();
    let seqno = 0;
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        const frames: Buffer[] = [];
        parser.push(chunk, (payload) => {
          frames.push(frameOf(seqno++, this.#travelled(decodeAs(TCP_PACKETS, payload))));
          return true;
        });
        done(null, Buffer.concat(frames));
      },
    });
  }

  #travelled(packet: TlObject): TlObject {
    if (!('data' in packet) || !Buffer.isBuffer(packet.data) || this.#next === undefined) return packet;
    const message = decode(packet.data);
    if (message._ !== this.#next.name) return packet;
    const damaged = DAMAGE[this.#next.damage](encode(message));
    this.#next = undefined;
    return { ...packet, data: damaged } as TlObject;
  }
}
