import { TransportError } from './errors';

/** The peer's proof of work, or its challenge, is not what the protocol asks for. */
export class ProofOfWorkError extends TransportError {
  readonly code = 'BAD_PROOF_OF_WORK';
  readonly retryable = false;
}

/** The server asks for more work than this side is willing to do (`max_pow_difficulty`), or for less than none. */
export class DifficultyError extends TransportError {
  readonly code = 'POW_DIFFICULTY_REFUSED';
  readonly retryable = false;
}

/** The TLS handshake failed: no common version or suite, a broken stream, an end in the middle. */
export class TlsHandshakeError extends TransportError {
  readonly code = 'TLS_HANDSHAKE_FAILED';
  readonly retryable = true;
}

/** The TLS handshake went through, but the certificate behind it is not one that this side accepts. */
export class PeerCertificateError extends TransportError {
  readonly code = 'PEER_CERTIFICATE_REFUSED';
  readonly retryable = false;
}

/** What the router said about its peer (`AttestedPeerInfo`) cannot be read. */
export class PeerInfoError extends TransportError {
  readonly code = 'BAD_PEER_INFO';
  readonly retryable = false;
}

/** Reply codes of RFC 1928; 0 is success. */
const SOCKS_REPLIES = {
  1: ['SOCKS_GENERAL_FAILURE', 'the router failed'],
  2: ['SOCKS_NOT_ALLOWED', 'the router does not allow this connection'],
  3: ['SOCKS_NETWORK_UNREACHABLE', 'the network is unreachable'],
  4: ['SOCKS_HOST_UNREACHABLE', 'the host is unreachable'],
  5: ['SOCKS_CONNECTION_REFUSED', 'the target refused the connection'],
  6: ['SOCKS_TTL_EXPIRED', 'the connection timed out'],
  7: ['SOCKS_COMMAND_NOT_SUPPORTED', 'the router does not know CONNECT'],
  8: ['SOCKS_ADDRESS_NOT_SUPPORTED', 'the router does not take this kind of address (it takes IPv4)'],
} as const;

type SocksReply = keyof typeof SOCKS_REPLIES;
export type SocksCode = (typeof SOCKS_REPLIES)[SocksReply][0] | 'SOCKS_PROTOCOL' | 'SOCKS_AUTHENTICATION_FAILED';

/** The router did not connect us. `code` says why, `reply` is the number it answered with, where it did. */
export class SocksError extends TransportError {
  readonly code: SocksCode;
  readonly reply: number | undefined;
  readonly retryable: boolean;

  constructor(code: SocksCode, message: string, reply?: number) {
    super(message);
    this.code = code;
    this.reply = reply;
    this.retryable = reply !== undefined && reply !== 2 && reply < 7;
  }

  /** For the reply code of a refused CONNECT. */
  static ofReply(reply: number): SocksError {
    const known = SOCKS_REPLIES[reply as SocksReply] as (typeof SOCKS_REPLIES)[SocksReply] | undefined;
    if (known === undefined) return new SocksError('SOCKS_PROTOCOL', `the router answered with reply ${reply}`, reply);
    return new SocksError(known[0], known[1], reply);
  }
}
