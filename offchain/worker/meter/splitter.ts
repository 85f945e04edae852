import type { Span } from './json-span';

/** A JSON object found in a body. */
export interface Found {
  value: Record<string, unknown>;
  /** The bytes around and including it, as they came. */
  bytes: Buffer;
  /** Where in `bytes` it stands. */
  span: Span;
  /** What goes out when nothing is changed, where that is not `bytes`. */
  asItCame?: Buffer;
}

/** Takes what a splitter finds, in the order of the body. Everything that is not part of an object comes as `raw`. */
export interface Sink {
  raw(bytes: Buffer): void;
  /** The sink puts the bytes out, changed or not. */
  object(found: Found): void;
  /** An object inside bytes that have to go out as they are: to be counted only. */
  counted(value: Record<string, unknown>): void;
}

/** Cuts a body that arrives in arbitrary pieces. What went to the sink, put together, is what came in. */
export interface Splitter {
  /** @throws BodyTooLargeError */
  push(chunk: Buffer): void;
  /** The body has ended. */
  end(): void;
}

/** One JSON value of the body is larger than anything that could be passed on. */
export class BodyTooLargeError extends Error {
  constructor(limit: number) {
    super(`the engine sent a JSON value of more than ${limit} bytes`);
    this.name = 'BodyTooLargeError';
  }
}

/** The largest packet of the protocol is 16 MiB; a value is held back until it is complete, so it gets the same bound. */
export const MAX_VALUE_BYTES = 16 << 20;

/** @returns undefined when the bytes are no JSON object */
export function parseObject(bytes: Buffer, { start, end }: Span): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    return undefined; // engines send other things too: comments, HTML, half a value
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
