import { Address, beginCell, internal as relaxed, toNano } from '@ton/core';
import {
  bodies,
  CocoonClient,
  CocoonProxy,
  CocoonRoot,
  CocoonWallet,
  CocoonWorker,
  clientStateInit,
  DefaultValue,
  DeployValue,
  InvalidFieldError,
  NotDeployedError,
  parseClientProxyRequest,
  parseSignedEnvelope,
  publicKeyVoucher,
  rootStateInit,
  stateInitAddress,
  storeParams,
  voucherPayload,
  walletExternal,
  workerStateInit,
} from '../../wrappers';
import { hashOf, keyOf } from '../support/keys';
import { codeOf, createWorld, mainnetParams } from '../support/world';

const address = (name: string) => new Address(0, hashOf(name));
const to = address('contract');
const excessesTo = address('excesses');

describe('a built message', () => {
  test('has everything a wallet, a multisig or a DAO action needs: destination, value, body', () => {
    const message = CocoonClient.buildTopUp(to, { queryId: 5n, amount: toNano('15'), excessesTo });
    expect(message.to.equals(to)).toBe(true);
    expect(message.value).toBe(toNano('15') + DefaultValue.clientOperation);
    expect(message.body.equals(bodies.extClientTopUp({ queryId: 5n, amount: toNano('15'), excessesTo }))).toBe(true);
    expect(message.init).toBeUndefined();
  });

  test('carries the value its caller names instead of the default', () => {
    const value = toNano('0.3');
    expect(CocoonClient.buildTopUp(to, { amount: 1n, excessesTo, value }).value).toBe(value);
    expect(CocoonProxy.buildPayout(to, { excessesTo, value }).value).toBe(value);
    expect(CocoonRoot.buildReset(to, { value }).value).toBe(value);
  });

  test('carries what the live runners attach where its caller names no value', () => {
    const voucher = { excessesTo, signature: Buffer.alloc(64), payload: beginCell().endCell() };
    expect(CocoonClient.buildRegister(to, { nonce: 1n, excessesTo }).value).toBe(toNano('1'));
    expect(CocoonClient.buildCharge(to, voucher).value).toBe(toNano('0.7'));
    expect(CocoonClient.buildWithdraw(to, { excessesTo }).value).toBe(toNano('0.7'));
    expect(CocoonClient.buildRequestRefund(to, { excessesTo }).value).toBe(toNano('0.7'));
    expect(CocoonWorker.buildRegister(to, { excessesTo }).value).toBe(toNano('1'));
    expect(CocoonWorker.buildPayout(to, voucher).value).toBe(toNano('0.5'));
    expect(CocoonProxy.buildSaveState(to, { seqno: 1, uniqueHash: hashOf('session') }).value).toBe(1n);
    expect(CocoonProxy.buildIncreaseStake(to, { amount: toNano('15'), excessesTo }).value).toBe(toNano('15.7'));
  });

  test('that deploys goes to the address its state init has', () => {
    const params = mainnetParams();
    const root = rootStateInit({ owner: address('owner'), params, rootCode: codeOf('root') });
    const message = CocoonRoot.buildDeploy(root);
    expect(message.to.equals(stateInitAddress(root))).toBe(true);
    expect(message.init).toBe(root);
    expect(message.value).toBe(DeployValue.root);
    expect(message.body.bits.length).toBe(0);
  });

  test('of the allowlists has the operation of its kind', () => {
    const hash = hashOf('image');
    const built = (kind: 'worker' | 'model' | 'proxy') => [
      CocoonRoot.buildAllow(to, { kind, hash }).body.hash().toString('hex'),
      CocoonRoot.buildDisallow(to, { kind, hash }).body.hash().toString('hex'),
    ];
    const expected = [
      bodies.rootAddWorkerType({ queryId: 0n, hash }),
      bodies.rootDelWorkerType({ queryId: 0n, hash }),
      bodies.rootAddModelType({ queryId: 0n, hash }),
      bodies.rootDelModelType({ queryId: 0n, hash }),
      bodies.rootAddProxyType({ queryId: 0n, hash }),
      bodies.rootDelProxyType({ queryId: 0n, hash }),
    ].map((body) => body.hash().toString('hex'));
    expect([...built('worker'), ...built('model'), ...built('proxy')]).toEqual(expected);
  });
});

