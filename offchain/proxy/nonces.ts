import { randomBytes } from 'node:crypto';

interface Pending {
  owner: string;
  confirmed: boolean;
  waiter: (() => void) | undefined;
}

/**
 * Long authentication: a client proves that it owns its address by sending a nonce through its contract. Nonces are
 * random, unique among those pending, and bound to the address they were given to.
 */
export class Nonces {
  private readonly pending = new Map<bigint, Pending>();

  /** A fresh unsigned 64-bit nonce for `owner` (raw address). */
  issue(owner: string): bigint {
    let nonce = randomBytes(8).readBigUInt64LE();
    while (this.pending.has(nonce) || nonce === 0n) nonce = randomBytes(8).readBigUInt64LE();
    this.pending.set(nonce, { owner, confirmed: false, waiter: undefined });
    return nonce;
  }

  /** The chain has shown `nonce` coming from the contract of `owner`. Anything unexpected is ignored. */
  confirm(owner: string, nonce: bigint): void {
    const entry = this.pending.get(nonce);
    if (entry?.owner !== owner) return;
    entry.confirmed = true;
    entry.waiter?.();
  }

  /** Resolves when the nonce is confirmed. The message on chain may well come before the client asks. */
  confirmed(nonce: bigint): Promise<void> {
    const entry = this.pending.get(nonce);
    if (!entry) return Promise.reject(new Error('the nonce is no longer valid'));
    if (entry.confirmed) return Promise.resolve();
    return new Promise((resolve) => {
      entry.waiter = resolve;
    });
  }

  forget(nonce: bigint): void {
    this.pending.delete(nonce);
  }
}
