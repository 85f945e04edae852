/**
 * Passes an SSE body on in whole events, so that an error can follow at any moment without tearing the event before it.
 * Engines and workers cut their parts anywhere.
 */
export class SseRelay {
  #rest: Buffer = EMPTY;
  #done = false;

  /** Bytes of an event that has not ended yet. */
  get heldBytes(): number {
    return this.#rest.length;
  }

  /** True once `[DONE]` has been passed on: the answer is complete for the caller, whatever happens after. */
  get done(): boolean {
    return this.#done;
  }

  /** @returns what can be written now: everything up to the end of the last whole event */
  push(data: Buffer): Buffer {
    const all = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    const end = all.length > MAX_EVENT_BYTES ? all.length : lastEventEnd(all);
    this.#rest = end === all.length ? EMPTY : all.subarray(end);
    const whole = end === all.length ? all : all.subarray(0, end);
    if (whole.length > 0 && whole.subarray(-DONE_WINDOW).includes(DONE)) this.#done = true;
    return whole;
  }

  /** @returns what is left when the body has ended properly */
  flush(): Buffer {
    const rest = this.#rest;
    this.#rest = EMPTY;
    return rest;
  }
}

/** A body without event ends is no SSE: from here on it is passed as it comes instead of being collected. */
const MAX_EVENT_BYTES = 1 << 20;
const EMPTY = Buffer.alloc(0);
const DONE = Buffer.from('data: [DONE]');
const DONE_WINDOW = DONE.length + 8;

function lastEventEnd(data: Buffer): number {
  const lf = data.lastIndexOf('\n\n');
  const crlf = data.lastIndexOf('\r\n\r\n');
  return Math.max(lf === -1 ? 0 : lf + 2, crlf === -1 ? 0 : crlf + 4);
}

/** Cuts the closing `data: [DONE]` event off, so that something can be put before it. */
export function splitDone(data: Buffer): { before: Buffer; done: Buffer } {
  const at = data.lastIndexOf(DONE);
  return at === -1 ? { before: data, done: EMPTY } : { before: data.subarray(0, at), done: data.subarray(at) };
}

export function sseEvent(json: string): string {
  return `data: ${json}\n\n`;
}
