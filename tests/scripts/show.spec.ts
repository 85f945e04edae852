import { writeFileSync } from 'node:fs';
import { beginCell, Cell } from '@ton/core';
import { contractRows } from '../../scripts/lib/contracts';
import { run as showClient } from '../../scripts/showClient';
import { run as showProxy } from '../../scripts/showProxy';
import { run as showRoot } from '../../scripts/showRoot';
import { run as showWallet } from '../../scripts/showWallet';
import { run as showWorker } from '../../scripts/showWorker';
import { initialRootData, packRootData } from '../../wrappers';
import {
  deployClient,
  deployProxy,
  deployRoot,
  deployWallet,
  deployWorker,
  mainnetParams,
  overwriteData,
} from '../support/world';
import { runScript, succeed, useFakeNetwork } from './support/fake-network';

const fake = useFakeNetwork();

describe('show', () => {
  it('prints every contract, as a word or by its key, and needs no wallet', async () => {
    const { world } = fake();
    fake().as(undefined);
    const proxy = (await deployProxy(world)).address;
    await succeed(showRoot, fake(), (await deployRoot(world)).address.toString());
    await succeed(showProxy, fake(), `proxy=${proxy}`);
    await succeed(showClient, fake(), (await deployClient(world, proxy)).address.toString());
    await succeed(showWorker, fake(), (await deployWorker(world, proxy)).address.toRawString());
    await succeed(showWallet, fake(), (await deployWallet(world)).address.toString());
    expect(fake().text.match(/\(this release\)/g)).toHaveLength(5);
    expect(fake().text).toMatch(/min client stake +15 TON/);
    expect(fake().text).toMatch(/blocked +false/);
  });

  it('tells what it can of another contract, then fails', async () => {
    const { address } = await deployProxy(fake().world);
    expect(await runScript(showClient, fake(), address.toString())).toBe(1);
    expect(fake().lines[0]).toMatch(/An account on custom\n[\s\S]*balance +0\.\d+ TON/);
    expect(fake().lines[1]).toMatch(/holds no client contract .* it is a proxy\. Check the address\.$/);
    await overwriteData(fake().world, address, beginCell().storeUint(1, 8).endCell());
    expect(await runScript(showProxy, fake(), address.toString())).toBe(1);
    expect(fake().lines.at(-1)).toMatch(/holds no proxy contract .*: proxy data: /);
  });

  it('names an address without a contract, and a damaged manifest', async () => {
    expect(await runScript(showRoot, fake(), `0:${'12'.repeat(32)}`)).toBe(1);
    expect(fake().lines.at(-1)).toMatch(/^There is no contract at EQ/);
    expect(await runScript(showRoot, fake())).toBe(1);
    expect(fake().lines.at(-1)).toMatch(/^root is missing: give root=/);
    writeFileSync('deployments', '');
    expect(await runScript(showRoot, fake())).toBe(1);
  });
});

describe('the key manager of a root', () => {
  const rows = (keyManager: Cell) => {
    const { world } = fake();
    const owner = world.actors.rootOwner.address;
    const data = packRootData({ ...initialRootData({ owner, params: mainnetParams() }), keyManager });
    return contractRows('root', data)
      .filter(([name]) => /key/.test(name))
      .map(([name, value]) => `${name}: ${value}`);
  };

  it('is decoded as far as its layout is known', () => {
    const zeros = beginCell().storeUint(0, 256).storeUint(0, 256).storeUint(0, 9).endCell();
    expect(rows(zeros)).toEqual(['key manager: none (521 bits, 0 references)']);
    const key = beginCell().storeUint(1, 8).storeUint(1_800_000_000, 32);
    const dict = beginCell()
      .storeUint(0b10, 2)
      .storeUint(0b100000000, 9)
      .storeUint(0n, 256)
      .storeBuilder(key)
      .endCell();
    const manager = beginCell().storeBit(true).storeRef(dict).storeUint(5, 256).storeUint(0, 8).endCell();
    expect(rows(manager)).toEqual([
      `key manager: ${'5'.padStart(64, '0')} (265 bits, 1 references)`,
      `public key: ${'0'.repeat(64)} (type 1, expires 2027-01-15T08:00:00.000Z)`,
    ]);
  });

  it('of an unknown layout hides nothing else', () => {
    expect(rows(Cell.EMPTY)).toEqual([
      expect.stringMatching(/^key manager: of an unknown layout \(0 bits, 0 references/),
    ]);
  });
});
