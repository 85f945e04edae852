import type { Message } from '@ton/core';
import { internal } from '@ton/sandbox';
import { registeredProxies } from '../../sdk/protocol/root-config';
import { bodies, ExitCode, ListingStatus, packRootData, parseRootData } from '../../wrappers';
import { conserving } from '../support/conservation';
import { hashOf } from '../support/keys';
import { PRICES } from '../support/price-sets';
import { createRegistrarNetwork, OTHER_IMAGE, type RegistrarNetwork, revocation } from '../support/registrar-network';
import {
  accepted,
  FIRST,
  listing,
  numbered,
  PROXY,
  type RegistrarWorld,
  STAKE,
  statusOf,
  TERMS,
  update,
} from '../support/registrar-world';
import { type Attempt, deliver } from '../support/rejection';
import { exitCodeOf, sentBy, txOf, txsOf } from '../support/trace';
import { balanceOf, dataOf, overwriteData, startEachTestFrom } from '../support/world';

/** From the operator's message through the Vault to the root's registry, and back. */

let network: RegistrarNetwork;
let it: RegistrarWorld;

startEachTestFrom(async () => {
  network = await createRegistrarNetwork();
  it = network.it;
  return it.world;
});

const { requested, listed, refused, closing, revoked } = ListingStatus;
const send = (message: Attempt) => accepted(it, message);
const stranger = () => ({ from: it.world.actors.stranger });
const numbers = async () => [...(await network.registry()).keys()];
const disallow = (hash: Buffer) =>
  deliver(it.world, revocation(network, bodies.rootDelProxyType({ queryId: 1n, hash })));
const removal = (seqno = FIRST) => revocation(network, bodies.rootUnregisterProxy({ queryId: 1n, seqno }));

test('a listing reaches the registry, where runners find it beside those that were voted on', async () => {
  const treasury = await balanceOf(it.world, network.vault);
  const { result, fees } = await conserving(it.world, () => deliver(it.world, listing(it)));
  expect(exitCodeOf(txOf(result, network.root.address))).toBe(0);
  const { proxies, skipped } = registeredProxies(await network.registry());
  expect(skipped).toEqual([]);
  expect(proxies.map(({ seqno }) => seqno)).toEqual([1, FIRST]);
  expect(proxies[1]).toMatchObject({ workers: { host: '10.0.0.1', port: 5222 }, clients: { port: 8888 } });
  expect(await statusOf(it)).toBe(requested);
  // Rent, and what the root did not use.
  expect(await balanceOf(it.world, network.vault)).toBeGreaterThan(treasury + TERMS.rent);
  expect(fees).toBeLessThan(30_000_000n);
});

test('an image that the root does not allow is refused, and the stake is free at once', async () => {
  const result = await send(listing(it, { imageHash: hashOf('nobody voted on it') }));
  expect(exitCodeOf(txOf(result, network.root.address))).toBe(ExitCode.unknownProxyType);
  expect(await statusOf(it)).toBe(refused);
  expect(await numbers()).toEqual([1]);
  const withdrawal = await send(numbered(it, 'withdraw', FIRST, stranger()));
  const [payout] = sentBy(txOf(withdrawal, it.registrar.address));
  expect(payout).toMatchObject({ op: 'payout', value: STAKE });
  expect(payout?.to.equals(it.operator.address)).toBe(true);
});

test('an update changes the entry; one to an image that is not allowed ends the listing and takes the entry away', async () => {
  await send(listing(it));
  await send(update(it, { imageHash: OTHER_IMAGE, endpoint: '10.9.9.9:9' }));
  expect((await network.registry()).get(FIRST)).toBe('10.9.9.9:9');
  await send(update(it, { imageHash: hashOf('nobody voted on it') }));
  expect(await statusOf(it)).toBe(closing);
  expect(await numbers()).toEqual([1]);
});

test('a recheck leaves an allowed proxy listed, and ends it once its image has lost its permission', async () => {
  await send(listing(it));
  const recheck = numbered(it, 'recheck', FIRST, stranger());
  await send(recheck);
  expect(await statusOf(it)).toBe(listed);
  await disallow(PROXY.imageHash);
  expect(await numbers()).toEqual([1, FIRST]);
  await send(recheck);
  expect(await statusOf(it)).toBe(closing);
  expect(await numbers()).toEqual([1]);
  it.world.advance(TERMS.closeDelay);
  await send(numbered(it, 'withdraw'));
});

test('unlisting and eviction take the entry away', async () => {
  await send(listing(it));
  await send(listing(it, { from: it.otherOperator }));
  await send(numbered(it, 'unlist'));
  it.world.advance(TERMS.period);
  await send(numbered(it, 'evict', FIRST + 1, stranger()));
  expect(await numbers()).toEqual([1]);
});

