import { createHash, timingSafeEqual } from 'node:crypto';
import { TonCode } from '@cocoon/sdk/errors';
import type { TlObject, TlType } from '@cocoon/sdk/protocol/tl/codec';
import { negotiate } from '@cocoon/sdk/protocol/versions';
import type { Address } from '@ton/core';
import type { ClientAccount } from './accounts';
import { PeerViolation } from './errors';
import { type PeerContext, proxyParams, readAddress, wireAddress } from './peer-context';

const NO_SECRET = Buffer.alloc(32);
const EMPTY_SECRET = createHash('sha256').update('').digest();

type State =
  | { name: 'start' }
  | { name: 'auth'; owner: Address; proto: number; nonce: bigint; secretHash: Buffer | undefined }
  | { name: 'waiting'; nonce: bigint }
  | { name: 'done' }
  | { name: 'failed' };

export interface ClientWelcome {
  account: ClientAccount;
  owner: Address;
  proto: number;
}

/**
 * The proxy's side of the client handshake: connectToProxy, then proof of identity, either the secret whose hash the
 * client's contract holds (short) or a nonce sent through that contract (long).
 *
 * Every refusal is a PeerViolation: the query is answered with it and the connection ends.
 */
export class ClientHandshake {
  private readonly context: PeerContext;
  private readonly welcome: (welcome: ClientWelcome) => void;
  private state: State = { name: 'start' };

  constructor(context: PeerContext, welcome: (welcome: ClientWelcome) => void) {
    this.context = context;
    this.welcome = welcome;
  }

  /** Whether the handshake waits for the chain, which may take minutes. */
  get patient(): boolean {
    return this.state.name === 'auth' || this.state.name === 'waiting';
  }

  async query(message: TlObject): Promise<TlObject> {
    try {
      if (message._ === 'client.connectToProxy') return await this.connect(message);
      if (message._ === 'client.authorizeWithProxyShort') return this.short(message);
      if (message._ === 'client.authorizeWithProxyLong') return await this.long();
      throw new PeerViolation(`${message._} before the handshake is complete`);
    } catch (error) {
      this.end('failed');
      throw error;
    }
  }

  /** The connection ended: a pending nonce is worth nothing any more. */
  abandon(): void {
    if (this.state.name !== 'done') this.end('failed');
  }

  private async connect({ params, minConfigVersion }: TlType<'client.connectToProxy'>): Promise<TlObject> {
    const { books, nonces, isTest, rootVersion, rootAtLeast, presumedClient } = this.context;
    await rootAtLeast(minConfigVersion);
    if (this.state.name !== 'start') throw new PeerViolation('connectToProxy was already sent');
    if (params.isTest === undefined) throw new PeerViolation('client.params must say is_test', TonCode.error);
    if (params.isTest !== isTest) {
      throw new PeerViolation(`the client has is_test=${params.isTest}, this proxy is_test=${isTest}`, TonCode.error);
    }
    const owner = readAddress('client_owner_address', params.clientOwnerAddress);
    if (minConfigVersion > rootVersion()) {
      throw new PeerViolation(
        `active config version is too low: the client knows ${minConfigVersion}, this proxy ${rootVersion()}`,
        TonCode.error,
      );
    }
    const proto = negotiate(params.minProtoVersion, params.maxProtoVersion, 0);
    if (proto === undefined) {
      throw new PeerViolation(
        `no common protocol version: the client speaks ${params.minProtoVersion}..${params.maxProtoVersion}`,
        TonCode.error,
      );
    }
    if (presumedClient) books.openClient(owner).observe(presumedClient);
    const account = books.clients.get(owner.toRawString());
    const state = account?.chain.state ?? 'unknown';
    if (state === 'closing' || state === 'closed')
      throw new PeerViolation(`the client contract ${account?.contract} is ${state}`, TonCode.notReady);
    const nonce = nonces.issue(owner.toRawString());
    const usable = presumedClient ? presumedClient.secretHash : account && usableSecret(account.chain.secretHash);
    const secretHash = state === 'normal' ? usable : undefined;
    this.state = { name: 'auth', owner, proto, nonce, secretHash };
    const wireNonce = BigInt.asIntN(64, nonce);
    return {
      _: 'client.connectedToProxy',
      params: proxyParams(this.context, proto),
      clientScAddress: wireAddress(this.context, books.identity.clientContract(owner)),
      auth: secretHash
        ? { _: 'client.proxyConnectionAuthShort', secretHash, nonce: wireNonce }
        : { _: 'client.proxyConnectionAuthLong', nonce: wireNonce },
      signedPayment: account ? this.payment(account) : { _: 'proxy.signedPaymentEmpty' },
    };
  }

  private short({ data }: TlType<'client.authorizeWithProxyShort'>): TlObject {
    if (this.state.name !== 'auth') throw new PeerViolation('authorization before connectToProxy');
    const { secretHash, owner, proto } = this.state;
    if (!secretHash)
      throw new PeerViolation('short authorization was not offered: the client contract has no secret hash set');
    const given = createHash('sha256').update(data).digest();
    if (!timingSafeEqual(given, secretHash)) throw new PeerViolation('sha256 mismatch', TonCode.error);
    return this.succeed(owner, proto);
  }

  private async long(): Promise<TlObject> {
    if (this.state.name !== 'auth') throw new PeerViolation('authorization before connectToProxy');
    const { nonce, owner, proto } = this.state;
    this.state = { name: 'waiting', nonce };
    await this.context.nonces.confirmed(nonce);
    return this.succeed(owner, proto);
  }

  private succeed(owner: Address, proto: number): TlObject {
    const account = this.context.books.openClient(owner);
    this.end('done');
    this.welcome({ account, owner, proto });
    return {
      _: 'client.authorizationWithProxySuccess',
      signedPayment: this.payment(account),
      tokensCommittedToDb: account.levels.written,
      maxTokens: account.levels.max,
    };
  }

  private payment(account: ClientAccount): TlType<'proxy.signedPayment'> {
    return { _: 'proxy.signedPayment', data: this.context.vouchers.charge(account).data };
  }

  private end(name: 'done' | 'failed'): void {
    if (this.state.name === 'auth' || this.state.name === 'waiting') this.context.nonces.forget(this.state.nonce);
    this.state = { name };
  }
}

/** A contract with no secret, or with the hash of the empty one that anybody knows (B24), must authenticate on chain. */
function usableSecret(hash: Buffer): Buffer | undefined {
  return hash.equals(NO_SECRET) || hash.equals(EMPTY_SECRET) ? undefined : hash;
}
