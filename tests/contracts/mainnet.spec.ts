import { type Address, beginCell, type Cell, toNano } from '@ton/core';
import { MAINNET_TERMS } from '../../sdk/networks';
import {
  CocoonClient,
  CocoonProxy,
  CocoonRoot,
  CocoonWallet,
  CocoonWorker,
  clientStateInit,
  hashToInt,
  packClientData,
  packProxyData,
  packRootData,
  packWalletData,
  packWorkerData,
  parseClientData,
  parseKeyManager,
  parseProxyData,
  parseRootData,
  parseWalletData,
  parseWorkerData,
  proxyStateInit,
  stateInitAddress,
  walletStateInit,
  workerStateInit,
} from '../../wrappers';
import { type AccountName, mainnetAccount, newerClientData, newerWalletData } from '../support/mainnet';
import { codeOf, createWorld, putContract, type World } from '../support/world';

const mainnetRoot = parseRootData(mainnetAccount('root').data);

describe('data of the live accounts', () => {
  test('root: owner, registry, lists and parameters are read, and written back bit by bit', () => {
    const { address, data } = mainnetAccount('root');
    expect(address.toString()).toBe('EQCns7bYSp0igFvS1wpb5wsZjCKCV19MD5AVzI4EyxsnU73k');
    expect(mainnetRoot.version).toBe(58);
    expect(mainnetRoot.lastProxySeqno).toBe(3);
    expect([...mainnetRoot.registeredProxies]).toEqual([[2, '91.108.4.11:5222 91.108.4.11:8888']]);
    expect(mainnetRoot.proxyHashes.size).toBe(2);
    expect(mainnetRoot.workerHashes.size).toBe(4);
    expect(mainnetRoot.modelHashes.size).toBe(1);
    const { proxyCode, workerCode, clientCode, ...numbers } = mainnetRoot.params;
    expect(numbers).toEqual({
      structVersion: 3,
      paramsVersion: 14,
      ...MAINNET_TERMS,
      isTest: false,
    });
    expect(workerCode?.equals(mainnetAccount('worker').code)).toBe(true);
    expect(proxyCode).not.toBeNull();
    expect(clientCode).not.toBeNull();
    expect(packRootData(mainnetRoot).equals(data)).toBe(true);
  });

  test('root: struct version 4 and the key manager reference of newer roots are read and kept', () => {
    // As described from chain for root version 87: one more reference, 521 zero bits.
    const keyManager = beginCell().storeUint(0, 256).storeUint(0, 256).storeUint(0, 9).endCell();
    const params = { ...mainnetRoot.params, structVersion: 4, paramsVersion: 17 };
    const newer = packRootData({ ...mainnetRoot, version: 87, params, keyManager });
    const parsed = parseRootData(newer);
    expect(parsed.params.structVersion).toBe(4);
    expect(parsed.keyManager?.equals(keyManager)).toBe(true);
    const { tail, ...known } = parseKeyManager(keyManager);
    expect(known).toEqual({ keys: new Map(), managerPublicKey: Buffer.alloc(32), netAddress: '' });
    expect(tail.bits.length).toBe(8 + 256);
    expect(packRootData(parsed).equals(newer)).toBe(true);
  });

  test('proxy: a closing one with older parameters is read and written back bit by bit', () => {
    const { data } = mainnetAccount('proxy');
    const proxy = parseProxyData(data);
    expect(proxy).toMatchObject({ state: 1, balance: 0n, stake: 0n, unlockTs: 1_764_518_631 });
    expect(proxy.root.equals(mainnetAccount('root').address)).toBe(true);
    expect(proxy.params).toMatchObject({
      structVersion: 3,
      paramsVersion: 7,
      pricePerToken: 10n,
      workerFeePerToken: 9n,
    });
    expect(packProxyData(proxy).equals(data)).toBe(true);
  });

  test('client: a closed one is read and written back bit by bit', () => {
    const { data } = mainnetAccount('client');
    const client = parseClientData(data);
    expect(client).toMatchObject({ state: 2, balance: 0n, stake: toNano('15'), tokensUsed: 258_642_860n, unlockTs: 0 });
    expect(packClientData(client).equals(data)).toBe(true);
  });

  test('client: one with parameters of struct version 4 is read and written back bit by bit', () => {
    const client = parseClientData(newerClientData);
    expect(client).toMatchObject({ state: 0, balance: toNano('15'), stake: toNano('15'), tokensUsed: 0n });
    expect(client.params).toMatchObject({ structVersion: 4, paramsVersion: 17, completionMultiplier: 80_000 });
    expect(packClientData(client).equals(newerClientData)).toBe(true);
  });

  test('worker and wallets are read and written back bit by bit', () => {
    const worker = parseWorkerData(mainnetAccount('worker').data);
    expect(worker).toMatchObject({ state: 0, tokens: 0n });
    expect(packWorkerData(worker).equals(mainnetAccount('worker').data)).toBe(true);
    const wallet = parseWalletData(mainnetAccount('wallet').data);
    expect(wallet).toMatchObject({ seqno: 14, subwallet: 0, status: 0 });
    expect(packWalletData(wallet).equals(mainnetAccount('wallet').data)).toBe(true);
    expect(parseWalletData(newerWalletData).seqno).toBe(8);
    expect(packWalletData(parseWalletData(newerWalletData)).equals(newerWalletData)).toBe(true);
  });
});

