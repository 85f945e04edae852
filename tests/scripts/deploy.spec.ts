jest.mock('node:timers/promises', () => ({ setTimeout: async () => undefined }));

import { writeFileSync } from 'node:fs';
import { contractCode } from '@cocoon/sdk';
import { Address, toNano } from '@ton/core';
import { run as deployClient } from '../../scripts/deployClient';
import { run as deployProxy } from '../../scripts/deployProxy';
import { run as deployRoot } from '../../scripts/deployRoot';
import { run as deployWallet } from '../../scripts/deployWallet';
import { run as deployWorker } from '../../scripts/deployWorker';
import { readManifest } from '../../scripts/lib/manifest-file';
import { parseClientData, parseProxyData } from '../../wrappers';
import { keyOf } from '../support/keys';
import { dataOf } from '../support/world';
import { runScript, succeed, useFakeNetwork } from './support/fake-network';

const fake = useFakeNetwork();
const key = keyOf('proxy').publicKey.toString('hex');

async function deployNetwork(): Promise<void> {
  await succeed(deployRoot, fake(), 'test=true');
  await succeed(deployProxy, fake(), `publicKey=${key}`);
}

describe('deployRoot', () => {
  it('shows the plan, simulates, sends, verifies the code hash and writes the manifest', async () => {
    await succeed(deployRoot, fake(), 'test=true', 'price=25', 'minProxyStake=0.5');
    const text = fake().read();
    for (const expected of [
      /^Plan: deploy the Cocoon root/,
      /price per token +25 nanoTON/,
      /min proxy stake +0.5 TON/,
      /Simulation on the live state:\n {2}1\. owner → root {2}empty {2}0.1 TON {2}ok|you → root {2}empty {2}0.1 TON {2}ok/,
      /not deployed → deployed/,
      /Deployed, code hash verified/,
    ]) {
      expect(text).toMatch(expected);
    }
    expect(readManifest('custom').root).toMatchObject({
      codeHash: contractCode.root.hash,
      uniqueId: 239,
      isTest: true,
    });
  });

  it('sends nothing when the root is there already', async () => {
    await succeed(deployRoot, fake(), 'test=true');
    await succeed(deployRoot, fake(), 'test=true');
    expect(fake().sent).toHaveLength(1);
    expect(fake().text).toContain('nothing to send');
  });

  it('dryRun=true sends nothing and writes no manifest', async () => {
    await succeed(deployRoot, fake(), 'dryRun=true');
    expect(fake().sent).toHaveLength(0);
    expect(readManifest('custom').root).toBeUndefined();
  });

  it.each([
    [['workerFee=21'], 'workerFee=21 exceeds price=20.'],
    [['clientDelay=86400'], 'proxyDelay=86400 is not above clientDelay=86400.'],
    [['minProxyStake=15000000000'], 'minProxyStake=15000000000: amounts are in TON, not nanoTON'],
    [['owner=nobody'], 'nobody is no address'],
    [['prize=1'], 'Unknown argument prize. Usage: blueprint run deployRoot'],
    [['test'], '"test" is not key=value.'],
  ])('refuses %j with one line', async (args, message) => {
    expect(await runScript(deployRoot, fake(), ...args)).toBe(1);
    expect(fake().lines).toEqual([expect.stringContaining(message)]);
  });

  it('asks for an owner that a deep link does not tell', async () => {
    expect(await runScript(deployRoot, fake().as(undefined), 'yes=true')).toBe(1);
    expect(fake().text).toBe('owner is missing: give owner=… (address of the owner; unknown with a deep link).');
  });
});

