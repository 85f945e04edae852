/**
 * Bytes that are not the TL they should be, or a value that its TL field cannot hold.
 * `field` names constructor and field ("client.runQueryEx.query"), `offset` the byte in the message at which reading
 * stopped (undefined when encoding). `code` is stable.
 */
export class TlError extends Error {
  readonly code = 'TL_INVALID';
  readonly field: string;
  readonly offset: number | undefined;

  constructor(field: string, problem: string, offset?: number) {
    super(offset === undefined ? `${field}: ${problem}` : `${field}: ${problem} (at byte ${offset})`);
    this.name = 'TlError';
    this.field = field;
    this.offset = offset;
  }
}
