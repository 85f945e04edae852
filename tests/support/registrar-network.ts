import { Address, beginCell, type Cell, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { type CocoonRoot, initialVaultData, Op, packRootData, packVaultData, parseRootData } from '../../wrappers';
import { hashOf } from './keys';
import type { Prices } from './price-sets';
import { createRegistrarWorld, DAY, PROXY, type RegistrarWorld } from './registrar-world';
import { type Actor, codeOf, dataOf, deployRoot, overwriteData, putContract } from './world';

/** Registrar, Vault and root as they stand together, the Vault set up and the root its own. */
export interface RegistrarNetwork {
  it: RegistrarWorld;
  root: SandboxContract<CocoonRoot>;
  vault: Address;
  guardian: Actor;
  registry(): Promise<Map<number, string>>;
  /** Rewrites the Vault's data with this registrar; null: none. */
  appoint(registrar: Address | null): Promise<void>;
}

/** Images that the root allows at first: that of the listings, and another. */
export const OTHER_IMAGE = hashOf('other image');

export async function createRegistrarNetwork(prices: Prices = 'current'): Promise<RegistrarNetwork> {
  const vault = new Address(0, hashOf('the Vault'));
  const it = await createRegistrarWorld({ prices, vault });
  const guardian = await it.world.chain.treasury('guardian');
  const root = await deployRoot(it.world);
  const data = parseRootData(await dataOf(it.world, root.address));
  const images = [PROXY.imageHash, OTHER_IMAGE].map((hash) => hash.toString('hex'));
  const registeredProxies = new Map([[1, '10.1.1.1:1']]);
  const inUse = { proxyHashes: new Set(images), registeredProxies, lastProxySeqno: 1 };
  await overwriteData(it.world, root.address, packRootData({ ...data, ...inUse, owner: vault }));
  const appoint = (registrar: Address | null) => {
    const data = vaultData({ it, root: root.address, registrar, guardian: guardian.address });
    return putContract(it.world, { address: vault, code: codeOf('vault'), data, balance: toNano('100') });
  };
  await appoint(it.registrar.address);
  const registry = async () => parseRootData(await dataOf(it.world, root.address)).registeredProxies;
  return { it, root, vault, guardian, registry, appoint };
}

/** A Vault in use: limits as by default, nothing waits. */
function vaultData(opts: { it: RegistrarWorld; root: Address; registrar: Address | null; guardian: Address }): Cell {
  const deployer = opts.it.world.actors.rootOwner.address;
  return packVaultData({
    ...initialVaultData({ root: opts.root, deployer }),
    successor: null,
    governor: deployer,
    registrar: opts.registrar,
    guardian: opts.guardian,
    guardianUntil: opts.it.world.now() + 365 * DAY,
  });
}

/** The guardian takes something off the root's lists. */
export function revocation(network: RegistrarNetwork, body: Cell) {
  const revoke = beginCell().storeUint(Op.vaultRevoke, 32).storeUint(5, 64).storeRef(body).endCell();
  return { from: network.guardian, to: network.vault, value: toNano('1'), body: revoke };
}
