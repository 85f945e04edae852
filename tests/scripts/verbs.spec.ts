jest.mock('node:timers/promises', () => ({ setTimeout: async () => undefined }));

import { writeFileSync } from 'node:fs';
import { modelHash } from '@cocoon/sdk';
import { Address, beginCell, toNano } from '@ton/core';
import { type VerbName, verbScript, verbs } from '../../scripts/lib/verbs';
import {
  initialRootData,
  packClientData,
  packRootData,
  packWorkerData,
  parseClientData,
  parseProxyData,
  parseRootData,
  parseWalletData,
  parseWorkerData,
} from '../../wrappers';
import { hashOf, keyOf } from '../support/keys';
import { voucherBody } from '../support/vouchers';
import {
  codeOf,
  dataOf,
  deployFundedClient,
  deployProxy,
  deployRoot,
  deployStakedProxy,
  deployWallet,
  deployWorker,
  overwriteData,
  type Role,
} from '../support/world';
import { runScript, succeed, useFakeNetwork } from './support/fake-network';

const fake = useFakeNetwork();
const hash = hashOf('image').toString('hex');

/** Runs a verb twice: the first run sends one message, the second finds the effect and sends nothing. */
async function twice(name: VerbName, as: Role, ...args: string[]): Promise<void> {
  fake().as(as).sent.length = 0;
  await succeed(verbScript(name), fake(), ...args);
  expect(fake().sent).toHaveLength(1);
  await succeed(verbScript(name), fake(), ...args);
  expect(fake().sent).toHaveLength(1);
}

async function refused(name: VerbName, as: Role, ...args: string[]): Promise<string> {
  fake().as(as).read();
  fake().sent.length = 0;
  expect(await runScript(verbScript(name), fake(), ...args)).toBe(1);
  expect(fake().sent).toHaveLength(0);
  return fake().lines.at(-1) as string;
}

