import { type CocoonParams, clientStateInit, proxyStateInit, stateInitAddress, workerStateInit } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import type { Prices } from './accounts';

export interface IdentityOptions {
  owner: Address;
  /** Ed25519 public key that verifies this proxy's vouchers, 32 bytes. */
  publicKey: Buffer;
  root: Address;
  /** The parameters the proxy contract was deployed with; they never change for one contract. */
  params: CocoonParams;
}

/** Derivations are two SHA-256 trees each; peers reconnect, so the last few thousand are remembered. */
const CACHE_LIMIT = 4096;

/** Who this proxy is on chain, and which child contract belongs to which owner. */
export class ProxyIdentity {
  readonly owner: Address;
  readonly publicKey: Buffer;
  readonly root: Address;
  readonly params: CocoonParams;
  readonly address: Address;
  readonly init: ReturnType<typeof proxyStateInit>;
  private readonly clients = new Map<string, Address>();
  private readonly workers = new Map<string, Address>();

  /** @throws when the parameters carry no proxy code: the root is not ready for proxies */
  constructor(options: IdentityOptions) {
    const { owner, publicKey, root, params } = options;
    if (!params.proxyCode || !params.clientCode || !params.workerCode) {
      throw new Error(
        'the root contract carries no proxy, client or worker code yet; upload them with the upgrade_contracts script',
      );
    }
    this.owner = owner;
    this.publicKey = publicKey;
    this.root = root;
    this.params = params;
    this.init = proxyStateInit({ owner, publicKey, root, params, proxyCode: params.proxyCode });
    this.address = stateInitAddress(this.init);
  }

  get prices(): Prices {
    return this.params;
  }

  clientContract(owner: Address): Address {
    return this.derive(this.clients, owner, () => stateInitAddress(clientStateInit(this.child(owner))));
  }

  workerContract(owner: Address): Address {
    return this.derive(this.workers, owner, () => stateInitAddress(workerStateInit(this.child(owner))));
  }

  private child(owner: Address) {
    return { owner, proxy: this.address, publicKey: this.publicKey, params: this.params };
  }

  private derive(cache: Map<string, Address>, owner: Address, compute: () => Address): Address {
    const key = owner.toRawString();
    const known = cache.get(key);
    if (known) return known;
    if (cache.size >= CACHE_LIMIT) cache.clear();
    const address = compute();
    cache.set(key, address);
    return address;
  }
}