describe('a message to the root', () => {
  const root = CocoonRoot;
  const key = { key: hashOf('key'), keyType: 7, expireAt: 99 };
  const manager = { managerPublicKey: hashOf('manager'), netAddress: '10.0.0.1:1' };

  test('carries the root default value and the body of its operation', () => {
    const payload = publicKeyVoucher({ queryId: 0n, ...key });
    const voucher = { excessesTo, signature: Buffer.alloc(64, 1), payload };
    const terms = mainnetParams();
    for (const [message, body] of [
      [root.buildChangeParamsFull(to, terms), bodies.rootChangeParamsFull({ queryId: 0n, ...terms })],
      [root.buildAddPublicKey(to, key), bodies.rootAddPublicKey({ queryId: 0n, ...key })],
      [root.buildAddPublicKeySigned(to, voucher), bodies.rootAddPublicKeySigned({ queryId: 0n, ...voucher })],
      [root.buildChangeKeyManager(to, manager), bodies.rootChangeKeyManager({ queryId: 0n, ...manager })],
    ] as const) {
      expect(message.value).toBe(DefaultValue.rootOperation);
      expect(message.body.equals(body)).toBe(true);
    }
  });

  test('that sets all parameters has them in the order of their cell', () => {
    const params = mainnetParams();
    const terms = storeParams(params, 'all')
      .beginParse()
      .skip(8 + 32 + 32 + 1);
    const body = bodies
      .rootChangeParamsFull({ queryId: 1n, ...params })
      .beginParse()
      .skip(32 + 64);
    expect(body.remainingBits).toBe(terms.remainingBits - 3);
    expect(body.loadBits(body.remainingBits).equals(terms.loadBits(terms.remainingBits - 3))).toBe(true);
  });
});

describe('a value that does not fit is refused by the name of its field', () => {
  const queryId = 1n;
  test.each<[string, () => unknown]>([
    ['queryId: -1', () => bodies.excesses({ queryId: -1n })],
    ['queryId: 18446744073709551616', () => bodies.payout({ queryId: 1n << 64n })],
    ['amount: -1 nanoTON', () => bodies.extClientTopUp({ queryId, amount: -1n, excessesTo })],
    ['hash: 31 bytes given, 32 needed', () => bodies.rootAddModelType({ queryId, hash: Buffer.alloc(31) })],
    [
      'secretHash: 0 bytes',
      () => bodies.ownerClientChangeSecretHash({ queryId, secretHash: Buffer.alloc(0), excessesTo }),
    ],
    ['nonce: -5', () => bodies.ownerClientRegister({ queryId, nonce: -5n, excessesTo })],
    ['keyType: 256', () => bodies.rootAddPublicKey({ queryId, key: hashOf('key'), keyType: 256, expireAt: 1 })],
    ['expireAt: -1', () => publicKeyVoucher({ queryId, key: hashOf('key'), keyType: 1, expireAt: -1 })],
    [
      'managerPublicKey: 1 bytes',
      () => bodies.rootChangeKeyManager({ queryId, managerPublicKey: Buffer.alloc(1), netAddress: '' }),
    ],
    ['seqno: 4294967296', () => bodies.rootUnregisterProxy({ queryId, seqno: 2 ** 32 })],
    ['endpoint: 128 characters', () => bodies.rootRegisterProxy({ queryId, endpoint: 'x'.repeat(128) })],
    ['endpoint: only one-byte characters', () => bodies.rootRegisterProxy({ queryId, endpoint: '東京:1' })],
    ['tokens: 18446744073709551616', () => voucherPayload({ op: 1, queryId, tokens: 1n << 64n, contract: to })],
    ['op: 4294967296', () => voucherPayload({ op: 2 ** 32, queryId, contract: to })],
    [
      'signature: 63 bytes',
      () =>
        bodies.extClientChargeSigned({
          queryId,
          excessesTo,
          signature: Buffer.alloc(63),
          payload: beginCell().endCell(),
        }),
    ],
    ['params.clientCode: the network parameters carry no code', () => childOf(clientStateInit)],
    ['params.workerCode: the network parameters carry no code', () => childOf(workerStateInit)],
  ])('%s', (message, build) => {
    expect(build).toThrow(InvalidFieldError);
    expect(build).toThrow(message);
  });

  function childOf(init: typeof clientStateInit): unknown {
    const params = { ...mainnetParams(), clientCode: null, workerCode: null };
    return init({ owner: address('owner'), proxy: to, publicKey: Buffer.alloc(32), params });
  }
});