describe('verbs of the root', () => {
  let root: Address;
  let at: string;
  beforeEach(async () => {
    root = (await deployRoot(fake().world)).address;
    at = `root=${root}`;
  });
  const rootData = async () => parseRootData(await dataOf(fake().world, root));

  it('addHash and removeHash, for each list, and for a model by its name', async () => {
    for (const kind of ['worker', 'model', 'proxy'])
      await twice('addHash', 'rootOwner', at, `kind=${kind}`, `hash=${hash}`);
    await twice('addHash', 'rootOwner', at, 'model=qwen@abc:def');
    expect((await rootData()).modelHashes).toEqual(new Set([hash, modelHash('qwen@abc:def').toString('hex')]));
    await twice('removeHash', 'rootOwner', at, 'kind=model', `hash=${hash}`);
    expect(fake().text).toContain(`- ${hash}`);
  });

  it('registerProxy, updateProxy, unregisterProxy', async () => {
    await twice('registerProxy', 'rootOwner', at, 'endpoint=10.0.0.1:1 10.0.0.1:2');
    await twice('updateProxy', 'rootOwner', at, 'seqno=1', 'endpoint=10.0.0.2:3');
    expect((await rootData()).registeredProxies).toEqual(new Map([[1, '10.0.0.2:3']]));
    await twice('unregisterProxy', 'rootOwner', at, 'seqno=1');
    expect(await refused('updateProxy', 'rootOwner', at, 'seqno=1', 'endpoint=10.0.0.2:3')).toBe(
      'No proxy is registered under seqno=1. Registered: none.',
    );
    expect(await refused('unregisterProxy', 'rootOwner', at, 'seqno=9')).toMatch(/seqno=9 was never given/);
    expect(await refused('registerProxy', 'rootOwner', at, 'endpoint=nonsense')).toMatch(
      /^endpoint: .*not ip:port; expected "ip:port"/,
    );
  });

  it('changePrice and changeParams change what is given and show old and new', async () => {
    await twice('changePrice', 'rootOwner', at, 'price=30');
    expect(fake().text).toContain('20 nanoTON → 30 nanoTON');
    await twice('changeParams', 'rootOwner', at, 'minClientStake=2.5', 'proxyDelay=100000');
    expect((await rootData()).params).toMatchObject({
      pricePerToken: 30n,
      workerFeePerToken: 19n,
      minClientStake: toNano('2.5'),
      proxyDelayBeforeClose: 100_000,
      clientDelayBeforeClose: 43_200,
    });
  });

  it('changeParamsFull changes multipliers as well, shows every changed term, and is done once', async () => {
    await twice('changeParamsFull', 'rootOwner', at, 'completionMultiplier=90000', 'price=21');
    expect((await rootData()).params).toMatchObject({
      promptMultiplier: 10_000,
      cachedMultiplier: 1_000,
      completionMultiplier: 90_000,
      pricePerToken: 21n,
    });
  });

  it.each([
    ['changePrice', ['workerFee=21'], /^workerFee=21 exceeds price=20/],
    ['changeParams', ['clientDelay=86400'], /^proxyDelay=86400 is not above clientDelay=86400/],
    ['changePrice', [], /^Nothing to change is given. Give one or more of price=…, workerFee=…/],
    ['changePrice', ['price=1.5'], /^price=1.5: expected a price in whole nanoTON/],
    ['addHash', ['kind=image'], /^kind=image: expected worker, model or proxy/],
    ['addHash', ['kind=worker'], /^hash is missing: give hash=/],
  ] as const)('%s refuses %j', async (name, args, message) => {
    expect(await refused(name, 'rootOwner', at, ...args)).toMatch(message);
  });

  it('upgradeContracts, upgradeRoot and upgradeRootFull take this release, or files', async () => {
    writeFileSync('code.boc', beginCell().storeUint(7, 8).endCell().toBoc());
    await twice('upgradeContracts', 'rootOwner', at, 'workerCodeFile=code.boc');
    await twice('upgradeContracts', 'rootOwner', at);
    const params = (await rootData()).params;
    expect(params.workerCode?.equals(codeOf('worker'))).toBe(true);
    await succeed(verbScript('upgradeRoot'), fake(), at);
    expect(fake().lines.at(-1)).toMatch(/nothing to send/);

    const owner = fake().world.actors.rootOwner.address;
    const data = packRootData(initialRootData({ owner, params, version: 99 }));
    writeFileSync('data.b64', data.toBoc().toString('base64'));
    await twice('upgradeRootFull', 'rootOwner', at, 'dataFile=data.b64');
    expect((await rootData()).version).toBe(99);
    expect(await refused('upgradeRootFull', 'rootOwner', at, 'dataFile=code.boc')).toMatch(/is no sound root data/);
  });

  it('resetRoot says what is lost', async () => {
    await succeed(verbScript('addHash'), fake(), at, 'kind=worker', `hash=${hash}`);
    await twice('resetRoot', 'rootOwner', at);
    expect(fake().text).toContain('0 proxies, 0 proxy images, 1 worker images, 0 models');
  });

  it('names the exit code when the simulation fails, and sends only with force=true', async () => {
    const data = await rootData();
    const params = { ...data.params, structVersion: 2 };
    await overwriteData(fake().world, root, packRootData({ ...data, params }));
    const code =
      'exit code 1008 storedDataDamaged: The stored parameters are of a version this contract does not know.';
    expect(await refused('changePrice', 'rootOwner', at, 'price=30')).toMatch(`The simulation failed at root: ${code}`);
    expect(await runScript(verbScript('changePrice'), fake(), at, 'price=30', 'force=true')).toBe(1);
    expect(fake().sent).toHaveLength(1);
    expect(fake().lines.at(-1)).toMatch(`It failed at root: ${code}`);
  });

  it('says who the owner is to anybody else, and how to go on', async () => {
    const said = await refused('changePrice', 'stranger', at, 'price=30');
    const { rootOwner, stranger } = fake().world.actors;
    expect(said).toBe(
      `${root} obeys ${rootOwner.address} only, and you are ${stranger.address}. Use the owner wallet, or add dryRun=true to get the message for a multisig or the DAO.`,
    );
    await succeed(verbScript('changePrice'), fake(), at, 'price=30', 'dryRun=true');
    expect(fake().text).toMatch(/body, BoC +te6/);
    expect(fake().text).toMatch(/Dry run: nothing was sent/);
    expect(fake().sent).toHaveLength(0);
  });
});

