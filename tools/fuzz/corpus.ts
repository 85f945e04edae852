import { encode, type TlObject } from '@cocoon/sdk/protocol/tl';
import { anyTl } from '@cocoon/sdk/protocol/tl/arbitrary-tl';
import fc from 'fast-check';
import { compare, hello, SECRET, workerHello } from '../../offchain/proxy/testing/peer-world';
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../../offchain/transport/framing';
import { encodePeerInfo } from '../../offchain/transport/peer-info';
import { mutate, type Random } from './mutate';

export type Target = 'workers' | 'clients' | 'sidecar';
export const TARGETS: readonly Target[] = ['workers', 'clients', 'sidecar'];

/** What honest peers say, in order: mutations of this get further than noise does. */
const DIALOGUES: Record<Target, TlObject[]> = {
  workers: [workerHello(), compare(), { _: 'worker.proxyHandshakeComplete', isDisabled: false }],
  clients: [hello(), { _: 'client.authorizeWithProxyShort', data: SECRET }, { _: 'client.updatePaymentStatus' }],
  sidecar: [hello(), { _: 'client.authorizeWithProxyShort', data: SECRET }, { _: 'client.getWorkerTypesV2' }],
};

const PEER_INFO = encodePeerInfo({
  attestation: { kind: 'tdx', measurements: Buffer.alloc(384, 5), reportData: Buffer.alloc(64, 6) },
  collateralRootHash: Buffer.alloc(48),
  publicKey: Buffer.alloc(32, 1),
  source: { address: '203.0.113.9', port: 40_000 },
  destination: { address: '192.0.2.14', port: 11_001 },
});

function frame(seqno: number, payload: Buffer): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(FRAME_HEADER_BYTES), payload]);
  writeFrameHeader(bytes, seqno);
  return bytes;
}

/** Streams of frames with something wrong in them. */
export class Corpus {
  readonly #target: Target;
  readonly #objects: Buffer[];

  constructor(target: Target, seed: number) {
    this.#target = target;
    // Every constructor of the schema, many times over; made once, because making them is slower than sending them.
    this.#objects = fc.sample(anyTl, { numRuns: 2_000, seed }).map((object) => encode(object));
  }

  /** What precedes the first frame on a side-car's port; now and then it is wrong. */
  prologue(random: Random): Buffer {
    if (this.#target !== 'sidecar') return Buffer.alloc(0);
    return random.below(4) === 0 ? mutate(PEER_INFO, random) : PEER_INFO;
  }

  /** How many frames, and their bytes. */
  stream(random: Random): { frames: number; bytes: Buffer } {
    const honest = DIALOGUES[this.#target].slice(0, random.below(DIALOGUES[this.#target].length + 1));
    const payloads = [
      encode({ _: 'tcp.connect', id: 1n }),
      ...honest.map((query) => this.#envelope(encode(query), random)),
    ];
    for (let left = 1 + random.below(6); left > 0; left--) payloads.push(this.#wrong(random));
    const frames = payloads.map((payload, seqno) => frame(seqno, payload));
    const spoilt = random.below(frames.length);
    // A wrong payload in a right frame reaches the TL parser and the handlers; a wrong frame the framing only.
    if (random.below(3) === 0) frames[spoilt] = mutate(frames[spoilt]!, random);
    return { frames: frames.length, bytes: Buffer.concat(frames) };
  }

  #wrong(random: Random): Buffer {
    const object = random.pick(this.#objects);
    switch (random.below(4)) {
      case 0:
        return this.#envelope(object, random);
      case 1:
        return this.#envelope(mutate(object, random), random);
      case 2:
        return this.#atLeastFour(mutate(this.#envelope(object, random), random));
      default:
        return this.#atLeastFour(object);
    }
  }

  #envelope(data: Buffer, random: Random): Buffer {
    const id = BigInt(random.below(5));
    switch (random.below(4)) {
      case 0:
        return encode({ _: 'tcp.packet', data });
      case 1:
        return encode({ _: 'tcp.queryAnswer', id, data });
      default:
        return encode({ _: 'tcp.query', id, data });
    }
  }

  /** Shorter payloads are no frame; those are made by mutating frames. */
  #atLeastFour(payload: Buffer): Buffer {
    return payload.length >= 4 ? payload : Buffer.concat([payload, Buffer.alloc(4)]);
  }
}