describe('wallet messages', () => {
  const { sign } = keyOf('wallet');
  const message = { mode: 1, message: relaxed({ to, value: 1n }) };

  test('are signed over everything that follows the signature', () => {
    const signed: Buffer[] = [];
    const remember = (hash: Buffer) => {
      signed.push(hash);
      return sign(hash);
    };
    const body = walletExternal({ seqno: 3, validUntil: 99, messages: [message], sign: remember });
    const slice = body.beginParse();
    expect(slice.loadBuffer(64)).toEqual(sign(signed[0]!));
    expect(slice.asCell().hash()).toEqual(signed[0]);
    expect([slice.loadUint(32), slice.loadUint(32), slice.loadUint(32), slice.loadUint(8)]).toEqual([0, 99, 3, 1]);
  });

  test('cannot carry more than four messages', () => {
    const messages = [message, message, message, message, message];
    expect(() => walletExternal({ seqno: 3, validUntil: 99, messages, sign })).toThrow(
      'messages: 5 given, at most 4 fit',
    );
  });
});

describe('what strangers may send', () => {
  test('an excesses address that is none or external is read as null, not as an error', () => {
    const none = beginCell().storeUint(0, 2).endCell();
    const external = beginCell().storeUint(1, 2).storeUint(8, 9).storeUint(255, 8).endCell();
    const snapshot = { state: 0, balance: 1n, stake: 1n, tokensUsed: 1n, secretHash: Buffer.alloc(32) } as const;
    for (const excesses of [none, external]) {
      const payload = beginCell().storeUint(0x5cfc6b87, 32).storeCoins(7n).storeSlice(excesses.beginParse()).endCell();
      const body = bodies.clientProxyRequest({ queryId: 1n, owner: to, snapshot, payload });
      expect(parseClientProxyRequest(body)?.payload).toEqual({ kind: 'topUp', amount: 7n, excessesTo: null });
      const inner = voucherPayload({ op: 1, queryId: 2n, contract: to });
      const envelope = beginCell().storeUint(1, 32).storeUint(2, 64).storeSlice(excesses.beginParse());
      const cell = envelope.storeBuffer(Buffer.alloc(64)).storeRef(inner).endCell();
      expect(parseSignedEnvelope(cell).excessesTo).toBeNull();
    }
  });
});

test('reading the storage of an account without a contract says so', async () => {
  const { chain } = await createWorld();
  const wrappers = [CocoonRoot, CocoonProxy, CocoonClient, CocoonWorker, CocoonWallet] as const;
  for (const wrapper of wrappers) {
    const opened = chain.openContract(wrapper.createFromAddress(to) as CocoonRoot);
    await expect(opened.getStorage()).rejects.toThrow(NotDeployedError);
    await expect(opened.getStorage()).rejects.toThrow('contract is not deployed: the account is uninit');
  }
});

test('the parameters of a proxy leave out the code that a proxy cannot know about itself', () => {
  const params = mainnetParams();
  expect(storeParams(params, 'all').refs).toHaveLength(3);
  expect(storeParams(params, 'children').refs.map((ref) => ref.hash())).toEqual([
    params.workerCode!.hash(),
    params.clientCode!.hash(),
  ]);
  expect(storeParams(params, 'none').refs).toHaveLength(0);
});