describe('verbs of the proxy', () => {
  it('stakeProxy fills up to the minimum, or adds', async () => {
    const proxy = (await deployProxy(fake().world)).address;
    await twice('stakeProxy', 'stranger', `proxy=${proxy}`);
    await succeed(verbScript('stakeProxy'), fake(), `proxy=${proxy}`, 'amount=1');
    expect(parseProxyData(await dataOf(fake().world, proxy)).stake).toBe(toNano('16'));
  });

  it('payoutProxy has nothing to do without revenue', async () => {
    const proxy = (await deployProxy(fake().world)).address;
    await succeed(verbScript('payoutProxy'), fake().as('stranger'), `proxy=${proxy}`);
    expect(fake().sent).toHaveLength(0);
  });

  it('closeProxy, then completeCloseProxy after the delay with a voucher of the key', async () => {
    const proxy = (await deployStakedProxy(fake().world)).address;
    const at = `proxy=${proxy}`;
    const op = 'extProxyCloseCompleteRequestSigned' as const;
    const { stranger } = fake().world.actors;
    writeFileSync('v.hex', voucherBody({ op, contract: proxy, excessesTo: stranger.address }).toBoc().toString('hex'));
    writeFileSync('bad', voucherBody({ op, contract: proxy, excessesTo: stranger.address, key: keyOf('x') }).toBoc());
    expect(await refused('completeCloseProxy', 'stranger', at, 'voucherFile=v.hex')).toBe(
      'The proxy is normal. Run closeProxy first.',
    );
    await twice('closeProxy', 'proxyOwner', at);
    expect(await refused('completeCloseProxy', 'stranger', at, 'voucherFile=v.hex')).toMatch(
      /^The proxy is locked until 20\S+Z \(86400 s from now\)\. Run the script again after that\.$/,
    );
    fake().world.advance(86_401);
    expect(await refused('completeCloseProxy', 'stranger', at, 'voucherFile=bad')).toMatch(
      /not made with the proxy's key/,
    );
    expect(await refused('completeCloseProxy', 'stranger', at)).toMatch(/^voucherFile is missing/);
    await twice('completeCloseProxy', 'stranger', at, 'voucherFile=v.hex');
    expect(parseProxyData(await dataOf(fake().world, proxy)).state).toBe(2);
  });

  it('closeProxy again after twice the delay closes a proxy whose key is lost', async () => {
    const proxy = (await deployStakedProxy(fake().world)).address;
    await twice('closeProxy', 'proxyOwner', `proxy=${proxy}`);
    expect(fake().lines.at(-1)).toMatch(/^The proxy is closing: completeCloseProxy from \S+ on, or without its key/);
    fake().world.advance(2 * 86_400 + 1);
    await twice('closeProxy', 'proxyOwner', `proxy=${proxy}`);
    expect(parseProxyData(await dataOf(fake().world, proxy)).state).toBe(2);
  });
});

describe('verbs of the client', () => {
  let client: Address;
  let at: string;
  beforeEach(async () => {
    const proxy = await deployStakedProxy(fake().world);
    client = (await deployFundedClient(fake().world, proxy.address, toNano('20'))).address;
    at = `client=${client}`;
  });
  const clientData = async () => parseClientData(await dataOf(fake().world, client));

  it('topUpClient adds an amount, or what is missing', async () => {
    await succeed(verbScript('topUpClient'), fake().as('stranger'), at, 'amount=1');
    await twice('topUpClient', 'stranger', at, 'upTo=30', 'value=12');
    expect(fake().sent[0]?.value).toBe(toNano('12'));
    expect((await clientData()).balance).toBe(toNano('30'));
    expect(fake().text).toMatch(/client → proxy {2}clientProxyRequest/);
  });

  it('withdrawClient, increaseClientStake, refundClient', async () => {
    await twice('withdrawClient', 'clientOwner', at);
    await twice('increaseClientStake', 'clientOwner', at, 'newStake=16');
    expect(await refused('increaseClientStake', 'clientOwner', at, 'newStake=1')).toMatch(/^newStake is below/);
    fake().sent.length = 0;
    await succeed(verbScript('refundClient'), fake(), at);
    expect(await refused('refundClient', 'clientOwner', at)).toMatch(/^The client is locked until/);
    fake().world.advance(43_202);
    await twice('refundClient', 'clientOwner', at);
    expect((await clientData()).state).toBe(2);
    expect(await refused('topUpClient', 'stranger', at, 'amount=1')).toMatch(/^The client is closed\./);
  });

  it('changeClientSecret reads the secret from a file and never shows it', async () => {
    writeFileSync('secret', 'a secret of the client\n');
    writeFileSync('short', 'x');
    await twice('changeClientSecret', 'clientOwner', at, 'secretFile=secret');
    expect((await clientData()).secretHash).toEqual(hashOf('a secret of the client'));
    expect(fake().text).not.toContain('a secret of');
    expect(await refused('changeClientSecret', 'clientOwner', at, 'secretFile=short')).toMatch(/too short/);
  });

  it('registerClient sends the nonce each time', async () => {
    for (const _ of [1, 2]) await succeed(verbScript('registerClient'), fake().as('clientOwner'), at, 'nonce=-1');
    expect(fake().sent).toHaveLength(2);
    expect(fake().text).toContain('18446744073709551615');
  });

  it('reopenClient opens what refundClient has been closing', async () => {
    await succeed(verbScript('reopenClient'), fake().as('clientOwner'), at);
    expect(fake().sent).toHaveLength(0);
    await succeed(verbScript('refundClient'), fake(), at);
    await twice('reopenClient', 'clientOwner', at, 'amount=3');
    expect((await clientData()).state).toBe(0);
  });

  it('refuses another kind of contract', async () => {
    const proxy = (await deployProxy(fake().world)).address;
    expect(await refused('topUpClient', 'stranger', `client=${proxy}`, 'amount=1')).toMatch(
      /holds no client contract \(code hash [0-9a-f]{64}\): it is a proxy\. Check the address\.$/,
    );
  });

  it('finds out that the proxy is not there before coins go', async () => {
    await overwriteData(
      fake().world,
      client,
      packClientData({ ...(await clientData()), proxy: new Address(0, hashOf('x')) }),
    );
    expect(await refused('topUpClient', 'stranger', at, 'amount=1')).toMatch(
      /^The simulation failed at proxy: not executed: there is no contract; the coins come back\. Nothing was sent\./,
    );
  });
});

