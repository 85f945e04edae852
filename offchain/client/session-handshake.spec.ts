import { CocoonState, Op, signVoucher, tlAddress } from '@cocoon/sdk';
import type { TlObject } from '@cocoon/sdk/protocol/tl';
import { Address, toNano } from '@ton/core';
import { systemClock } from '../node/clock';
import { RootWatch } from '../node/root-watch';
import { PeerQueryError } from '../transport';
import { ActionFailedError } from './actions';
import { secretHash } from './session';
import { FakeChain, params, ROOT, WALLET } from './testing/fake-network';
import { SECRET, type World, world } from './testing/session-world';
import { silentLogger } from './testing/start-gateway';

describe('the handshake with a proxy', () => {
  let w: World;
  beforeEach(async () => {
    w = await world();
  });
  afterEach(() => w.close());

  test('first contact: one wallet transaction deploys, pays one stake, sets the secret and registers', async () => {
    const session = await w.connect();
    expect(session.ready).toBe(true);
    expect(w.wallet.sent).toEqual([['ownerClientChangeSecretHashAndTopUp', 'ownerClientRegister']]);
    expect(w.wallet.messages[0]?.init).toBeDefined();
    expect(w.wallet.messages[1]?.init).toBeUndefined();
    expect(w.chain.clientData()).toMatchObject({ balance: toNano('15'), secretHash: secretHash(SECRET) });
    expect(w.proxy.received).toEqual(['client.connectToProxy', 'client.authorizeWithProxyLong']);
  });

  test('afterwards the secret is enough and nothing is paid', async () => {
    w.proxy.knownSecretHash = secretHash(SECRET);
    w.chain.setClient({ balance: toNano('15'), secretHash: secretHash(SECRET) });
    const session = await w.connect();
    expect(session.ready).toBe(true);
    expect(w.wallet.sent).toEqual([]);
    expect(w.proxy.received).toEqual(['client.connectToProxy', 'client.authorizeWithProxyShort']);
  });

  test('the secret is not shown to a proxy that does not know its hash (B25)', async () => {
    w.proxy.knownSecretHash = secretHash(Buffer.from('an older secret'));
    w.chain.setClient({ balance: toNano('15'), secretHash: secretHash(Buffer.from('an older secret')) });
    await w.connect();
    expect(w.proxy.received).not.toContain('client.authorizeWithProxyShort');
    expect(w.wallet.sent).toEqual([['ownerClientChangeSecretHash', 'ownerClientRegister']]);
  });

  test('a channel that ran dry is filled up while registering', async () => {
    w.chain.setClient({ balance: toNano('1'), secretHash: secretHash(SECRET) });
    await w.connect();
    expect(w.wallet.sent).toEqual([['extClientTopUp', 'ownerClientRegister']]);
    expect(w.chain.clientData()?.balance).toBe(toNano('16'));
  });

  test('an empty wallet is said, with the address and the missing sum, and nothing is sent', async () => {
    w.wallet.coins = toNano('3');
    await expect(w.connect()).rejects.toMatchObject({
      code: 'wallet_underfunded',
      message: expect.stringContaining(WALLET.toString({ bounceable: false })),
    });
    expect(w.wallet.sent).toEqual([]);
  });

  test('a connection lost while the channel is being opened does not pay twice', async () => {
    let release: () => void = () => undefined;
    w.wallet.delay = new Promise((resolve) => {
      release = resolve;
    });
    const asked = w.proxy.next('client.authorizeWithProxyLong');
    const first = w.connect();
    const lost = expect(first).rejects.toThrow();
    await asked;
    w.proxy.connections[0]?.close();
    await lost;
    const askedAgain = w.proxy.next('client.authorizeWithProxyLong');
    const second = w.connect();
    await askedAgain;
    release();
    expect((await second).ready).toBe(true);
    expect(w.wallet.sent).toEqual([
      ['ownerClientChangeSecretHashAndTopUp', 'ownerClientRegister'],
      ['ownerClientRegister'],
    ]);
    expect(w.chain.clientData()?.balance).toBe(toNano('15'));
  });

  test('an on-chain failure ends the handshake at once instead of after the time-out', async () => {
    w.wallet.failure = new ActionFailedError('exit code 1003', { exitCode: 1003 });
    await expect(w.connect()).rejects.toMatchObject({ exitCode: 1003 });
  });

  test.each([
    ['is not deployed', (chain: FakeChain) => chain.remove(chain.proxy)],
    [
      'runs other code',
      (chain: FakeChain) => chain.set(chain.proxy, { code: params.workerCode!, data: chain.dataOf(chain.proxy)! }),
    ],
  ])('no money goes to a proxy contract that %s', async (_what, change) => {
    change(w.chain);
    await expect(w.connect()).rejects.toMatchObject({ code: 'proxy_contract' });
    expect(w.wallet.sent).toEqual([]);
  });

  test('no money goes to a new proxy whose stake is not really there', async () => {
    w.chain.setBooks(w.chain.proxy, { backedStake: params.minProxyStake - 1n });
    await expect(w.connect()).rejects.toMatchObject({
      code: 'stake_not_backed',
      message: expect.stringMatching(/only 14.999999999 TON are there, 15 TON are needed .*min_backed_stake_nano/),
    });
    w.chain.setClient({ balance: 1n }); // anybody can open the channel and pay a little into it
    await expect(w.connect()).rejects.toMatchObject({ code: 'stake_not_backed' });
    expect(w.wallet.sent).toEqual([]);
    w.chain.setBooks(w.chain.proxy, { backedStake: params.minProxyStake });
    expect((await w.connect()).ready).toBe(true);
  });

  test('a proxy that has answered before is filled up although it has paid workers in advance', async () => {
    w.chain.setBooks(w.chain.proxy, { backedStake: params.minProxyStake });
    const { channel } = await w.connect();
    channel?.received(5n);
    w.chain.setBooks(w.chain.proxy, { backedStake: 0n });
    w.chain.setClient({ balance: 0n });
    await w.connect();
    expect(w.wallet.sent.at(-1)).toEqual(['extClientTopUp', 'ownerClientRegister']);
  });

  test('a proxy contract that does not say is paid with a warning', async () => {
    const warn = jest.spyOn(silentLogger, 'warn');
    await w.connect();
    expect(warn).toHaveBeenCalledWith(expect.anything(), expect.stringContaining('stake is really there'));
    warn.mockRestore();
  });

  test.each([
    [0n, 0n, undefined],
    [toNano('20'), toNano('19'), 'stake_not_backed'],
  ])('the owner may ask for another stake: %s nanoTON', async (least, backedStake, refusal) => {
    const own = await world(least);
    own.chain.setBooks(own.chain.proxy, { backedStake });
    const code = await own.connect().then(
      () => undefined,
      (error) => error.code,
    );
    await own.close();
    expect(code).toBe(refusal);
  });

  test('a closed channel is not paid into', async () => {
    w.chain.setClient({ state: CocoonState.closed });
    await expect(w.connect()).rejects.toMatchObject({ code: 'channel_closed' });
    expect(w.wallet.sent).toEqual([]);
  });

  const other = tlAddress(new Address(0, Buffer.alloc(32, 0xee)), false);
  test.each([
    [
      'another proxy contract',
      () => ({ ...w.proxy.connected(), params: { ...w.proxy.connected().params, proxyScAddress: other } }),
      'address_mismatch',
    ],
    ['another client contract', () => ({ ...w.proxy.connected(), clientScAddress: other }), 'address_mismatch'],
    [
      'another key',
      () => ({
        ...w.proxy.connected(),
        params: { ...w.proxy.connected().params, proxyPublicKey: Buffer.alloc(32, 1) },
      }),
      'address_mismatch',
    ],
    ['no address', () => ({ ...w.proxy.connected(), clientScAddress: 'nonsense' }), 'bad_answer'],
    [
      'the other network',
      () => ({ ...w.proxy.connected(), params: { ...w.proxy.connected().params, isTest: false } }),
      'wrong_network',
    ],
    [
      'no flags',
      () => ({ ...w.proxy.connected(), params: { ...w.proxy.connected().params, isTest: undefined } }),
      'wrong_network',
    ],
    [
      'an unknown version',
      () => ({ ...w.proxy.connected(), params: { ...w.proxy.connected().params, protoVersion: 9 } }),
      'no_common_version',
    ],
    ['a voucher of another channel', () => ({ ...w.proxy.connected(), signedPayment: foreignVoucher() }), 'bad_answer'],
  ])('a proxy that names %s is refused before any money moves', async (_what, answer, code) => {
    w.proxy.answer = (query) => (query._ === 'client.connectToProxy' ? answer() : undefined);
    await expect(w.connect()).rejects.toMatchObject({ code });
    expect(w.wallet.sent).toEqual([]);
  });

  function foreignVoucher() {
    const { proxyKey, proxy } = w.chain;
    const data = signVoucher({
      op: Op.extClientChargeSigned,
      queryId: 1n,
      tokens: 5n,
      contract: proxy,
      excessesTo: proxy,
      key: proxyKey,
    });
    return { _: 'proxy.signedPayment' as const, data };
  }

  test('a proxy that refuses is believed, with its words', async () => {
    w.proxy.answer = () => Promise.reject(new PeerQueryError(651, 'proxy is disabled'));
    await expect(w.connect()).rejects.toMatchObject({ message: expect.stringContaining('proxy is disabled') });
    w.proxy.answer = (query) =>
      query._ === 'client.authorizeWithProxyLong'
        ? { _: 'client.authorizationWithProxyFailed', errorCode: 621, error: 'no' }
        : undefined;
    await expect(w.connect()).rejects.toMatchObject({ code: 'authorization' });
  });

  test('an answer of the wrong kind ends the handshake', async () => {
    w.proxy.answer = () => ({ _: 'client.workerTypesV2', types: [] });
    await expect(w.connect()).rejects.toThrow();
  });

  test('a message in the middle of the handshake ends the connection', async () => {
    w.proxy.answer = (query) => {
      if (query._ !== 'client.connectToProxy') return undefined;
      w.proxy.connections[0]?.send({ _: 'worker.newCoefficient', newCoefficient: 1 });
      return new Promise<TlObject>(() => undefined);
    };
    await expect(w.connect()).rejects.toThrow();
  });

  test('a payment before the handshake ends the connection, not the process', async () => {
    w.proxy.answer = (query) => {
      if (query._ !== 'client.connectToProxy') return undefined;
      w.proxy.connections[0]?.send(w.proxy.voucher(1n));
      return new Promise<TlObject>(() => undefined);
    };
    await expect(w.connect()).rejects.toThrow(/unexpected message proxy.signedPayment/);
  });
});

test('the root must be of the configured network', async () => {
  const chain = new FakeChain();
  chain.publishRoot('127.0.0.1:1');
  const watch = (isTest: boolean) =>
    new RootWatch({
      chain,
      address: ROOT,
      isTest,
      refreshMs: 1e6,
      retryMs: 1e6,
      clock: systemClock,
      logger: silentLogger,
      onChange: () => undefined,
    });
  await expect(watch(false).refresh()).rejects.toThrow(/is_test/);
  await expect(watch(true).refresh()).resolves.toMatchObject({ version: 1 });
});
