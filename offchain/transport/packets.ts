import { tlTable } from '@cocoon/sdk/generated/tl';
import { encodedLength, encodeInto, type TlObject, type TlTypes } from '@cocoon/sdk/protocol/tl';
import { TlWriter, tlBytesSize } from '@cocoon/sdk/protocol/tl/writer';
import { MessageTooLargeError } from './errors';
import { FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES, writeFrameHeader } from './framing';

/** What a frame may carry. */
export const TCP_PACKETS = [
  'tcp.packet',
  'tcp.query',
  'tcp.queryAnswer',
  'tcp.queryError',
  'tcp.ping',
  'tcp.pong',
  'tcp.connect',
  'tcp.connected',
] as const;

export type TcpPacket = TlTypes[(typeof TCP_PACKETS)[number]];

/** Envelopes that carry another message in `data`. */
export type Envelope = 'tcp.packet' | 'tcp.query' | 'tcp.queryAnswer';

function idOf(name: Envelope): number {
  const row = tlTable.find((entry) => entry.name === name);
  if (!row) throw new Error(`the TL table has no ${name}`);
  return row.id;
}

const ENVELOPE_ID: Record<Envelope, number> = {
  'tcp.packet': idOf('tcp.packet'),
  'tcp.query': idOf('tcp.query'),
  'tcp.queryAnswer': idOf('tcp.queryAnswer'),
};

function allocate(payloadBytes: number, what: string): Buffer {
  if (payloadBytes > MAX_PAYLOAD_BYTES) {
    throw new MessageTooLargeError(
      `${what} takes ${payloadBytes} bytes on the wire, at most ${MAX_PAYLOAD_BYTES} are allowed; nothing was sent`,
    );
  }
  return Buffer.allocUnsafe(FRAME_HEADER_BYTES + payloadBytes);
}

/** One frame with a packet of the connection's own (ping, connect, queryError …). */
export function frameOf(seqno: number, packet: TlObject): Buffer {
  const frame = allocate(encodedLength(packet), packet._);
  writeFrameHeader(frame, seqno);
  encodeInto(packet, frame, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * One frame with a message inside an envelope, encoded in place: no copy of the message is made.
 * `id` is the query's, absent for tcp.packet. Throws TlError or MessageTooLargeError before anything is sent.
 */
export function envelopeFrame(seqno: number, envelope: Envelope, id: bigint | undefined, message: TlObject): Buffer {
  const bytes = encodedLength(message);
  const frame = allocate((id === undefined ? 4 : 12) + tlBytesSize(bytes), message._);
  writeFrameHeader(frame, seqno);
  const writer = new TlWriter(frame, FRAME_HEADER_BYTES);
  writer.uint32(ENVELOPE_ID[envelope]);
  if (id !== undefined) writer.long(id);
  writer.bytesHeader(bytes);
  writer.pos = encodeInto(message, frame, writer.pos);
  writer.pad();
  return frame;
}
