import { once } from 'node:events';
import { connect } from 'node:net';
import { encode, type TlObject } from '@cocoon/sdk/protocol/tl';
import { compare, hello, SECRET, workerHello } from '../../offchain/proxy/testing/peer-world';
import { address } from '../../offchain/proxy/testing/world';
import { encodePeerInfo } from '../../offchain/transport/peer-info';
import { attested } from '../../offchain/transport/testing/attested';
import { RawPeer } from '../../offchain/transport/testing/peers';
import type { Target } from './corpus';

const HOST = '127.0.0.1';

/** Whose accounts the bystanders use; the attackers use others. */
export const BYSTANDER = { client: 11, worker: 21 };

const HANDSHAKES: Record<'clients' | 'workers', TlObject[]> = {
  clients: [
    hello({ clientOwnerAddress: address(BYSTANDER.client).toString() }),
    { _: 'client.authorizeWithProxyShort', data: SECRET },
  ],
  workers: [
    workerHello({ workerOwnerAddress: address(BYSTANDER.worker).toString() }),
    compare(),
    { _: 'worker.proxyHandshakeComplete', isDisabled: false },
  ],
};

/** Says that nothing is known about the peer. */
const NOBODY = encodePeerInfo({
  attestation: undefined,
  collateralRootHash: Buffer.alloc(48),
  publicKey: Buffer.alloc(32),
  source: { address: '', port: 0 },
  destination: { address: '', port: 0 },
});

/** An honest peer beside the attacks: asks for a sign of life and measures how long it takes. */
export class Bystander {
  readonly #peer: RawPeer;
  readonly #lost: Promise<never>;
  pings = 0;
  slowestMs = 0;

  private constructor(peer: RawPeer) {
    this.#peer = peer;
    this.#lost = once(peer.stream, 'close').then(() => {
      throw new Error('a bystander lost its connection');
    });
    // Seen by whoever waits for an answer; when nobody does, it is leaving.
    this.#lost.catch(() => undefined);
  }

  static async join(port: number, target: Target, secured: boolean): Promise<Bystander> {
    const socket = connect({ host: HOST, port, noDelay: true });
    await once(socket, 'connect');
    const { security } = attested({}, { pow: { maxDifficulty: 8 } });
    const stream = secured ? (await security.secureOutbound(socket, { host: HOST, port })).stream : socket;
    const made = new Bystander(new RawPeer(stream));
    if (!secured && target === 'sidecar') stream.write(NOBODY);
    made.#peer.send({ _: 'tcp.connect', id: 1n });
    await made.#hears(({ _ }) => _ === 'tcp.connected');
    let id = 0n;
    for (const query of HANDSHAKES[target === 'workers' ? 'workers' : 'clients']) {
      const own = ++id;
      made.#peer.send({ _: 'tcp.query', id: own, data: encode(query) });
      await made.#hears((packet) => packet._ === 'tcp.queryAnswer' && packet.id === own);
    }
    return made;
  }

  async ping(): Promise<void> {
    const started = performance.now();
    const id = BigInt(++this.pings);
    this.#peer.send({ _: 'tcp.ping', id });
    await this.#hears((packet) => packet._ === 'tcp.pong' && packet.id === id);
    this.slowestMs = Math.max(this.slowestMs, performance.now() - started);
  }

  leave(): void {
    this.#peer.stream.destroy();
  }

  async #hears(expected: (packet: TlObject) => boolean): Promise<void> {
    const { packets } = this.#peer;
    for (let seen = 0; ; seen++) {
      if (seen >= packets.length) await Promise.race([this.#peer.received(seen + 1), this.#lost]);
      if (expected(packets[seen]!)) return;
    }
  }
}
