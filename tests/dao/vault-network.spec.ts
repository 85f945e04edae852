import { beginCell, type Cell, toNano } from '@ton/core';
import type { BlockchainTransaction, SendMessageResult } from '@ton/sandbox';
import { bodies, ExitCode, Op, vaultBodies } from '../../wrappers';
import { conserving } from '../support/conservation';
import { hashOf } from '../support/keys';
import { expectRejection } from '../support/rejection';
import { hex } from '../support/root-world';
import { sentBy } from '../support/trace';
import {
  actsOf,
  createVaultWorld,
  DAY,
  exitsOf,
  firstTx,
  given,
  libraryCell,
  logsOf,
  messageFrom,
  removals,
  rentOf,
  takenBy,
  VALUE,
  type VaultWorld,
} from '../support/vault-world';
import { startEachTestFrom } from '../support/world';

/** What reaches the root without a vote: the guardian's removals, and what the registrar lists. */

let it: VaultWorld;
let act: ReturnType<typeof actsOf>;

startEachTestFrom(async () => {
  it = await createVaultWorld();
  act = actsOf(it);
  return it.world;
});

const put = (seqno = 1_000_005, image = 'proxy 1', endpoint = '10.0.0.5:1') =>
  bodies.rootPutProxy({ queryId: 33n, seqno, imageHash: hashOf(image), endpoint });
const remove = (seqno = 1_000_001) => bodies.rootUnregisterProxy({ queryId: 33n, seqno });
/** The bits of a body, longer or shorter. */
const cut = (body: Cell, bits: number) =>
  beginCell()
    .storeBits(body.bits.substring(0, body.bits.length - bits))
    .endCell();
const longer = (body: Cell, bits = 1) => beginCell().storeBits(body.bits).storeUint(0, bits).endCell();
const withOp = (op: number, body: Cell) =>
  beginCell().storeUint(op, 32).storeSlice(body.beginParse().skip(32)).endCell();
const withRef = (body: Cell) => beginCell().storeBits(body.bits).storeRef(beginCell()).endCell();

/** The root obeys somebody else. */
async function loseRoot(): Promise<void> {
  const body = bodies.rootChangeOwner({ queryId: 1n, newOwner: it.people.payee.address });
  await it.world.chain.sendMessage(messageFrom(it.vault.address, it.root.address, body));
}

/** Bodies that nobody without a vote may send. */
const never: [string, () => Cell][] = [
  ['nothing', () => beginCell().endCell()],
  ['an operation alone', () => cut(removals.model, 320)],
  ['an addition of a model', () => bodies.rootAddModelType({ queryId: 1n, hash: hashOf('x') })],
  ['an addition of an image', () => bodies.rootAddProxyType({ queryId: 1n, hash: hashOf('x') })],
  ['an addition of a worker image', () => bodies.rootAddWorkerType({ queryId: 1n, hash: hashOf('x') })],
  ['a registration', () => bodies.rootRegisterProxy({ queryId: 1n, endpoint: 'x' })],
  ['a reset', () => bodies.rootReset({ queryId: 1n })],
  ['another owner', () => bodies.rootChangeOwner({ queryId: 1n, newOwner: it.people.guardian.address })],
  ['another price', () => bodies.rootChangePrice({ queryId: 1n, pricePerToken: 1n, workerFeePerToken: 1n })],
  ['another code', () => bodies.rootUpgrade({ queryId: 1n, code: beginCell().endCell() })],
  ['an unknown operation of the right size', () => beginCell().storeUint(5, 96).storeUint(1, 256).endCell()],
];