describe('addresses of the live accounts follow from their code and what they were deployed with', () => {
  test('proxy', () => {
    const { address, code, data } = mainnetAccount('proxy');
    expect(stateInitAddress(proxyStateInit({ ...parseProxyData(data), proxyCode: code })).equals(address)).toBe(true);
  });

  test('client', () => {
    const { address, code, data } = mainnetAccount('client');
    const { params, ...rest } = parseClientData(data);
    const init = clientStateInit({ ...rest, params: { ...params, clientCode: code } });
    expect(stateInitAddress(init).equals(address)).toBe(true);
  });

  test('worker', () => {
    const { address, code, data } = mainnetAccount('worker');
    const { params, ...rest } = parseWorkerData(data);
    const init = workerStateInit({ ...rest, params: { ...params, workerCode: code } });
    expect(stateInitAddress(init).equals(address)).toBe(true);
  });

  test('wallet', () => {
    const { address, code, data } = mainnetAccount('wallet');
    expect(stateInitAddress(walletStateInit({ ...parseWalletData(data), code })).equals(address)).toBe(true);
  });
});

describe('our contracts, given the data of the live ones, answer as parsed', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });

  async function load(name: AccountName): Promise<{ address: Address; data: Cell }> {
    const { address, data } = mainnetAccount(name);
    await putContract(world, { address, code: codeOf(name), data, balance: toNano('1') });
    return { address, data };
  }

  test('root', async () => {
    const { address } = await load('root');
    const root = world.chain.openContract(CocoonRoot.createFromAddress(address));
    const { params } = mainnetRoot;
    expect(await root.getLastProxySeqno()).toBe(3);
    const info = await root.getCocoonData();
    expect(info).toMatchObject({ version: 58, lastProxySeqno: 3, paramsVersion: 14, uniqueId: 239, isTest: false });
    expect(info).toMatchObject({ pricePerToken: 20n, workerFeePerToken: 19n });
    expect(info.minProxyStake).toBe(params.minProxyStake);
    expect(info.minClientStake).toBe(params.minClientStake);
    expect(info.owner.equals(mainnetRoot.owner)).toBe(true);
    const current = await root.getCurParams();
    expect(current).toMatchObject({ cachedMultiplier: 1_000, reasoningMultiplier: 80_000 });
    expect(current).toMatchObject({ proxyDelayBeforeClose: 86_400, clientDelayBeforeClose: 43_200 });
    expect(current.proxyCodeHash).toEqual(params.proxyCode?.hash());
    expect(current.workerCodeHash).toEqual(params.workerCode?.hash());
    expect(current.clientCodeHash).toEqual(params.clientCode?.hash());
    const lists = [
      ['proxy', mainnetRoot.proxyHashes],
      ['worker', mainnetRoot.workerHashes],
      ['model', mainnetRoot.modelHashes],
    ] as const;
    for (const [kind, hashes] of lists) {
      for (const hash of hashes) expect(await root.getIsAllowed(kind, Buffer.from(hash, 'hex'))).toBe(true);
      expect(await root.getIsAllowed(kind, Buffer.alloc(32, 7))).toBe(false);
    }
    // The lists are kept apart: an image of one kind is not allowed as another.
    expect(await root.getIsAllowed('worker', Buffer.from([...mainnetRoot.proxyHashes][0]!, 'hex'))).toBe(false);
  });

  test('proxy', async () => {
    const { address, data } = await load('proxy');
    const info = await world.chain.openContract(CocoonProxy.createFromAddress(address)).getData();
    const expected = parseProxyData(data);
    const { owner, root, publicKey, state, balance, stake, unlockTs } = expected;
    expect(info.owner.equals(owner) && info.root.equals(root) && info.publicKey.equals(publicKey)).toBe(true);
    expect(info).toMatchObject({ state, balance, stake, unlockTs, pricePerToken: 10n, workerFeePerToken: 9n });
    expect(info).toMatchObject({ minProxyStake: toNano('1'), minClientStake: toNano('1'), paramsVersion: 7 });
  });

  test('client', async () => {
    const { address, data } = await load('client');
    const info = await world.chain.openContract(CocoonClient.createFromAddress(address)).getData();
    const { owner, proxy, publicKey, secretHash, params: _params, reopened, debt, ...rest } = parseClientData(data);
    expect(info.owner.equals(owner) && info.proxy.equals(proxy)).toBe(true);
    expect(info.publicKey.equals(publicKey) && info.secretHash.equals(secretHash)).toBe(true);
    expect(info).toMatchObject(rest);
    expect({ reopened, debt }).toEqual({ reopened: false, debt: 0n });
  });

  test('worker', async () => {
    const { address, data } = await load('worker');
    const info = await world.chain.openContract(CocoonWorker.createFromAddress(address)).getData();
    const { owner, proxy, publicKey, state, tokens } = parseWorkerData(data);
    expect(info.owner.equals(owner) && info.proxy.equals(proxy) && info.publicKey.equals(publicKey)).toBe(true);
    expect(info).toMatchObject({ state, tokens });
  });

  test('wallet', async () => {
    const { address, data } = await load('wallet');
    const wallet = world.chain.openContract(CocoonWallet.createFromAddress(address));
    const { seqno, publicKey, owner } = parseWalletData(data);
    expect(await wallet.getSeqno()).toBe(seqno);
    expect(hashToInt(await wallet.getPublicKey())).toBe(hashToInt(publicKey));
    expect((await wallet.getOwnerAddress()).equals(owner)).toBe(true);
  });
});
