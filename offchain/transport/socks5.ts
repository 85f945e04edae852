import { isIPv4 } from 'node:net';
import type { Duplex } from 'node:stream';
import { readExactly } from './read-exactly';
import type { Target } from './security';
import { SocksError } from './security-errors';

/**
 * The client half of SOCKS5 (RFC 1928, 1929), as far as the router speaks it: CONNECT, IPv4, without authentication or
 * with a policy's name as the user.
 */
const VERSION = 5;
const AUTH_VERSION = 1;
const CONNECT = 1;
const METHOD = { none: 0, password: 2, refused: 0xff } as const;
const ADDRESS = { ipv4: 1, domain: 3, ipv6: 4 } as const;
const MAX_NAME_BYTES = 255;

export interface SocksRequest {
  readonly target: Target;
  /** Name of the router's policy for this connection; without it the port's own policy holds. */
  readonly policy?: string;
}

/** @throws SocksError for what the router cannot connect to; nothing was sent then */
export function requireSocksTarget({ host, port }: Target): void {
  if (!isIPv4(host)) throw new SocksError('SOCKS_ADDRESS_NOT_SUPPORTED', `the router takes IPv4 only, not "${host}"`);
  if (!Number.isInteger(port) || port < 1 || port > 0xffff) {
    throw new SocksError('SOCKS_ADDRESS_NOT_SUPPORTED', `${port} is no port`);
  }
}

export function encodeGreeting(policy: string | undefined): Buffer {
  return Buffer.from([VERSION, 1, policy === undefined ? METHOD.none : METHOD.password]);
}

/** The password is never looked at; the form asks for at least one byte of it. @throws SocksError */
export function encodeLogin(policy: string): Buffer {
  const user = Buffer.from(policy);
  if (user.length === 0 || user.length > MAX_NAME_BYTES) {
    throw new SocksError('SOCKS_AUTHENTICATION_FAILED', `a policy's name has 1 to ${MAX_NAME_BYTES} bytes`);
  }
  return Buffer.concat([Buffer.from([AUTH_VERSION, user.length]), user, Buffer.from([1, 0x2d])]);
}

export function encodeConnect({ host, port }: Target): Buffer {
  const bytes = Buffer.from([VERSION, CONNECT, 0, ADDRESS.ipv4, ...host.split('.').map(Number), 0, 0]);
  bytes.writeUInt16BE(port, 8);
  return bytes;
}

function requireVersion(version: number, expected: number): void {
  if (version === expected) return;
  throw new SocksError('SOCKS_PROTOCOL', `the router speaks version ${version}, ${expected} was expected`);
}

/** Goes through the dialogue; afterwards the stream is the router's own, towards the target. @throws SocksError */
export async function connectThrough(stream: Duplex, { target, policy }: SocksRequest): Promise<void> {
  requireSocksTarget(target);
  const login = policy === undefined ? undefined : encodeLogin(policy);
  stream.write(encodeGreeting(policy));
  const [version, method] = await readExactly(stream, 2, "the router's choice of method");
  requireVersion(version!, VERSION);
  if (method === METHOD.refused) {
    const wanted = policy === undefined ? 'connections without a policy name' : 'policy names';
    throw new SocksError('SOCKS_AUTHENTICATION_FAILED', `the router does not take ${wanted} on this port`);
  }
  if (method !== (login ? METHOD.password : METHOD.none)) {
    throw new SocksError('SOCKS_PROTOCOL', `the router chose method ${method}, which was not offered`);
  }
  if (login) {
    stream.write(login);
    const [authVersion, status] = await readExactly(stream, 2, 'the verdict on the policy name');
    requireVersion(authVersion!, AUTH_VERSION);
    if (status !== 0)
      throw new SocksError('SOCKS_AUTHENTICATION_FAILED', `the router has no policy "${policy}" for us`);
  }
  stream.write(encodeConnect(target));
  await readReply(stream);
}

async function readReply(stream: Duplex): Promise<void> {
  const [version, reply, reserved, kind] = await readExactly(stream, 4, "the router's reply");
  requireVersion(version!, VERSION);
  if (reply !== 0) throw SocksError.ofReply(reply!);
  if (reserved !== 0) throw new SocksError('SOCKS_PROTOCOL', `the reserved byte of the reply is ${reserved}`);
  // The address that the router bound is read, so that the stream stands behind it, and not used.
  await readExactly(stream, (await addressBytes(stream, kind!)) + 2, "the router's address");
}

async function addressBytes(stream: Duplex, kind: number): Promise<number> {
  if (kind === ADDRESS.ipv4) return 4;
  if (kind === ADDRESS.ipv6) return 16;
  if (kind === ADDRESS.domain) return (await readExactly(stream, 1, "the length of the router's name"))[0]!;
  throw new SocksError('SOCKS_PROTOCOL', `the reply has an address of unknown kind ${kind}`);
}