describe('a removal by the guardian', () => {
  const refused = (body: Cell) => {
    const message = vaultBodies.vaultRevoke({ queryId: 9n, body });
    const attempt = { from: it.people.guardian, to: it.vault.address, value: VALUE, body: message };
    return expectRejection(it.world, attempt, ExitCode.guardianLimit);
  };

  test('of an image, a model and a proxy happens at once', async () => {
    for (const body of [removals.worker, removals.proxy, removals.model]) {
      expect(exitsOf(it, await act.revoke(body))).toEqual([0, 0]);
    }
    const data = await it.root.getStorage();
    expect(data.workerHashes).toEqual(new Set());
    expect(data.proxyHashes).toEqual(new Set());
    expect(data.modelHashes).toEqual(new Set([hex('model 2')]));
    const result = await act.revoke(removals.listing);
    expect((await it.root.getStorage()).registeredProxies.size).toBe(0);
    const [told] = takenBy(it.people.registrar.address, result);
    expect(told!.body.equals(vaultBodies.registryRevoked({ queryId: 9n, seqno: 1_000_001 }))).toBe(true);
    expect((await it.vault.getData()).revokes).toBe(4);
  });

  test("is paid by the guardian, and what the root returns is the treasury's", async () => {
    const { result, gain } = await conserving(it.world, () => act.revoke(removals.listing));
    expect(sentBy(firstTx(it, result)).map(({ op, mode }) => [op, mode])).toEqual([
      ['rootUnregisterProxy', 17],
      ['registryRevoked', 17],
      ['stakeExcess', 130],
    ]);
    expect(gain(it.vault.address)).toBeGreaterThan(-rentOf(it.vault.address, result));
    expect(gain(it.people.guardian.address)).toBeGreaterThan(-toNano('0.03'));
  });

  test('of a proxy that a vote has listed tells nobody', async () => {
    const result = await act.revoke(bodies.rootUnregisterProxy({ queryId: 1n, seqno: 999_999 }));
    expect(takenBy(it.people.registrar.address, result)).toEqual([]);
  });

  test('tells nobody where there is no registrar', async () => {
    await given(it, { registrar: null });
    expect(exitsOf(it, await act.revoke(removals.listing))).toEqual([0, 0]);
  });

  test("that the root refuses is logged: its coins are not the registrar's", async () => {
    await loseRoot();
    const result = await act.revoke(removals.listing);
    expect(logsOf(it, result)).toEqual([{ kind: 'actionBounced', queryId: 5n, op: Op.rootUnregisterProxy }]);
    expect(takenBy(it.people.registrar.address, result)).toHaveLength(1);
  });

  test('can be made eight times a UTC day', async () => {
    // To the last second of a day.
    it.world.advance(DAY - (it.world.now() % DAY) - 1);
    for (let count = 0; count < 8; count += 1) expect(exitsOf(it, await act.revoke(removals.model))[0]).toBe(0);
    await refused(removals.model);
    it.world.advance(1);
    for (let count = 0; count < 8; count += 1) expect(exitsOf(it, await act.revoke(removals.model))[0]).toBe(0);
    await refused(removals.model);
  });

  test('needs a value that pays for all of it', async () => {
    const body = vaultBodies.vaultRevoke({ queryId: 9n, body: removals.listing });
    const attempt = { from: it.people.guardian, to: it.vault.address, value: toNano('0.02'), body };
    await expectRejection(it.world, attempt, ExitCode.lowMsgValue);
  });

  test.each([
    ...never,
    ['a listing', () => put()],
    ['an update', () => bodies.rootUpdateProxy({ queryId: 1n, seqno: 1, endpoint: 'x' })],
    ['a removal of a model with a bit more', () => longer(removals.model)],
    ['a removal of a model with a bit less', () => cut(removals.model, 1)],
    ['a removal of a model with a reference', () => withRef(removals.model)],
    ['a removal of a model in a library', () => libraryCell(removals.model.hash())],
    ['a removal of a proxy with a bit more', () => longer(removals.listing)],
    ['a removal of a proxy with a bit less', () => cut(removals.listing, 1)],
    ['a removal of a proxy with a hash', () => longer(removals.listing, 224)],
    ['a removal of an image with a number', () => cut(removals.proxy, 224)],
  ])('is never %s', (_, body) => refused(body()));
});

