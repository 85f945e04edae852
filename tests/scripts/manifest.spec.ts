import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Address } from '@ton/core';
import { knownContracts, readManifest, recordContract, updateManifest } from '../../scripts/lib/manifest-file';
import { emptyManifest, parseManifest, withEntry } from '../../sdk/networks/manifest';
import { codeOf, dataOf, deployProxy, deployRoot, mainnetParams } from '../support/world';
import { useFakeNetwork } from './support/fake-network';

const fake = useFakeNetwork();
const address = (byte: number) => new Address(0, Buffer.alloc(32, byte)).toString();
const hash = 'ab'.repeat(32);
const root = { address: address(1), codeHash: hash, owner: address(2) };
const proxy = { ...root, address: address(3), root: root.address, publicKey: hash, paramsVersion: 1 };

describe('a manifest', () => {
  it('keeps what it does not know', () => {
    const json = { ...emptyManifest('testnet'), root: { ...root, note: 'ours' }, later: { x: 1 } };
    expect(parseManifest(JSON.parse(JSON.stringify(json)))).toEqual(json);
  });

  it('of the time before versions is read as version 1', () => {
    expect(parseManifest({ network: 'custom', root })).toEqual({ ...emptyManifest('custom'), root });
  });

  it.each([
    [[], '(whole file): must be an object'],
    [{ version: 2, network: 'x' }, 'version: 2 is not 1; is this release too old?'],
    [{ version: 1 }, 'network: is missing'],
    [{ network: 'x', root: { ...root, address: 'EQ' } }, 'root.address: "EQ" is no address'],
    [{ network: 'x', root: { ...root, isTest: 1 } }, 'root.isTest: must be a boolean'],
    [{ network: 'x', proxies: {} }, 'proxies: must be a list'],
    [
      { network: 'x', proxies: [proxy, { ...proxy, publicKey: 'AB' }] },
      'proxies[1].publicKey: "AB" is not 64 lower-case hex digits',
    ],
    [{ network: 'x', clients: [{ ...root, proxy: address(3) }] }, 'clients[0].paramsVersion: is missing'],
    [
      { network: 'x', workers: [{ ...root, proxy: address(3), paramsVersion: -1 }] },
      'workers[0].paramsVersion: must be a whole number',
    ],
    [{ network: 'x', wallets: ['x'] }, 'wallets[0]: must be an object'],
    [{ network: 'x', handover: { root: address(1) } }, 'handover.from: is missing'],
  ])('%j is refused by the name of the key', (json, message) => {
    expect(() => parseManifest(json)).toThrow(expect.objectContaining({ name: 'ManifestError', message }));
  });

  it('replaces an entry in either form of its address and keeps its other fields', () => {
    const raw = Address.parse(proxy.address).toRawString();
    const entries = withEntry([{ ...proxy, note: 'x' }], { ...proxy, address: raw, paramsVersion: 2 });
    expect(entries).toEqual([{ ...proxy, note: 'x', address: raw, paramsVersion: 2 }]);
  });

  it('offers proxies of the present root only', () => {
    const other = { ...proxy, address: address(4), root: address(9) };
    const manifest = { ...emptyManifest('custom'), root, proxies: [proxy, other] };
    expect(knownContracts(manifest, 'proxy')).toEqual([proxy.address]);
  });
});

describe('the file of a manifest', () => {
  it('is written whole: nothing but the file is left', () => {
    expect(updateManifest('testnet', (manifest) => ({ ...manifest, root }))).toBe('deployments/testnet.json');
    expect(readdirSync('deployments')).toEqual(['testnet.json']);
    expect(readManifest('testnet').root).toEqual(root);
  });

  it('that is damaged is named, with the key where one is wrong', () => {
    mkdirSync('deployments');
    writeFileSync('deployments/testnet.json', '{');
    expect(() => readManifest('testnet')).toThrow(/^deployments\/testnet.json is damaged: .* Correct or delete it\.$/);
    writeFileSync('deployments/testnet.json', '{"network": 3}');
    expect(() => readManifest('testnet')).toThrow('deployments/testnet.json is wrong: network: must be a text.');
  });

  it('describes contracts as they are on chain', async () => {
    const { world } = fake();
    const { address: rootAt } = await deployRoot(world);
    const { address: proxyAt } = await deployProxy(world);
    const code = (name: 'root' | 'proxy') => ({ code: codeOf(name), balance: 0n });
    recordContract('custom', 'root', rootAt, { ...code('root'), data: await dataOf(world, rootAt) });
    recordContract('custom', 'proxy', proxyAt, { ...code('proxy'), data: await dataOf(world, proxyAt) });
    const manifest = JSON.parse(readFileSync('deployments/custom.json', 'utf8'));
    expect(manifest).toMatchObject({
      version: 1,
      root: { address: rootAt.toString(), paramsVersion: mainnetParams().paramsVersion, uniqueId: 239, isTest: false },
      proxies: [{ address: proxyAt.toString(), root: rootAt.toString() }],
    });
  });
});