describe('verbs of the worker', () => {
  it('registerWorker and payoutWorker', async () => {
    const { world } = fake();
    const proxy = await deployStakedProxy(world);
    const worker = (await deployWorker(world, proxy.address)).address;
    const at = `worker=${worker}`;
    await succeed(verbScript('registerWorker'), fake().as('workerOwner'), at);
    const op = 'extWorkerPayoutRequestSigned' as const;
    const excessesTo = world.actors.stranger.address;
    writeFileSync('v', voucherBody({ op, contract: worker, tokens: 1_000_000n, excessesTo }).toBoc());
    writeFileSync('other', voucherBody({ op, contract: proxy.address, tokens: 1n, excessesTo }).toBoc());
    expect(await refused('payoutWorker', 'stranger', at, 'voucherFile=other')).toMatch(/voucher refused \(contract\)/);
    await twice('payoutWorker', 'stranger', at, 'voucherFile=v');
    const paid = parseWorkerData(await dataOf(world, worker));
    expect(paid.tokens).toBe(1_000_000n);
    expect(fake().text).toMatch(/worker → proxy {2}workerProxyRequest/);
    await overwriteData(world, worker, packWorkerData({ ...paid, state: 2 }));
    await twice('reopenWorker', 'workerOwner', at);
  });
});

describe('verbs of the wallet', () => {
  it('blockWallet, unblockWallet, sendWallet, withdrawWallet', async () => {
    const { world } = fake();
    const wallet = (await deployWallet(world)).address;
    const at = `wallet=${wallet}`;
    await twice('blockWallet', 'walletOwner', at);
    expect(parseWalletData(await dataOf(world, wallet)).status & 1).toBe(1);
    await twice('unblockWallet', 'walletOwner', at);
    const to = `to=${world.actors.stranger.address}`;
    await succeed(verbScript('sendWallet'), fake(), at, to, 'amount=1', 'comment=thanks');
    expect(fake().text).toMatch(/wallet → \S+ {2}text {2}1 TON {2}ok/);
    expect(await refused('sendWallet', 'walletOwner', at, to, 'amount=100')).toMatch(/less than amount/);
    await twice('withdrawWallet', 'walletOwner', at);
  });
});

it('every verb has an entry file, a summary and distinct keys', () => {
  for (const [name, { contract, keys, summary }] of Object.entries(verbs)) {
    const { run } = jest.requireActual<{ run: unknown }>(`../../scripts/${name}`);
    expect(run).toBeInstanceOf(Function);
    expect(summary).not.toBe('');
    const names = [contract, ...keys.map((key) => key.split('=')[0])];
    expect(new Set(names).size).toBe(names.length);
  }
});
