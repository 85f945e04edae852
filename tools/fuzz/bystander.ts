import { once } from 'node:events';
import { connect } from 'node:net';
import { encodePeerInfo } from '../../offchain/transport/peer-info';
import { attested } from '../../offchain/transport/testing/attested';
import { RawPeer } from '../../offchain/transport/testing/peers';

const HOST = '127.0.0.1';

/** An honest peer beside the attacks: asks for a sign of life and measures how long it takes. */
export class Bystander {
  readonly #peer: RawPeer;
  #heard: number;
  pings = 0;
  slowestMs = 0;

  private constructor(peer: RawPeer, heard: number) {
    this.#peer = peer;
    this.#heard = heard;
  }

  static async join(port: number, how: 'plain' | 'sidecar' | 'attested'): Promise<Bystander> {
    const socket = connect({ host: HOST, port, noDelay: true });
    await once(socket, 'connect');
    let peer: RawPeer;
    if (how === 'attested') {
      const { stream } = await attested({}, { pow: { maxDifficulty: 8 } }).security.secureOutbound(socket, {
        host: HOST,
        port,
      });
      peer = new RawPeer(stream);
    } else {
      peer = new RawPeer(socket);
    }
    if (how === 'sidecar') {
      const nobody = { address: '', port: 0 };
      const [collateralRootHash, publicKey] = [Buffer.alloc(48), Buffer.alloc(32)];
      socket.write(
        encodePeerInfo({ attestation: undefined, collateralRootHash, publicKey, source: nobody, destination: nobody }),
      );
    }
    peer.send({ _: 'tcp.connect', id: 1n });
    await peer.received(1);
    return new Bystander(peer, 1);
  }

  async ping(): Promise<void> {
    const started = performance.now();
    this.#peer.send({ _: 'tcp.ping', id: BigInt(++this.pings) });
    const packets = await this.#peer.received(++this.#heard);
    const last = packets.at(-1)!;
    if (last._ !== 'tcp.pong' || last.id !== BigInt(this.pings)) throw new Error(`a ping was answered with ${last._}`);
    this.slowestMs = Math.max(this.slowestMs, performance.now() - started);
  }

  leave(): void {
    this.#peer.stream.destroy();
  }
}