test("the guardian's revocation ends a listing", async () => {
  await send(listing(it));
  await send(removal());
  expect(await statusOf(it)).toBe(revoked);
  expect(await numbers()).toEqual([1]);
  it.world.advance(TERMS.closeDelay);
  await send(numbered(it, 'withdraw'));
});

test('a listing that overtakes a revocation on its way to the root is taken away again', async () => {
  await send(listing(it));
  const parallel = { allowParallel: true };
  const recheck = await it.world.chain.sendMessageIter(asMessage(numbered(it, 'recheck')), parallel);
  await recheck.next();
  // The guardian revokes while the recheck is on its way to the Vault; the registrar has not heard of it yet.
  const revoke = await it.world.chain.sendMessageIter(asMessage(removal()), parallel);
  await revoke.next();
  await revoke.next();
  expect(await numbers()).toEqual([1]);
  for await (const _ of recheck);
  expect(await statusOf(it)).toBe(listed);
  expect(await numbers()).toEqual([1, FIRST]);
  for await (const _ of revoke);
  expect(await statusOf(it)).toBe(revoked);
  expect(await numbers()).toEqual([1]);
});

function asMessage({ from, to, value, body }: Attempt): Message {
  return internal({ from: 'address' in from ? from.address : from, to, value, body, bounce: true });
}

test('a registry that has lost or kept an entry is put right by anybody', async () => {
  await send(listing(it));
  const data = parseRootData(await dataOf(it.world, network.root.address));
  const empty = packRootData({ ...data, registeredProxies: new Map() });
  await overwriteData(it.world, network.root.address, empty);
  await send(numbered(it, 'recheck', FIRST, stranger()));
  expect((await network.registry()).get(FIRST)).toBe(PROXY.endpoint);
  // While the DAO has taken the permission away nothing reaches the root, and the stake leaves all the same.
  await network.appoint(null);
  await send(numbered(it, 'unlist'));
  it.world.advance(TERMS.closeDelay);
  await send(numbered(it, 'withdraw'));
  expect(await numbers()).toEqual([FIRST]);
  await network.appoint(it.registrar.address);
  await send(numbered(it, 'recheck', FIRST, stranger()));
  expect(await numbers()).toEqual([]);
});

test('a Vault that obeys another registrar refuses a first listing, and its stake is free at once', async () => {
  await network.appoint(it.otherOperator.address);
  const result = await send(listing(it));
  expect(txsOf(result, network.vault).map(exitCodeOf)).toEqual([0, ExitCode.notRegistrar]);
  expect(await statusOf(it)).toBe(refused);
  await send(numbered(it, 'withdraw'));
});

describe.each(PRICES)('at %s prices', (prices) => {
  test('what goes along with a listing pays for the refusal and the removal after it, the operator for no more', async () => {
    const dear = await createRegistrarNetwork(prices);
    const { world, registrar } = dear.it;
    const value = await registrar.getListingValue({ stake: STAKE, periods: 1 });
    await accepted(dear.it, listing(dear.it, { value }));
    expect([...(await dear.registry()).keys()]).toEqual([1, FIRST]);
    const hash = PROXY.imageHash;
    const revoke = revocation(dear, bodies.rootDelProxyType({ queryId: 1n, hash }));
    await accepted(dear.it, { ...revoke, value: 100_000_000_000n });
    const recheck = { value: await registrar.getOperationValue(), from: world.actors.stranger };
    const { gain } = await conserving(world, () => deliver(world, numbered(dear.it, 'recheck', FIRST, recheck)));
    expect(await statusOf(dear.it)).toBe(closing);
    expect([...(await dear.registry()).keys()]).toEqual([1]);
    expect(gain(registrar.address)).toBe(0n);
    expect(gain(dear.vault)).toBeGreaterThanOrEqual(0n);
  });
});

test("the root's part of a message takes a fraction of what is sent along, also with a full registry", async () => {
  const data = parseRootData(await dataOf(it.world, network.root.address));
  for (let n = 0; n < 300; n += 1) {
    data.registeredProxies.set(n + 1, PROXY.endpoint).set(FIRST + 1 + n * 4_000, PROXY.endpoint);
  }
  for (let n = 0; n < 64; n += 1) data.proxyHashes.add(hashOf(`image ${n}`).toString('hex'));
  await overwriteData(it.world, network.root.address, packRootData(data));
  for (const message of [listing(it), numbered(it, 'unlist')]) {
    const { description } = txOf(await send(message), network.root.address);
    const { computePhase } = description as { computePhase: { gasUsed: bigint } } & typeof description;
    expect(Number(computePhase.gasUsed)).toBeLessThan(17_000);
  }
});
