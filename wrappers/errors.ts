/**
 * Errors of this folder. Two kinds only, so that a caller can tell "the bytes I was given are not what I expected"
 * (from a chain, a peer, a file) from "the caller passed a value that cannot be written".
 */

/** A cell does not have the layout that `what` needs. `code` is stable; `cause` is what the reader met. */
export class CellFormatError extends Error {
  readonly code = 'CELL_FORMAT';
  readonly what: string;

  constructor(what: string, detail: string, cause?: unknown) {
    super(`${what}: ${detail}`, cause === undefined ? undefined : { cause });
    this.name = 'CellFormatError';
    this.what = what;
  }
}

/** A value given by the caller does not fit the field it is meant for. The message names field, value and bound. */
export class InvalidFieldError extends Error {
  readonly code = 'INVALID_FIELD';
  readonly field: string;

  constructor(field: string, detail: string) {
    super(`${field}: ${detail}`);
    this.name = 'InvalidFieldError';
    this.field = field;
  }
}

/**
 * Runs a parser; whatever it throws comes out as a CellFormatError that names the structure being read.
 * The cell readers below throw plain errors ("Index 8 is out of bounds"), which say nothing to a user.
 */
export function parsing<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CellFormatError) throw error;
    throw new CellFormatError(what, error instanceof Error ? error.message : String(error), error);
  }
}
