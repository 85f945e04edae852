import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { TlReader } from '@cocoon/sdk/protocol/tl/reader';
import { TlWriter, tlBytesSize } from '@cocoon/sdk/protocol/tl/writer';
import { asError } from './errors';
import { readExactly } from './read-exactly';
import { PeerInfoError } from './security-errors';

/**
 * `AttestedPeerInfo`: what a router on this machine tells a runner about the peer behind it, as one frame (u32 length,
 * then the content, little endian) in front of everything that the peer sends. Only the image's hash and the addresses
 * are of use to a runner; the rest is read so that a damaged frame is refused.
 */
export const MAX_PEER_INFO_BYTES = 16_536;
const KEY_BYTES = 32;
const ROOT_HASH_BYTES = 48;
const REPORT_DATA_BYTES = 64;
/** Eight registers of 48 bytes before the report data (TDX), one of 32 (SGX). */
const MEASUREMENT_BYTES = { tdx: 384, sgx: 32 } as const;
const MAX_ADDRESS_CHARS = 64;

export interface PeerMeasurements {
  readonly kind: 'tdx' | 'sgx';
  /** TDX: mr_td, mr_config_id, mr_owner, mr_owner_config, rtmr0 to rtmr3, 48 bytes each. SGX: mr_enclave, 32 bytes. */
  readonly measurements: Buffer;
  readonly reportData: Buffer;
}

export interface AttestedPeerInfo {
  readonly attestation: PeerMeasurements | undefined;
  readonly collateralRootHash: Buffer;
  readonly publicKey: Buffer;
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
}

/** SHA-256 of the measurements with the report data zeroed, since that differs with every key; zeros without attestation. */
export function imageHashOf(attestation: PeerMeasurements | undefined): Buffer {
  if (!attestation) return Buffer.alloc(32);
  return createHash('sha256').update(attestation.measurements).update(Buffer.alloc(REPORT_DATA_BYTES)).digest();
}

/** The whole frame. For a router, and for tests of what reads it. @throws PeerInfoError when it would be too long */
export function encodePeerInfo(info: AttestedPeerInfo): Buffer {
  const { attestation, collateralRootHash, publicKey, source, destination } = info;
  const quoted = attestation ? 4 + MEASUREMENT_BYTES[attestation.kind] + REPORT_DATA_BYTES : 0;
  const texts = [source, destination].map(({ address }) => tlBytesSize(Buffer.byteLength(address)) + 4);
  const size = 4 + quoted + ROOT_HASH_BYTES + tlBytesSize(publicKey.length) + texts[0]! + texts[1]!;
  if (size > MAX_PEER_INFO_BYTES) throw new PeerInfoError(`the peer info takes ${size} bytes`);
  const writer = new TlWriter(Buffer.alloc(4 + size), 0);
  const raw = (bytes: Buffer): void => {
    writer.pos += bytes.copy(writer.buffer, writer.pos);
  };
  writer.uint32(size);
  writer.int(attestation ? 1 : 0);
  if (attestation) {
    writer.int(attestation.kind === 'tdx' ? 0 : 1);
    raw(attestation.measurements);
    raw(attestation.reportData);
  }
  raw(collateralRootHash);
  writer.bytes(publicKey);
  for (const { address, port } of [source, destination]) {
    writer.string(address);
    writer.int(port);
  }
  return writer.buffer;
}

/** The content of a frame, strictly: every value in its range, every byte accounted for. @throws PeerInfoError */
export function decodePeerInfo(content: Buffer): AttestedPeerInfo {
  const reader = new TlReader(content);
  try {
    const info = readInfo(reader);
    reader.at('peerInfo', 'end');
    if (reader.remaining > 0) reader.fail(`is followed by ${reader.remaining} more bytes`);
    // A length written in more bytes than it needs is another spelling of the same; there is one.
    if (!encodePeerInfo(info).subarray(4).equals(content)) reader.fail('is not in its shortest form');
    return info;
  } catch (error) {
    throw new PeerInfoError(`bad peer info: ${asError(error).message}`, error);
  }
}

function readInfo(reader: TlReader): AttestedPeerInfo {
  const raw = (field: string, size: number): Buffer => {
    reader.at('peerInfo', field);
    const start = reader.take(size);
    return Buffer.from(reader.data.subarray(start, start + size));
  };
  const choice = (field: string): boolean => {
    reader.at('peerInfo', field);
    const value = reader.int();
    if (value !== 0 && value !== 1) reader.fail(`is ${value}, 0 or 1 was expected`);
    return value === 1;
  };
  const endpoint = (field: string): { address: string; port: number } => {
    reader.at('peerInfo', field);
    const address = reader.string();
    if (!/^[\x21-\x7e]*$/.test(address) || address.length > MAX_ADDRESS_CHARS) reader.fail('is no address');
    const port = reader.int();
    if (port < 0 || port > 0xffff) reader.fail(`has port ${port}`);
    return { address, port };
  };
  let attestation: PeerMeasurements | undefined;
  if (choice('hasAttestation')) {
    const kind = choice('kind') ? 'sgx' : 'tdx';
    const measurements = raw('measurements', MEASUREMENT_BYTES[kind]);
    attestation = { kind, measurements, reportData: raw('reportData', REPORT_DATA_BYTES) };
  }
  const collateralRootHash = raw('collateralRootHash', ROOT_HASH_BYTES);
  reader.at('peerInfo', 'publicKey');
  const publicKey = reader.bytes();
  if (publicKey.length !== KEY_BYTES) reader.fail(`has ${publicKey.length} bytes`);
  const source = endpoint('source');
  return { attestation, collateralRootHash, publicKey, source, destination: endpoint('destination') };
}

/** Reads the frame at the beginning of a router's stream; what the peer itself says stays in the stream. */
export async function readPeerInfo(stream: Readable): Promise<AttestedPeerInfo> {
  const size = (await readExactly(stream, 4, "the router's peer info")).readUInt32LE(0);
  if (size > MAX_PEER_INFO_BYTES) {
    throw new PeerInfoError(`the peer info claims ${size} bytes; at most ${MAX_PEER_INFO_BYTES} are allowed`);
  }
  return decodePeerInfo(await readExactly(stream, size, "the router's peer info"));
}
