import fc from 'fast-check';
import { FrameError } from './errors';
import { FRAME_HEADER_BYTES, FrameParser, MAX_PAYLOAD_BYTES, writeFrameHeader } from './framing';

function frame(payload: Uint8Array, seqno: number): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(FRAME_HEADER_BYTES), payload]);
  writeFrameHeader(bytes, seqno);
  return bytes;
}

function header(length: number, seqno: number): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES);
  bytes.writeUInt32LE(length, 0);
  bytes.writeInt32LE(seqno, 4);
  return bytes;
}

function parse(chunks: Iterable<Buffer>): Buffer[] {
  const parser = new FrameParser();
  const payloads: Buffer[] = [];
  for (const chunk of chunks) {
    parser.push(chunk, (payload) => {
      payloads.push(payload);
      return true;
    });
  }
  return payloads;
}

describe('framing', () => {
  test('a frame is length, number, payload, little endian', () => {
    expect(frame(Buffer.from('abcd'), 1).toString('hex')).toBe('04000000 01000000 61626364'.replace(/ /g, ''));
  });

  test('payloads come out whole and in order, however the stream is cut', () => {
    const payloads = fc.array(fc.uint8Array({ minLength: 4, maxLength: 300 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(payloads, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (contents, cuts) => {
        const stream = Buffer.concat(contents.map((payload, seqno) => frame(payload, seqno)));
        const chunks: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = cuts[i % cuts.length]!;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        expect(parse(chunks)).toEqual(contents.map((payload) => Buffer.from(payload)));
      }),
      { numRuns: 300 },
    );
  });

  test('a payload inside one chunk is not copied', () => {
    const chunk = frame(Buffer.from('abcdefgh'), 0);
    const [payload] = parse([chunk]);
    expect(payload!.buffer).toBe(chunk.buffer);
  });

  test('the largest payload is allowed, in many pieces', () => {
    const stream = frame(Buffer.alloc(MAX_PAYLOAD_BYTES, 7), 0);
    const chunks = Array.from({ length: 257 }, (_, i) => stream.subarray(i * 65_536, (i + 1) * 65_536));
    const [payload] = parse(chunks);
    expect(payload!.equals(stream.subarray(FRAME_HEADER_BYTES))).toBe(true);
  });

  test.each([
    ['too short', header(3, 0), /claims 3 bytes; 4 to 16777216 are allowed/],
    ['empty', header(0, 0), /claims 0 bytes/],
    ['too long', header(MAX_PAYLOAD_BYTES + 1, 0), /claims 16777217 bytes/],
    ['of 4 GiB', header(0xffffffff, 0), /claims 4294967295 bytes/],
    ['out of order', header(4, 1), /frame number 1 came where 0 was expected/],
    ['with a negative number', header(4, -1), /frame number -1/],
  ])('refuses a frame that is %s, as soon as its header is there', (_, bytes, message) => {
    expect(() => parse([bytes])).toThrow(FrameError);
    expect(() => parse([bytes.subarray(0, 7), bytes.subarray(7)])).toThrow(message);
  });

  test('refuses a repeated frame', () => {
    const bytes = frame(Buffer.from('abcd'), 0);
    expect(() => parse([bytes, bytes])).toThrow('frame number 0 came where 1 was expected');
  });

  test('says whether it stands inside a frame', () => {
    const parser = new FrameParser();
    const bytes = frame(Buffer.from('abcd'), 0);
    const states = [parser.partial];
    for (const cut of [bytes.subarray(0, 3), bytes.subarray(3, 9), bytes.subarray(9)]) {
      parser.push(cut, () => true);
      states.push(parser.partial);
    }
    expect(states).toEqual([false, true, true, false]);
  });

  test('stops when told to', () => {
    const parser = new FrameParser();
    let seen = 0;
    parser.push(Buffer.concat([frame(Buffer.alloc(4), 0), header(0, 0)]), () => {
      seen++;
      return false;
    });
    expect(seen).toBe(1);
  });

  test('random bytes give payloads or a FrameError', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }), (chunks) => {
        try {
          parse(chunks.map((chunk) => Buffer.from(chunk)));
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
    );
  });
});
