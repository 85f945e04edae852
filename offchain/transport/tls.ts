import { constants, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { CertificateSource, PeerVerifier, VerifiedPeer } from './attestation';
import { asError, ConnectionClosedError } from './errors';
import { PeerCertificateError, TlsHandshakeError } from './security-errors';

/**
 * TLS 1.3 between two attested peers, on top of a socket that is already open. Both show a self-signed certificate; what
 * it is worth is decided by the verifier, not by a certificate authority. Nobody gets the stream before that decision,
 * so no application byte is read from, or written to, a peer that was not accepted.
 *
 * A handshake is given up, by the caller, by destroying the socket, never the stream on it: Node 24 crashes when both are
 * destroyed in the turn in which the handshake ends, the socket first. Once the stream is handed out it is the other way
 * round: only the stream is destroyed.
 */
export interface AttestedTlsOptions {
  readonly certificates: CertificateSource;
  readonly verifier: PeerVerifier;
}

/**
 * OpenSSL's complaints that every attested certificate earns: it signs itself, and says things that OpenSSL cannot read.
 * Node has no name for the second (X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION), nor for some rarer ones; OpenSSL looks at
 * dates and purpose later and tells its last complaint, and which extensions may be there is for the verifier to say.
 */
const TOLERATED = new Set(['DEPTH_ZERO_SELF_SIGNED_CERT', 'UNHANDLED_CRITICAL_EXTENSION', 'UNSPECIFIED']);
/** DER of an Ed25519 SubjectPublicKeyInfo before the 32 bytes of the key. */
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Fresh for every handshake, so that a renewed certificate is used by the next one and standing ones stay as they are. */
function sessionOptions({ certificates }: AttestedTlsOptions) {
  const { keyPem, certPem } = certificates.current();
  return {
    key: keyPem,
    cert: certPem,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384',
    secureOptions: constants.SSL_OP_NO_TICKET,
    // Not "anything goes": OpenSSL would refuse every self-signed certificate, so requirePeer() decides instead.
    rejectUnauthorized: false,
  } as const;
}

/** The dialer's handshake. @throws TlsHandshakeError, PeerCertificateError */
export async function dialTls(
  socket: Socket,
  options: AttestedTlsOptions,
): Promise<{ stream: TLSSocket; verified: VerifiedPeer }> {
  // No server name is sent. The name in a self-signed certificate proves nothing, so the verifier looks at it, not TLS.
  const stream = connect({ ...sessionOptions(options), socket, checkServerIdentity: () => undefined });
  await handshake(socket, stream, (done) => stream.once('secureConnect', done));
  return { stream, verified: await requirePeer(stream, options.verifier, 'server') };
}

/** The acceptor's handshake. @throws TlsHandshakeError, PeerCertificateError */
export async function acceptTls(
  socket: Socket,
  options: AttestedTlsOptions,
): Promise<{ stream: TLSSocket; verified: VerifiedPeer }> {
  // A server that never listens: it is what runs a handshake on a given socket and tells what OpenSSL made of the peer.
  const server = createServer({ ...sessionOptions(options), requestCert: true });
  const stream = await new Promise<TLSSocket>((resolve, reject) => {
    const lost = (): void => reject(new TlsHandshakeError('the socket was closed during the TLS handshake'));
    socket.once('close', lost);
    server.once('tlsClientError', (error) => reject(new TlsHandshakeError(`TLS: ${error.message}`, error)));
    server.once('secureConnection', (secured) => {
      socket.off('close', lost);
      swallowErrors(secured);
      resolve(secured);
    });
    server.emit('connection', socket);
  });
  return { stream, verified: await requirePeer(stream, options.verifier, 'client') };
}

/** A stream that nobody listens to yet must not take the process down; its owner sees that it is destroyed. */
function swallowErrors(stream: TLSSocket): void {
  stream.on('error', () => undefined);
}

function handshake(socket: Socket, stream: TLSSocket, onDone: (done: () => void) => void): Promise<void> {
  swallowErrors(stream);
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(new TlsHandshakeError(`TLS: ${error.message}`, error));
    const lost = (): void => reject(new TlsHandshakeError('the socket was closed during the TLS handshake'));
    stream.once('error', failed);
    socket.once('close', lost);
    onDone(() => {
      stream.off('error', failed);
      socket.off('close', lost);
      resolve();
    });
  });
}

/** Resolves when the peer of this very connection is accepted. */
async function requirePeer(
  stream: TLSSocket,
  verifier: PeerVerifier,
  role: 'server' | 'client',
): Promise<VerifiedPeer> {
  try {
    const certificate = ownCertificate(stream, role);
    const verified = await orClosed(stream, verifier.verify(certificate.raw, role));
    if (!verified.publicKey.equals(ed25519Key(certificate))) {
      throw new PeerCertificateError('the key that was verified is not the key of this connection');
    }
    return verified;
  } catch (error) {
    if (error instanceof PeerCertificateError || error instanceof ConnectionClosedError) throw error;
    throw new PeerCertificateError(`the ${role}'s certificate is refused: ${asError(error).message}`, error);
  }
}

/** What the peer proved in the handshake that it has the key of. */
function ownCertificate(stream: TLSSocket, role: 'server' | 'client'): X509Certificate {
  if (stream.isSessionReused()) throw new PeerCertificateError('the peer resumed a session instead of proving itself');
  const certificate = stream.getPeerX509Certificate();
  if (!certificate) throw new PeerCertificateError(`the ${role} showed no certificate`);
  // Node has the code of the failed check here, whatever the types say.
  const complaint = stream.authorizationError as unknown as string | undefined | null;
  if (complaint && !TOLERATED.has(complaint)) throw new PeerCertificateError(`the certificate is bad: ${complaint}`);
  // OpenSSL takes a certificate that names itself as its issuer for self-signed, without looking at the signature.
  if (!certificate.verify(certificate.publicKey)) {
    throw new PeerCertificateError('the certificate is not signed by its own key');
  }
  return certificate;
}

function ed25519Key({ publicKey }: X509Certificate): Buffer {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  if (!spki.subarray(0, -32).equals(ED25519_SPKI_PREFIX)) {
    throw new PeerCertificateError('the key of the certificate is not Ed25519');
  }
  return spki.subarray(-32);
}

/** The verdict, unless the connection ends first: then nobody waits for it. */
function orClosed<T>(stream: TLSSocket, verdict: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onClose = (): void =>
      reject(new ConnectionClosedError('the connection was closed while its peer was verified'));
    if (stream.destroyed) onClose();
    stream.once('close', onClose);
    verdict.then(resolve, reject).finally(() => stream.off('close', onClose));
  });
}
