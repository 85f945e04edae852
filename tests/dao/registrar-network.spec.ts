import { toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { registeredProxies } from '../../sdk/protocol/root-config';
import { bodies, type CocoonRoot, ListingStatus, packRootData, parseRootData } from '../../wrappers';
import { hashOf } from '../support/keys';
import {
  accepted,
  createRegistrarWorld,
  FIRST,
  listing,
  numbered,
  PROXY,
  type RegistrarWorld,
  revoked,
  STAKE,
  statusOf,
  TERMS,
  update,
} from '../support/registrar-world';
import type { Attempt } from '../support/rejection';
import { exitCodeOf, sentBy, txOf } from '../support/trace';
import { passOn } from '../support/vault-stand-in';
import { dataOf, deployRoot, overwriteData, startEachTestFrom } from '../support/world';

/** From the operator's message to the root's registry and back. The Vault is a stand-in that passes on. */

let it: RegistrarWorld;
let root: SandboxContract<CocoonRoot>;

startEachTestFrom(async () => {
  it = await createRegistrarWorld();
  root = await deployRoot(it.world);
  const data = parseRootData(await dataOf(it.world, root.address));
  const images = [PROXY.imageHash, hashOf('other image')].map((hash) => hash.toString('hex'));
  const owner = it.vault.address;
  const registered = new Map([[1, '10.1.1.1:1']]);
  const inUse = { ...data, owner, proxyHashes: new Set(images), registeredProxies: registered, lastProxySeqno: 1 };
  await overwriteData(it.world, root.address, packRootData(inUse));
  return it.world;
});

const { requested, listed, refused, closing } = ListingStatus;
const registry = async () => parseRootData(await dataOf(it.world, root.address)).registeredProxies;
const send = async (message: Attempt) => passOn(it, root, await accepted(it, message));
const disallow = (name: string) => {
  const body = bodies.rootDelProxyType({ queryId: 1n, hash: hashOf(name) });
  return it.vault.send({ to: root.address, value: toNano('0.1'), body });
};

test('a listing reaches the registry, where runners find it beside those that were voted on', async () => {
  const [trace] = await send(listing(it));
  expect(exitCodeOf(txOf(trace!, root.address))).toBe(0);
  const { proxies, skipped } = registeredProxies(await registry());
  expect(skipped).toEqual([]);
  expect(proxies.map(({ seqno }) => seqno)).toEqual([1, FIRST]);
  expect(proxies[1]).toMatchObject({ workers: { host: '10.0.0.1', port: 5222 }, clients: { port: 8888 } });
  expect(await statusOf(it)).toBe(requested);
});

test('an image that the root does not allow is refused, and the stake is free at once', async () => {
  await send(listing(it, { imageHash: hashOf('nobody voted on it') }));
  expect(await statusOf(it)).toBe(refused);
  expect([...(await registry()).keys()]).toEqual([1]);
  const result = await accepted(it, numbered(it, 'withdraw', FIRST, { from: it.world.actors.stranger }));
  const [payout] = sentBy(txOf(result, it.registrar.address));
  expect(payout).toMatchObject({ op: 'payout', value: STAKE });
  expect(payout?.to.equals(it.operator.address)).toBe(true);
});

test('an update changes the entry; one to an image that is not allowed ends the listing and takes the entry away', async () => {
  await send(listing(it));
  await send(update(it, { imageHash: hashOf('other image'), endpoint: '10.9.9.9:9' }));
  expect((await registry()).get(FIRST)).toBe('10.9.9.9:9');
  await send(update(it, { imageHash: hashOf('nobody voted on it') }));
  expect(await statusOf(it)).toBe(closing);
  expect([...(await registry()).keys()]).toEqual([1]);
});

test('a recheck leaves an allowed proxy listed, and ends it once its image has lost its permission', async () => {
  await send(listing(it));
  const recheck = numbered(it, 'recheck', FIRST, { from: it.world.actors.stranger });
  await send(recheck);
  expect(await statusOf(it)).toBe(listed);
  await disallow('image');
  expect((await registry()).has(FIRST)).toBe(true);
  await send(recheck);
  expect(await statusOf(it)).toBe(closing);
  expect([...(await registry()).keys()]).toEqual([1]);
  it.world.advance(TERMS.closeDelay);
  await accepted(it, numbered(it, 'withdraw'));
});

test('unlisting and eviction take the entry away', async () => {
  await send(listing(it));
  await send(listing(it, { from: it.otherOperator }));
  await send(numbered(it, 'unlist'));
  it.world.advance(TERMS.period);
  await send(numbered(it, 'evict', FIRST + 1, { from: it.world.actors.stranger }));
  expect([...(await registry()).keys()]).toEqual([1]);
});

test('a listing that overtakes a revocation on its way is taken away again', async () => {
  await send(listing(it));
  const recheck = await accepted(it, numbered(it, 'recheck'));
  // The guardian revokes while the recheck is under way: the root hears of the revocation first.
  const removal = bodies.rootUnregisterProxy({ queryId: 1n, seqno: FIRST });
  await it.vault.send({ to: root.address, value: toNano('0.1'), body: removal });
  await passOn(it, root, recheck);
  expect((await registry()).has(FIRST)).toBe(true);
  await send(revoked(it));
  expect((await registry()).has(FIRST)).toBe(false);
});

test('a registry that has lost or kept an entry is put right by anybody', async () => {
  await send(listing(it));
  await it.vault.send({ to: root.address, value: toNano('0.1'), body: bodies.rootReset({ queryId: 1n }) });
  const hash = PROXY.imageHash;
  const allow = bodies.rootAddProxyType({ queryId: 1n, hash });
  await it.vault.send({ to: root.address, value: toNano('0.1'), body: allow });
  await send(numbered(it, 'recheck', FIRST, { from: it.world.actors.stranger }));
  expect((await registry()).get(FIRST)).toBe(PROXY.endpoint);
  // The removal gets lost, and the stake leaves all the same.
  await accepted(it, numbered(it, 'unlist'));
  it.world.advance(TERMS.closeDelay);
  await accepted(it, numbered(it, 'withdraw'));
  expect((await registry()).has(FIRST)).toBe(true);
  await send(numbered(it, 'recheck', FIRST, { from: it.world.actors.stranger }));
  expect((await registry()).has(FIRST)).toBe(false);
});

test("the root's part of a message takes a fraction of what is sent along, also with a full registry", async () => {
  const gas = await fillAndMeasure();
  expect(Math.max(...gas)).toBeLessThan(17_000);
});

/** Gas of a listing and of a removal at a root with 300 proxies of either kind and 64 images. */
async function fillAndMeasure(): Promise<number[]> {
  const data = parseRootData(await dataOf(it.world, root.address));
  for (let n = 0; n < 300; n += 1) {
    data.registeredProxies.set(n + 1, PROXY.endpoint).set(FIRST + 1 + n * 4_000, PROXY.endpoint);
  }
  for (let n = 0; n < 64; n += 1) data.proxyHashes.add(hashOf(`image ${n}`).toString('hex'));
  await overwriteData(it.world, root.address, packRootData(data));
  const traces = [...(await send(listing(it))), ...(await send(numbered(it, 'unlist')))];
  return traces.map((trace) => {
    const { computePhase } = txOf(trace, root.address).description as { computePhase: { gasUsed: bigint } } & object;
    return Number(computePhase.gasUsed);
  });
}
