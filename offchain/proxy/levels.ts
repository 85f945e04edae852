/**
 * The three commitment levels of one cumulative token counter (docs: money flow).
 *
 *   max      everything counted, in memory
 *   written  what the ledger has on disk
 *   anchored what a save_state seen on chain covers: the only level that is ever signed
 *
 * max >= written >= anchored >= signed always holds; each only grows.
 */
export class TokenLevels {
  private maxTokens: bigint;
  private writtenTokens: bigint;
  private anchoredTokens: bigint;
  private signedTokens = 0n;
  /** Written value at the moment each pending save_state was made, oldest first. */
  private readonly snapshots: { seqno: number; tokens: bigint }[] = [];

  /** `tokens` come from the ledger, so they are written; nothing counts as anchored before this session's save_state. */
  constructor(tokens: bigint) {
    this.maxTokens = tokens;
    this.writtenTokens = tokens;
    this.anchoredTokens = 0n;
  }

  get max(): bigint {
    return this.maxTokens;
  }
  get written(): bigint {
    return this.writtenTokens;
  }
  get anchored(): bigint {
    return this.anchoredTokens;
  }
  get signed(): bigint {
    return this.signedTokens;
  }

  add(tokens: bigint): void {
    if (tokens < 0n) throw new RangeError(`a token counter cannot go down (${tokens})`);
    this.maxTokens += tokens;
  }

  /** The ledger has this value on disk. Late or repeated reports change nothing. */
  markWritten(tokens: bigint): void {
    if (tokens > this.maxTokens)
      throw new RangeError(`${tokens} tokens on disk, but only ${this.maxTokens} were counted`);
    if (tokens > this.writtenTokens) this.writtenTokens = tokens;
  }

  /** Remembers what save_state `seqno` will cover: what is on disk now. */
  snapshot(seqno: number): void {
    // Covered by an earlier one already: a chain that is away for days must not make this list grow.
    if (this.writtenTokens === (this.snapshots.at(-1)?.tokens ?? this.anchoredTokens)) return;
    this.snapshots.push({ seqno, tokens: this.writtenTokens });
  }

  /** save_state `seqno` was seen on chain. Returns whether the anchored level grew. */
  anchor(seqno: number): boolean {
    const before = this.anchoredTokens;
    while (this.snapshots[0] && this.snapshots[0].seqno <= seqno) {
      const { tokens } = this.snapshots.shift()!;
      if (tokens > this.anchoredTokens) this.anchoredTokens = tokens;
    }
    return this.anchoredTokens > before;
  }

  /** The chain already settled this many: it was signed once, so it counts on every level. */
  raiseToSettled(tokens: bigint): void {
    if (tokens > this.maxTokens) this.maxTokens = tokens;
    if (tokens > this.writtenTokens) this.writtenTokens = tokens;
    if (tokens > this.anchoredTokens) this.anchoredTokens = tokens;
  }

  /** The amount to sign now. Recording it here is what lets a test see that no more was ever signed. */
  sign(): bigint {
    if (this.anchoredTokens > this.signedTokens) this.signedTokens = this.anchoredTokens;
    return this.anchoredTokens;
  }
}
