import { randomInt } from 'node:crypto';
import { type Clock, systemClock } from '../node/clock';
import { makeCertificate } from './certificate-make';
import { AttestationError } from './errors';
import type { AttestedCertificate, Attester } from './types';

/** The network's timer: every hour, up to five minutes later. */
const RENEW_EVERY_MS = 3_600_000;
const JITTER_MS = 300_000;
/** After a failure; the certificate in hand is good for most of a day. */
const RETRY_FIRST_MS = 10_000;
const RETRY_LONGEST_MS = 600_000;

export interface CertificateKeeperOptions {
  readonly attester: Attester;
  readonly clock?: Clock;
  /** Milliseconds from 0 to `limit`, added to the hour, so that a fleet does not renew at once. */
  readonly jitter?: (limit: number) => number;
  /** A renewal that failed; the present certificate stays in use and another try follows. */
  readonly onProblem?: (error: Error) => void;
}

/** Keeps a certificate that is always valid; makes a new one every hour. */
export class CertificateKeeper {
  readonly #options: Required<CertificateKeeperOptions>;
  readonly #listeners = new Set<(certificate: AttestedCertificate) => void>();
  #current: AttestedCertificate;
  #failures = 0;
  #cancel: (() => void) | undefined;
  #closed = false;

  /** Makes the first certificate. @throws AttestationError when this machine cannot attest itself */
  static async open(options: CertificateKeeperOptions): Promise<CertificateKeeper> {
    const all: Required<CertificateKeeperOptions> = {
      attester: options.attester,
      clock: options.clock ?? systemClock,
      jitter: options.jitter ?? ((limit) => randomInt(limit + 1)),
      onProblem: options.onProblem ?? (() => undefined),
    };
    return new CertificateKeeper(all, await makeCertificate(all.attester, all.clock.nowMs()));
  }

  private constructor(options: Required<CertificateKeeperOptions>, first: AttestedCertificate) {
    this.#options = options;
    this.#current = first;
    this.#schedule();
  }

  /** @throws AttestationError `CERTIFICATE_EXPIRED` when renewal has failed for a whole day */
  current(): AttestedCertificate {
    if (this.#options.clock.nowMs() >= this.#current.notAfterMs) {
      throw new AttestationError(
        'CERTIFICATE_EXPIRED',
        "This node's own certificate has expired, since no new quote could be made for a day. See the log for why",
      );
    }
    return this.#current;
  }

  /** Connections that stand keep their certificate; new ones should use the one the listener is given. */
  onRenewed(listener: (certificate: AttestedCertificate) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#listeners.clear();
  }

  #schedule(): void {
    const { clock, jitter } = this.#options;
    const delay =
      this.#failures === 0
        ? RENEW_EVERY_MS + jitter(JITTER_MS)
        : Math.min(RETRY_FIRST_MS * 2 ** (this.#failures - 1), RETRY_LONGEST_MS);
    this.#cancel = clock.after(delay, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { attester, clock } = this.#options;
    try {
      const next = await makeCertificate(attester, clock.nowMs());
      if (this.#closed) return;
      this.#current = next;
      this.#failures = 0;
      this.#tell(next);
    } catch (error) {
      if (this.#closed) return;
      this.#failures++;
      this.#problem(error);
    }
    this.#schedule();
  }

  #tell(certificate: AttestedCertificate): void {
    for (const listener of this.#listeners) {
      try {
        listener(certificate);
      } catch (error) {
        this.#problem(error);
      }
    }
  }

  #problem(error: unknown): void {
    this.#options.onProblem(error instanceof Error ? error : new Error(String(error)));
  }
}
