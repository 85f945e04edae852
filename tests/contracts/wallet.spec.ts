import { beginCell, type Cell, internal as internalMessage, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import {
  bodies,
  type CocoonWallet,
  ExitCode,
  exitCodeName,
  Op,
  packWalletData,
  parseWalletData,
  type WalletData,
  type WalletExternalOptions,
  walletExternal,
} from '../../wrappers';
import { expectBounceIgnored, expectSilence } from '../support/acceptance';
import { doNotProcessBodies, headerOnly, UNKNOWN_OP, withTrailingBit, withTrailingRef } from '../support/bodies';
import { addr, int, methodId, stackOf } from '../support/getters';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, reservesOf, sentBy, txOf } from '../support/trace';
import {
  balanceOf,
  createWorld,
  dataOf,
  deployWallet,
  emptyBody,
  overwriteData,
  startEachTestFrom,
  strangerKey,
  type World,
  walletKey,
} from '../support/world';

const VALUE = toNano('0.05');

let world: World;
let wallet: SandboxContract<CocoonWallet>;

startEachTestFrom(async () => {
  world = await createWorld();
  wallet = await deployWallet(world, toNano('10'));
  await given({ seqno: 5 });
  return world;
});

async function storage(): Promise<WalletData> {
  return parseWalletData(await dataOf(world, wallet.address));
}

async function given(change: Partial<WalletData>): Promise<void> {
  await overwriteData(world, wallet.address, packWalletData({ ...(await storage()), ...change }));
}

const transfer = (value: bigint, text = 'hi') => ({
  mode: 1,
  message: internalMessage({ to: world.actors.stranger.address, value, bounce: false, body: text }),
});

const external = (opts: Partial<WalletExternalOptions> = {}): WalletExternalOptions => ({
  seqno: 5,
  validUntil: world.now() + 60,
  messages: [transfer(toNano('1'))],
  sign: walletKey.sign,
  ...opts,
});

/** An external message that is not accepted leaves no trace at all: no transaction, no fee, no change. */
async function expectNotAccepted(body: Cell, exitCode: number): Promise<void> {
  const data = await dataOf(world, wallet.address);
  const balance = await balanceOf(world, wallet.address);
  const name = (code: unknown) =>
    typeof code === 'number' ? `${code} ${exitCodeName(code)}` : `no exit code: ${code}`;
  const outcome = await world.chain
    .sendMessage({ info: { type: 'external-in', dest: wallet.address, importFee: 0n }, body })
    .then(
      () => 'accepted',
      (error: { exitCode?: number }) => name(error.exitCode ?? error),
    );
  expect(outcome).toBe(name(exitCode));
  expect((await dataOf(world, wallet.address)).equals(data)).toBe(true);
  expect(await balanceOf(world, wallet.address)).toBe(balance);
}

describe('a new wallet', () => {
  test('holds the data its address was derived from', async () => {
    await given({ seqno: 0 });
    expect((await dataOf(world, wallet.address)).equals(wallet.init!.data)).toBe(true);
  });

  test('answers seqno (85143), get_public_key (78748) and get_owner_address (114619)', async () => {
    expect([methodId('seqno'), methodId('get_public_key'), methodId('get_owner_address')]).toEqual([
      85143, 78748, 114619,
    ]);
    expect(await stackOf(world, wallet.address, 85143)).toEqual([int(5)]);
    expect(await stackOf(world, wallet.address, 78748)).toEqual([int(walletKey.publicKey)]);
    expect(await stackOf(world, wallet.address, 114619)).toEqual([addr(world.actors.walletOwner.address)]);
    expect(await wallet.getSeqno()).toBe(5);
  });
});

