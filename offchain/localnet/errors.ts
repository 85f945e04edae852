/** A request the server refuses: `status` is the HTTP status and the `code` field of the answer. `message` is one line. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

export type LocalnetErrorCode =
  /** Files in the state directory are damaged or written by another version. */
  | 'state-damaged'
  /** Another process holds the state directory. */
  | 'state-in-use'
  /** The disk refused; nothing further is written until it is fixed. */
  | 'disk'
  /** The contract did not accept an external message, or the message is malformed. */
  | 'message-rejected'
  /** The emulator failed; the chain stays as it was before the message. */
  | 'emulator'
  /** Too many messages wait for a block. */
  | 'busy'
  /** The port is taken, or the address is not this machine's. */
  | 'cannot-listen'
  | 'closed';

/** `message` is one line that says what is wrong and what to do next. */
export class LocalnetError extends Error {
  readonly code: LocalnetErrorCode;
  readonly exitCode: number | undefined;

  constructor(code: LocalnetErrorCode, message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'LocalnetError';
    this.code = code;
    this.exitCode = options.exitCode;
  }

  get shortMessage(): string {
    return this.message;
  }
}

/** The `code` of a system error (`ENOENT`, …). Asks for the field, not the class: under Jest Node's errors are of another realm. */
export function systemCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** The first line of whatever was thrown: emulator errors carry whole logs (and, after an abort, a whole bundle). */
export function oneLine(error: unknown): string {
  const text =
    typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'
      ? error.message
      : String(error);
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