describe('what the registrar asks', () => {
  const refused = (body: Cell, code: number = ExitCode.notRegistrar, value = VALUE) => {
    const message = vaultBodies.vaultRegistry({ queryId: 9n, body });
    return expectRejection(it.world, { from: it.people.registrar, to: it.vault.address, value, body: message }, code);
  };

  test('goes to the root with the whole value: a listing, an update, a removal', async () => {
    const { result, gain } = await conserving(it.world, () => act.registry(put()));
    const [sent, ...others] = sentBy(firstTx(it, result));
    expect(others).toEqual([]);
    expect(sent).toMatchObject({ op: 'rootPutProxy', mode: 144, bounce: true, flags: 3n });
    expect((await it.root.getStorage()).registeredProxies.get(1_000_005)).toBe('10.0.0.5:1');
    expect(gain(it.vault.address)).toBeGreaterThan(VALUE - toNano('0.005'));
    await act.registry(put(1_000_005, 'proxy 1', '10.0.0.6:1'));
    expect((await it.root.getStorage()).registeredProxies.get(1_000_005)).toBe('10.0.0.6:1');
    await act.registry(remove(1_000_005));
    expect((await it.root.getStorage()).registeredProxies.has(1_000_005)).toBe(false);
  });

  test.each([
    ['a listing', true, () => put(1_000_005, 'no image')],
    ['a removal', false, () => remove()],
  ] as const)('and the root refuses is told the registrar, with the coins: %s', async (_, listing, body) => {
    if (!listing) await loseRoot();
    const { result, gain } = await conserving(it.world, () => act.registry(body()));
    expect(exitsOf(it, result)).toEqual([0, 0]);
    const [told] = takenBy(it.people.registrar.address, result);
    const seqno = listing ? 1_000_005 : 1_000_001;
    expect(told!.body.equals(vaultBodies.registryFailed({ queryId: 33n, seqno, listing }))).toBe(true);
    expect(told!.value).toBeGreaterThan(VALUE - toNano('0.005'));
    expect(logsOf(it, result)).toEqual([]);
    expect(gain(it.vault.address)).toBe(-rentOf(it.vault.address, result));
  });

  test.each([
    ['there is no registrar any more', { registrar: null }],
    ['the root is another', () => ({ root: it.people.payee.address })],
  ] as const)('comes back to the treasury when, meanwhile, %s', async (_, change) => {
    const body = vaultBodies.vaultRegistry({ queryId: 9n, body: put(1_000_005, 'no') });
    const message = messageFrom(it.people.registrar.address, it.vault.address, body);
    const iterator = await it.world.chain.sendMessageIter(message);
    await iterator.next();
    await given(it, typeof change === 'function' ? change() : change);
    const transactions: BlockchainTransaction[] = [];
    for await (const tx of iterator) transactions.push(tx);
    const result = { transactions } as SendMessageResult;
    expect(logsOf(it, result)).toEqual([{ kind: 'actionBounced', queryId: 33n, op: Op.rootPutProxy }]);
    expect(takenBy(it.people.registrar.address, result)).toEqual([]);
  });

  test('needs a value that pays the root too', () => refused(put(), ExitCode.lowMsgValue, toNano('0.005')));

  test.each([
    ...never,
    ...Object.entries(removals)
      .filter(([name]) => name !== 'listing')
      .map(([name, body]): [string, () => Cell] => [`a removal of a ${name} image or model`, () => body]),
    ['a listing below its numbers', () => put(999_999)],
    ['a removal below its numbers', () => remove(999_999)],
    ['a removal with a bit more', () => longer(remove())],
    ['a removal with a bit less', () => cut(remove(), 1)],
    ['a removal with a reference', () => withRef(remove())],
    ['a removal in a library', () => libraryCell(remove().hash())],
    ['a listing with a bit more', () => longer(put())],
    ['a listing with a byte more', () => longer(put(), 8)],
    ['a listing with a byte less', () => cut(put(), 8)],
    ['a listing with no text', () => cut(put(), 88)],
    ['a listing with a reference', () => withRef(put())],
    ['an update', () => bodies.rootUpdateProxy({ queryId: 1n, seqno: 1_000_001, endpoint: 'x' })],
    ['another operation in the form of a listing', () => withOp(Op.rootUpdateProxy, put())],
    ['a listing of another kind', () => ofKind(put(), 1)],
  ])('is never %s', (_, body) => refused(body()));

  /** With another first bit of the ProxyInfo. */
  function ofKind(body: Cell, kind: number): Cell {
    const at = 32 + 64 + 32 + 256;
    const bits = beginCell().storeBits(body.bits.substring(0, at)).storeUint(kind, 1);
    return bits.storeBits(body.bits.substring(at + 1, body.bits.length - at - 1)).endCell();
  }
});