describe('message signed by the key', () => {
  test('sends what it carries, with the modes it gives and +2, and counts', async () => {
    const before = await storage();
    const messages = [transfer(toNano('1'), 'a'), { ...transfer(toNano('2'), 'b'), mode: 0 }];
    messages.push({ ...transfer(1n, 'c'), mode: 3 }, transfer(toNano('0.5'), 'd'));
    const result = await wallet.sendExternal(external({ messages }));
    const sent = sentBy(txOf(result, wallet.address));
    expect(sent.map(({ mode }) => mode)).toEqual([3, 2, 3, 3]);
    expect(sent[0]?.value).toBe(toNano('1'));
    expect(sent.map(({ body }) => body.beginParse().skip(32).loadStringTail())).toEqual(['a', 'b', 'c', 'd']);
    expect((await dataOf(world, wallet.address)).equals(packWalletData({ ...before, seqno: 6 }))).toBe(true);
  });

  test('may carry nothing at all: it only counts', async () => {
    const result = await wallet.sendExternal(external({ messages: [] }));
    expect(sentBy(txOf(result, wallet.address))).toEqual([]);
    expect(await wallet.getSeqno()).toBe(6);
  });

  test('is taken once', async () => {
    const body = walletExternal(external());
    await world.chain.sendMessage({ info: { type: 'external-in', dest: wallet.address, importFee: 0n }, body });
    await expectNotAccepted(body, ExitCode.walletBadSeqno);
  });

  test('that has expired, in this very second too, is not accepted', async () => {
    for (const validUntil of [world.now(), world.now() - 1, 0]) {
      await expectNotAccepted(walletExternal(external({ validUntil })), ExitCode.walletExpired);
    }
  });

  test('is not accepted while the owner has blocked the key', async () => {
    await given({ status: 1 });
    await expectNotAccepted(walletExternal(external()), ExitCode.walletBlocked);
  });

  test('with another seqno or subwallet is not accepted', async () => {
    for (const seqno of [4, 6]) await expectNotAccepted(walletExternal(external({ seqno })), ExitCode.walletBadSeqno);
    await expectNotAccepted(walletExternal(external({ subwallet: 1 })), ExitCode.walletBadSubwallet);
  });

  test('signed by another key, or changed after signing, is not accepted', async () => {
    await expectNotAccepted(walletExternal(external({ sign: strangerKey.sign })), ExitCode.walletBadSignature);
    const sign = () => walletKey.sign(Buffer.alloc(32));
    await expectNotAccepted(walletExternal(external({ sign })), ExitCode.walletBadSignature);
  });

  test('is not accepted below 2 TON, and is above', async () => {
    const contract = await world.chain.getContract(wallet.address);
    contract.balance = toNano('2') - 1n;
    await expectNotAccepted(walletExternal(external()), ExitCode.walletLowBalance);
    // The fee for bringing the message in is taken before the contract looks at its balance.
    contract.balance = toNano('2.002');
    const result = await wallet.sendExternal(external());
    expect(exitCodeOf(txOf(result, wallet.address))).toBe(0);
  });

  test('that is too short is not accepted', async () => {
    await expectNotAccepted(
      beginCell()
        .storeUint(0, 512 + 95)
        .endCell(),
      ExitCode.tvmCellUnderflow,
    );
  });

  test('is checked in the order time, block, seqno, subwallet, signature, balance', async () => {
    (await world.chain.getContract(wallet.address)).balance = toNano('1');
    const sign = strangerKey.sign;
    await given({ status: 1 });
    const all = { validUntil: 0, seqno: 4, subwallet: 1, sign };
    await expectNotAccepted(walletExternal(external(all)), ExitCode.walletExpired);
    const late = { ...all, validUntil: world.now() + 60 };
    await expectNotAccepted(walletExternal(external(late)), ExitCode.walletBlocked);
    await given({ status: 0 });
    await expectNotAccepted(walletExternal(external(late)), ExitCode.walletBadSeqno);
    await expectNotAccepted(walletExternal(external({ ...late, seqno: 5 })), ExitCode.walletBadSubwallet);
    const signed = { ...late, seqno: 5, subwallet: 0 };
    await expectNotAccepted(walletExternal(external(signed)), ExitCode.walletBadSignature);
    const good = { ...signed, sign: walletKey.sign };
    await expectNotAccepted(walletExternal(external(good)), ExitCode.walletLowBalance);
  });
});

