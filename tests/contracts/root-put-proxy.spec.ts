import { beginCell, type Cell, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { bodies, type CocoonRoot, ExitCode, InvalidFieldError, Op, type PutProxy } from '../../wrappers';
import { hashOf } from '../support/keys';
import { deliver, expectRejection } from '../support/rejection';
import { createRootWorld, given, storageOf } from '../support/root-world';
import { exitCodeOf, txOf } from '../support/trace';
import { startEachTestFrom, type World } from '../support/world';

/** put_proxy: how the Vault lists proxies that nobody voted on. */

const FIRST = 1_000_000;
const ENDPOINT = '10.0.0.1:5222 10.0.0.1:8888';

let world: World;
let root: SandboxContract<CocoonRoot>;

startEachTestFrom(async () => {
  ({ world, root } = await createRootWorld());
  return world;
});

const attempt = (body: Cell) => ({ from: world.actors.rootOwner, to: root.address, value: toNano('0.05'), body });
const put = (change: Partial<PutProxy> = {}) =>
  attempt(
    bodies.rootPutProxy({ queryId: 1n, seqno: FIRST, imageHash: hashOf('proxy 1'), endpoint: ENDPOINT, ...change }),
  );
const registered = async () => (await storageOf({ world, root })).registeredProxies;

async function accepted(message: ReturnType<typeof attempt>): Promise<void> {
  const result = await deliver(world, message);
  expect(exitCodeOf(txOf(result, root.address))).toBe(0);
}

test('put_proxy > lists under any number from 1 000 000 on, and leaves the numbers of register_proxy alone', async () => {
  for (const seqno of [FIRST, FIRST + 1, 2 ** 32 - 1]) await accepted(put({ seqno }));
  expect([...(await registered()).keys()].sort((a, b) => a - b)).toEqual([1, 3, FIRST, FIRST + 1, 2 ** 32 - 1]);
  await accepted(attempt(bodies.rootRegisterProxy({ queryId: 1n, endpoint: ENDPOINT })));
  expect((await registered()).get(4)).toBe(ENDPOINT);
});

test('put_proxy > replaces what stands under the number', async () => {
  await accepted(put());
  await accepted(put({ endpoint: '10.9.9.9:9' }));
  expect((await registered()).get(FIRST)).toBe('10.9.9.9:9');
});

test.each([0, 1, 3, FIRST - 1])('put_proxy > refuses the number %i of a proxy that was voted on', async (seqno) => {
  await expectRejection(world, put({ seqno }), ExitCode.foreignSeqno);
});

test('put_proxy > refuses an image that is not allowed, one of a worker, and one that no longer is', async () => {
  for (const name of ['unknown', 'worker 1', 'model 1']) {
    await expectRejection(world, put({ imageHash: hashOf(name) }), ExitCode.unknownProxyType);
  }
  await accepted(put());
  await accepted(attempt(bodies.rootDelProxyType({ queryId: 1n, hash: hashOf('proxy 1') })));
  await expectRejection(world, put(), ExitCode.unknownProxyType);
});

test('put_proxy > refuses everything while no image is allowed', async () => {
  await given({ world, root }, { proxyHashes: new Set() });
  await expectRejection(world, put(), ExitCode.unknownProxyType);
});

test('put_proxy > refuses a text of another encoding, and one shorter than it says', async () => {
  const start = () =>
    beginCell().storeUint(Op.rootPutProxy, 32).storeUint(1, 64).storeUint(FIRST, 32).storeBuffer(hashOf('proxy 1'));
  await expectRejection(world, attempt(start().storeUint(0x80, 8).endCell()), ExitCode.msgFormatMismatch);
  await expectRejection(world, attempt(start().storeUint(2, 8).storeUint(65, 8).endCell()), ExitCode.tvmCellUnderflow);
});

test('put_proxy > takes up to 78 characters: the builder names the limit', async () => {
  const longest = `${'x'.repeat(76)}:1`;
  await accepted(put({ endpoint: longest }));
  expect((await registered()).get(FIRST)).toBe(longest);
  expect(() => put({ endpoint: `x${longest}` })).toThrow(InvalidFieldError);
  expect(() => put({ endpoint: `x${longest}` })).toThrow('79 characters given, at most 78 fit');
});

test('put_proxy > is undone by unregister_proxy', async () => {
  await accepted(put());
  await accepted(attempt(bodies.rootUnregisterProxy({ queryId: 1n, seqno: FIRST })));
  expect([...(await registered()).keys()]).toEqual([1, 3]);
});
