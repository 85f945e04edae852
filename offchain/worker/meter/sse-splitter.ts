import { BodyTooLargeError, MAX_VALUE_BYTES, parseObject, type Sink, type Splitter } from './splitter';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DATA = Buffer.from('data:');

interface Line {
  bytes: Buffer;
  /** What follows "data:" and one space, without the line end; undefined for other fields and comments. */
  payload: { start: number; end: number } | undefined;
}

/**
 * A server-sent event stream. Every line goes on as soon as its end has arrived; only the lines of an event whose JSON is spread over
 * several of them wait for the blank line that ends it. Lines end with LF, CR LF or CR.
 */
export class SseSplitter implements Splitter {
  readonly #sink: Sink;
  /** Chunks of a line that has not ended. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Lines of an event whose first data line was no JSON by itself. */
  #event: Line[] = [];
  #eventBytes = 0;
  #afterCr = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let start = 0;
    if (this.#afterCr && chunk[0] === LF) {
      // The second half of a CR LF that the chunks cut apart.
      start = 1;
      this.#passOn(chunk.subarray(0, 1));
    }
    if (chunk.length > 0) this.#afterCr = false;
    let lf = chunk.indexOf(LF, start);
    let cr = chunk.indexOf(CR, start);
    while (lf !== -1 || cr !== -1) {
      const isCr = cr !== -1 && (lf === -1 || cr < lf);
      let end = (isCr ? cr : lf) + 1;
      if (isCr && chunk[end] === LF) end++;
      this.#afterCr = isCr && end === chunk.length && chunk[end - 1] === CR;
      this.#line(chunk.subarray(start, end));
      start = end;
      if (lf !== -1 && lf < start) lf = chunk.indexOf(LF, start);
      if (cr !== -1 && cr < start) cr = chunk.indexOf(CR, start);
    }
    this.#hold(chunk.subarray(start));
  }

  end(): void {
    if (this.#held.length > 0) this.#line(Buffer.alloc(0));
    this.#endEvent();
  }

  #line(tail: Buffer): void {
    const bytes = this.#held.length === 0 ? tail : Buffer.concat([...this.#held, tail]);
    this.#held = [];
    this.#heldBytes = 0;
    const contentEnd = withoutLineEnd(bytes);
    const payload = dataPayload(bytes, contentEnd);
    if (this.#event.length > 0) {
      this.#holdLine({ bytes, payload });
      if (contentEnd === 0) this.#endEvent();
      return;
    }
    if (payload === undefined || bytes[payload.start] !== 0x7b) {
      this.#sink.raw(bytes);
      return;
    }
    const value = parseObject(bytes, payload);
    if (value === undefined) this.#holdLine({ bytes, payload });
    else this.#sink.object({ value, bytes, span: payload });
  }

  /** Bytes of the line end just passed on: behind the event where one is held, else straight out. */
  #passOn(bytes: Buffer): void {
    if (this.#event.length === 0) this.#sink.raw(bytes);
    else this.#holdLine({ bytes, payload: undefined });
  }

  #holdLine(line: Line): void {
    this.#event.push(line);
    this.#eventBytes += line.bytes.length;
    if (this.#eventBytes > MAX_VALUE_BYTES) throw new BodyTooLargeError(MAX_VALUE_BYTES);
  }

  #endEvent(): void {
    const lines = this.#event;
    this.#event = [];
    this.#eventBytes = 0;
    const dataLines = lines.filter((line) => line.payload !== undefined);
    const joined = Buffer.concat(
      dataLines.flatMap(({ bytes, payload }, index) => {
        const part = bytes.subarray(payload?.start, payload?.end);
        return index === 0 ? [part] : [Buffer.from([LF]), part];
      }),
    );
    const value = dataLines.length > 1 ? parseObject(joined, { start: 0, end: joined.length }) : undefined;
    if (value !== undefined) {
      this.#putEvent(lines, joined, value);
      return;
    }
    for (const { bytes, payload } of lines) {
      this.#sink.raw(bytes);
      const alone = payload === undefined ? undefined : parseObject(bytes, payload);
      if (alone !== undefined) this.#sink.counted(alone);
    }
  }

  /** A JSON text that is changed must stand on one line (its line feeds are white space); unchanged, the event goes out as it came. */
  #putEvent(lines: readonly Line[], joined: Buffer, value: Record<string, unknown>): void {
    const [first, ...others] = lines;
    if (first?.payload === undefined) return;
    const prefix = first.bytes.subarray(0, first.payload.start);
    const lineEnd = first.bytes.subarray(first.payload.end);
    const oneLine = Buffer.from(joined.map((byte) => (byte === LF || byte === CR ? SPACE : byte)));
    const notData = others.filter((line) => line.payload === undefined).map((line) => line.bytes);
    this.#sink.object({
      value,
      bytes: Buffer.concat([prefix, oneLine, lineEnd, ...notData]),
      span: { start: prefix.length, end: prefix.length + oneLine.length },
      asItCame: Buffer.concat(lines.map((line) => line.bytes)),
    });
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > MAX_VALUE_BYTES) throw new BodyTooLargeError(MAX_VALUE_BYTES);
    this.#held.push(bytes);
  }
}

function withoutLineEnd(bytes: Buffer): number {
  let end = bytes.length;
  if (end > 0 && bytes[end - 1] === LF) end--;
  if (end > 0 && bytes[end - 1] === CR) end--;
  return end;
}

function dataPayload(bytes: Buffer, end: number): Line['payload'] {
  if (end < DATA.length || bytes.compare(DATA, 0, DATA.length, 0, DATA.length) !== 0) return undefined;
  const start = bytes[DATA.length] === 0x20 && end > DATA.length ? DATA.length + 1 : DATA.length;
  return { start, end };
}