describe('deployProxy', () => {
  it('takes the root from the manifest, deploys and stakes the minimum', async () => {
    await deployNetwork();
    const [entry] = readManifest('custom').proxies;
    const proxy = parseProxyData(await dataOf(fake().world, Address.parse(entry!.address)));
    expect(proxy.stake).toBe(toNano('15'));
    expect(entry).toMatchObject({ publicKey: key, codeHash: contractCode.proxy.hash, paramsVersion: 1 });
  });

  it('run again sends only the missing stake', async () => {
    await succeed(deployRoot, fake());
    await succeed(deployProxy, fake(), `publicKey=${key}`, 'stake=0');
    fake().sent.length = 0;
    await succeed(deployProxy, fake(), `publicKey=${key}`);
    expect(fake().sent).toHaveLength(1);
    await succeed(deployProxy, fake(), `publicKey=${key}`);
    expect(fake().sent).toHaveLength(1);
  });

  it("takes the key from a seed file and from the proxy's configuration", async () => {
    await succeed(deployRoot, fake());
    const seed = Buffer.alloc(32, 7).toString('base64');
    writeFileSync('seed', `${seed}\n`);
    writeFileSync('proxy.json', JSON.stringify({ machine_specific_private_key: seed }));
    await succeed(deployProxy, fake(), 'publicKeyFile=seed');
    await succeed(deployProxy, fake(), 'publicKeyFile=proxy.json');
    expect(readManifest('custom').proxies).toHaveLength(1);
  });

  it.each([
    ['publicKeyFile=missing', 'publicKeyFile: missing does not exist.'],
    ['publicKeyFile=bad', 'publicKeyFile: bad holds no Ed25519 seed'],
    ['publicKey=12', 'publicKey=12: expected 32 bytes'],
  ])('refuses %s without telling what is in the file', async (argument, message) => {
    await succeed(deployRoot, fake());
    writeFileSync('bad', 'top secret');
    fake().read();
    expect(await runScript(deployProxy, fake(), argument)).toBe(1);
    expect(fake().text).toContain(message);
    expect(fake().text).not.toContain('top secret');
  });

  it('refuses a stake below the minimum', async () => {
    await succeed(deployRoot, fake());
    expect(await runScript(deployProxy, fake(), `publicKey=${key}`, 'stake=1')).toBe(1);
    expect(fake().lines.at(-1)).toBe('stake is below the minimum of 15 TON. Give more, or stake=0.');
  });

  it('names the missing root', async () => {
    expect(await runScript(deployProxy, fake(), `publicKey=${key}`)).toBe(1);
    expect(fake().text).toBe('root is missing: give root=… (address of the root contract).');
  });
});

describe('deployClient, deployWorker and deployWallet', () => {
  it('fill the escrow of a client at the proxy in the manifest', async () => {
    await deployNetwork();
    await succeed(deployClient, fake().as('clientOwner'));
    const [entry] = readManifest('custom').clients;
    const client = parseClientData(await dataOf(fake().world, Address.parse(entry!.address)));
    expect(client.balance).toBe(toNano('15'));
    expect(client.owner.equals(fake().world.actors.clientOwner.address)).toBe(true);
    expect(fake().text).toMatch(/client → proxy {2}clientProxyRequest/);
  });

  it('deploy a worker and a wallet, once each', async () => {
    await deployNetwork();
    fake().sent.length = 0;
    for (const _ of [1, 2]) {
      await succeed(deployWorker, fake().as('workerOwner'));
      await succeed(deployWallet, fake().as('walletOwner'), `publicKey=${key}`);
    }
    expect(fake().sent).toHaveLength(2);
    expect(readManifest('custom')).toMatchObject({
      workers: [{ codeHash: contractCode.worker.hash }],
      wallets: [{ codeHash: contractCode.wallet.hash, publicKey: key }],
    });
  });

  it('names the candidates when several proxies are known', async () => {
    await deployNetwork();
    await succeed(deployProxy, fake(), `publicKey=${keyOf('other').publicKey.toString('hex')}`, 'stake=0');
    expect(await runScript(deployWorker, fake())).toBe(1);
    expect(fake().lines.at(-1)).toMatch(
      /^proxy could be EQ\S+ or EQ\S+: give proxy=… \(address of the proxy contract\)\.$/,
    );
  });
});
