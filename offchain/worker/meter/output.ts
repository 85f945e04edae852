/** Puts outgoing bytes together. Neighbours of one buffer stay one view of it: a chunk that is not changed is not copied either. */
export class Output {
  readonly #pieces: Buffer[] = [];

  add(piece: Buffer): void {
    if (piece.length === 0) return;
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset) {
      this.#pieces[this.#pieces.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + piece.length);
      return;
    }
    this.#pieces.push(piece);
  }

  /** Everything added since the last call. */
  take(): Buffer {
    const pieces = this.#pieces.splice(0);
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }
}
