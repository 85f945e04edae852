import type { TlObject, TlType } from '@cocoon/sdk/protocol/tl/codec';
import { AddressTextError, parseTlAddress, tlAddress } from '@cocoon/sdk/protocol/tl-address';
import type { Address } from '@ton/core';
import type { Logger } from 'pino';
import type { PeerConnection } from '../transport/connection';
import { ConnectionClosedError } from '../transport/errors';
import type { PeerIdentity } from '../transport/security';
import type { ClientChainState } from './accounts';
import type { Books } from './books';
import { PeerViolation } from './errors';
import type { Nonces } from './nonces';
import type { Relay } from './relay';
import type { WorkerSide } from './request-parts';
import type { Scheduler } from './scheduler';
import type { VoucherBook } from './vouchers';

/** What the sessions with peers share. */
export interface PeerContext {
  books: Books;
  vouchers: VoucherBook;
  relay: Relay;
  scheduler: Scheduler<WorkerSide>;
  nonces: Nonces;
  logger: Logger;
  isTest: boolean;
  isTestnet: boolean;
  /** What is presumed of every client where there is no chain to ask; undefined: there is one. */
  presumedClient: ClientChainState | undefined;
  handshakeTimeoutMs: number;
  authTimeoutMs: number;
  rootVersion(): number;
  /** Resolves when the root is known at this version, or as far as it can be known now. */
  rootAtLeast(version: number): Promise<void>;
  /** Why the root does not let a worker with this image take part; undefined: it does, or none is attested. */
  imageProblem(peer: PeerIdentity): string | undefined;
  /** Why the root does not let this model (full name) be served; undefined: it does. */
  modelProblem(model: string): string | undefined;
  nextId(): number;
}

/** The only form peers of the live network accept: user-friendly, non-bounceable. */
export function wireAddress(context: Pick<PeerContext, 'isTestnet'>, address: Address): string {
  return tlAddress(address, context.isTestnet);
}

export function proxyParams(context: PeerContext, proto: number): TlType<'proxy.params'> {
  const { identity } = context.books;
  return {
    _: 'proxy.params',
    proxyPublicKey: identity.publicKey,
    proxyOwnerAddress: wireAddress(context, identity.owner),
    proxyScAddress: wireAddress(context, identity.address),
    isTest: context.isTest,
    ...(proto > 0 ? { protoVersion: proto } : {}),
  };
}

/** An address a peer sent. @throws PeerViolation naming the field */
export function readAddress(field: string, text: string): Address {
  try {
    return parseTlAddress(field, text);
  } catch (error) {
    if (error instanceof AddressTextError) throw new PeerViolation(error.message);
    throw error;
  }
}

/** Sends and says whether the connection still stood. @throws MessageTooLargeError */
export function sendTo(connection: PeerConnection, message: TlObject): boolean {
  try {
    connection.send(message);
    return true;
  } catch (error) {
    if (error instanceof ConnectionClosedError) return false;
    throw error;
  }
}