describe('message of the owner', () => {
  const attempt = (body: Cell) => ({ from: world.actors.walletOwner, to: wallet.address, value: VALUE, body });
  const message = () => beginCell().storeUint(0x18, 6).storeAddress(world.actors.stranger.address);

  test('makes the wallet send a message as it is, blocked or not, rich or not', async () => {
    await given({ status: 1 });
    (await world.chain.getContract(wallet.address)).balance = toNano('1');
    const before = await dataOf(world, wallet.address);
    const opts = { queryId: 1n, ...transfer(toNano('0.7'), 'from the owner') };
    const result = await wallet.sendOwnerSend(world.actors.walletOwner.getSender(), opts);
    const [sent, ...rest] = sentBy(txOf(result, wallet.address));
    expect(rest).toEqual([]);
    expect(sent).toMatchObject({ value: toNano('0.7'), bounce: false, mode: 1 });
    expect(sent?.to.equals(world.actors.stranger.address)).toBe(true);
    expect((await dataOf(world, wallet.address)).equals(before)).toBe(true);
  });

  test('to send may go on after the message: the rest is not looked at', async () => {
    const cell = message().storeCoins(toNano('0.1')).storeUint(0, 107).endCell();
    const body = bodies.ownerWalletSendMessage({ queryId: 1n, mode: 1, message: cell });
    for (const longer of [withTrailingBit(body), withTrailingRef(body)]) {
      const result = await deliver(world, attempt(longer));
      expect(sentBy(txOf(result, wallet.address))).toHaveLength(1);
    }
  });

  test('"b" blocks the key and "u" accepts it again, and nothing else changes', async () => {
    const before = await storage();
    const sender = world.actors.walletOwner.getSender();
    await wallet.sendBlock(sender);
    expect((await dataOf(world, wallet.address)).equals(packWalletData({ ...before, status: 1 }))).toBe(true);
    await expectNotAccepted(walletExternal(external()), ExitCode.walletBlocked);
    await wallet.sendUnblock(sender);
    expect((await dataOf(world, wallet.address)).equals(packWalletData(before))).toBe(true);
    await wallet.sendExternal(external());
    expect(await wallet.getSeqno()).toBe(6);
  });

  test('"w" sends everything but 0.01 TON to the owner, and says so', async () => {
    const before = await dataOf(world, wallet.address);
    const result = await wallet.sendWithdrawAll(world.actors.walletOwner.getSender());
    const tx = txOf(result, wallet.address);
    const [sent, ...rest] = sentBy(tx);
    expect(rest).toEqual([]);
    expect(sent).toMatchObject({ op: 'text', bounce: true, mode: 128 });
    expect(sent?.to.equals(world.actors.walletOwner.address)).toBe(true);
    expect(sent?.body.equals(bodies.text('w'))).toBe(true);
    expect(reservesOf(tx)).toEqual([{ coins: toNano('0.01'), mode: 2 }]);
    expect(await balanceOf(world, wallet.address)).toBe(toNano('0.01'));
    expect((await dataOf(world, wallet.address)).equals(before)).toBe(true);
  });

  test('is refused from everybody else, whatever it says', async () => {
    const cell = message().storeCoins(1n).storeUint(0, 107).endCell();
    const send = bodies.ownerWalletSendMessage({ queryId: 1n, mode: 128, message: cell });
    for (const body of [send, bodies.text('w'), bodies.text('b'), bodies.text('u'), headerOnly(UNKNOWN_OP)]) {
      await expectRejection(world, { ...attempt(body), from: world.actors.stranger }, ExitCode.walletNotOwner);
    }
  });

  test('with an unknown operation or text is refused by name', async () => {
    await expectRejection(world, attempt(headerOnly(UNKNOWN_OP)), ExitCode.walletUnknownOp);
    await expectRejection(world, attempt(bodies.text('c')), ExitCode.walletUnknownOp);
  });

  test('that is malformed is refused', async () => {
    const longText = beginCell().storeUint(0, 32).storeStringTail('wb').endCell();
    for (const body of [headerOnly(Op.ownerWalletSendMessage), longText, withTrailingRef(bodies.text('b'))]) {
      await expectRejection(world, attempt(body), ExitCode.tvmCellUnderflow);
    }
  });
});

describe('anything else', () => {
  test('coins, excesses and payouts are taken from anybody', async () => {
    const attempt = { from: world.actors.stranger, to: wallet.address, value: VALUE };
    const answers = [bodies.excesses({ queryId: 1n }), bodies.payout({ queryId: 1n })];
    for (const body of [emptyBody, ...answers, ...doNotProcessBodies]) await expectSilence(world, { ...attempt, body });
  });

  test('a bounced message is taken and ignored', async () => {
    const from = world.actors.stranger.address;
    await expectBounceIgnored(world, { from, to: wallet.address, op: Op.extClientTopUp });
  });
});
