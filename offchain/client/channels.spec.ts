import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CocoonState, clientStateInit, Op, signVoucher } from '@cocoon/sdk';
import { toNano } from '@ton/core';
import { ManualClock } from '../transport/testing/manual-clock';
import { ActionFailedError } from './actions';
import type { ChannelAction } from './admin';
import { Channels } from './channels';
import type { Terms } from './terms';
import { FakeChain, FakeWallet, params, WALLET } from './testing/fake-network';
import { silentLogger } from './testing/start-gateway';

const SECRET_HASH = Buffer.alloc(32, 7);
const INTERVAL = 2000;

function setUp(stateDir = mkdtempSync(join(tmpdir(), 'cocoon-channels-'))) {
  const chain = new FakeChain();
  const wallet = new FakeWallet(chain);
  const clock = new ManualClock();
  let paramsVersion = params.paramsVersion;
  const use = { now: false };
  const make = () =>
    new Channels({
      chain,
      wallet,
      stateDir,
      secretHash: SECRET_HASH,
      minBackedStake: undefined,
      logger: silentLogger,
      clock,
      intervalMs: INTERVAL,
      paramsVersion: () => paramsVersion,
      inUse: () => use.now,
    });
  const publicKey = chain.proxyPublicKey;
  const terms: Terms = {
    protoVersion: 3,
    proxy: chain.proxy,
    proxyPublicKey: publicKey,
    client: chain.client,
    clientInit: clientStateInit({ owner: WALLET, proxy: chain.proxy, publicKey, params }),
    params,
  };
  const voucher = (tokens: bigint) => ({
    _: 'proxy.signedPayment' as const,
    data: signVoucher({
      op: Op.extClientChargeSigned,
      queryId: 3n,
      tokens,
      contract: chain.client,
      excessesTo: chain.proxy,
      key: chain.proxyKey,
    }),
  });
  const upgrade = () => {
    paramsVersion += 1;
  };
  chain.setClient({ balance: toNano('15'), secretHash: SECRET_HASH });
  return { chain, wallet, clock, make, terms, voucher, upgrade, use, stateDir };
}

/** Lets everything that is already possible happen; nothing here waits for real time. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('looking after channels', () => {
  test('tops up by itself, once, and stops when the chain shows it', async () => {
    const { chain, wallet, clock, make, terms } = setUp();
    const channels = make();
    channels.for(terms);
    channels.start();
    chain.setClient({ balance: toNano('1') });
    for (let i = 0; i < 3; i++) {
      clock.advance(INTERVAL);
      await settle();
    }
    expect(wallet.sent).toEqual([['extClientTopUp']]);
    expect(chain.clientData()?.balance).toBe(toNano('16'));
    await channels.stop();
  });

  test('never pays twice because the endpoint shows a state from before the first payment', async () => {
    const { chain, wallet, clock, make, terms } = setUp();
    const channels = make();
    channels.for(terms);
    channels.start();
    chain.setClient({ balance: toNano('1') });
    const old = await chain.account(chain.client);
    let lagging = true;
    const account = chain.account.bind(chain);
    jest
      .spyOn(chain, 'account')
      .mockImplementation(async (where) => (lagging && where.equals(chain.client) ? old : account(where)));
    const ticks = async () => {
      for (let i = 0; i < 3; i++) {
        clock.advance(INTERVAL);
        await settle();
      }
    };
    await ticks();
    expect(wallet.sent).toEqual([['extClientTopUp']]);
    lagging = false;
    await ticks();
    lagging = true; // another server of the endpoint answers again
    await ticks();
    expect(wallet.sent).toEqual([['extClientTopUp']]);
    lagging = false;
    chain.setClient({ balance: toNano('2') });
    await ticks();
    expect(wallet.sent).toEqual([['extClientTopUp'], ['extClientTopUp']]);
    await channels.stop();
  });

  test('one action at a time for a channel, however long it takes (B12)', async () => {
    const { chain, wallet, clock, make, terms } = setUp();
    const channels = make();
    channels.for(terms);
    channels.start();
    chain.setClient({ balance: toNano('1') });
    let release: () => void = () => undefined;
    wallet.delay = new Promise((resolve) => {
      release = resolve;
    });
    clock.advance(INTERVAL);
    await settle();
    await expect(channels.act('topup', undefined)).rejects.toMatchObject({ code: 'another_action_running' });
    release();
    await settle();
    expect(wallet.sent).toEqual([['extClientTopUp']]);
    await channels.stop();
  });

  test('a step that fails is tried again later and later, never in a row', async () => {
    const { chain, wallet, clock, make, terms } = setUp();
    const channels = make();
    channels.for(terms);
    channels.start();
    chain.setClient({ balance: toNano('1') });
    wallet.failure = new ActionFailedError('exit code 1003', { exitCode: 1003 });
    const tick = async (ms: number) => {
      for (let i = 0; i < ms / INTERVAL; i++) {
        clock.advance(INTERVAL);
        await settle();
      }
    };
    await tick(30_000);
    expect(wallet.sent).toHaveLength(1);
    await tick(30_000);
    expect(wallet.sent).toHaveLength(2);
    await tick(30_000);
    expect(wallet.sent).toHaveLength(2);
    wallet.failure = undefined;
    await tick(30_000);
    expect(wallet.sent).toHaveLength(3);
    expect(chain.clientData()?.balance).toBe(toNano('16'));
    await channels.stop();
  });

  test('an outage of the chain is survived', async () => {
    const { chain, wallet, clock, make, terms } = setUp();
    const channels = make();
    channels.for(terms);
    channels.start();
    chain.setClient({ balance: toNano('1') });
    chain.outage = new Error('unreachable');
    clock.advance(INTERVAL);
    await settle();
    expect(wallet.sent).toEqual([]);
    await expect(channels.act('topup', undefined)).rejects.toMatchObject({ status: 503, code: 'chain_unavailable' });
    chain.outage = undefined;
    clock.advance(INTERVAL);
    await settle();
    expect(wallet.sent).toEqual([['extClientTopUp']]);
    await channels.stop();
  });

  test('are known by their files after a restart', async () => {
    const { make, terms, voucher } = setUp();
    const channels = make();
    expect(channels.has(terms.client)).toBe(false);
    channels.for(terms).payment(voucher(5n));
    expect(channels.has(terms.client)).toBe(true);
    await channels.stop();
    expect(make().has(terms.client)).toBe(true);
    expect(make().has(terms.proxy)).toBe(false);
  });

  test('new terms leave a channel alone as long as its proxy works with it, also after a break', async () => {
    const { wallet, clock, make, terms, upgrade, use } = setUp();
    use.now = true;
    const channels = make();
    channels.for(terms);
    channels.start();
    upgrade();
    const pass = async (seconds: number) => {
      clock.advance(seconds * 1000);
      clock.advance(INTERVAL);
      await settle();
    };
    await pass(30 * 86_400);
    use.now = false;
    await pass(1);
    await pass(21_000);
    use.now = true;
    await pass(1);
    use.now = false;
    await pass(1);
    await pass(21_000);
    expect(wallet.sent).toEqual([]);
    await pass(600);
    expect(wallet.sent).toEqual([['ownerClientRequestRefund']]);
  });

  test('after new terms a channel that nobody serves is closed in time, through both stages when the proxy is silent', async () => {
    const { chain, wallet, clock, make, terms, upgrade } = setUp();
    const channels = make();
    channels.for(terms);
    channels.start();
    upgrade();
    const tick = async () => {
      clock.advance(INTERVAL);
      await settle();
    };
    await tick();
    expect(wallet.sent).toEqual([]);
    clock.advance(21_600 * 1000);
    await tick();
    expect(wallet.sent).toEqual([['ownerClientRequestRefund']]);
    await tick();
    expect(wallet.sent).toEqual([['ownerClientRequestRefund'], ['ownerClientRequestRefund']]);
    expect(chain.clientData()?.state).toBe(CocoonState.closed);
    await tick();
    expect(wallet.sent).toHaveLength(2);
    await channels.stop();
  });
});

describe("the owner's actions", () => {
  const act = async (action: ChannelAction, prepare: (world: ReturnType<typeof setUp>) => void = () => undefined) => {
    const world = setUp();
    const channels = world.make();
    const channel = channels.for(world.terms);
    prepare(world);
    return { ...world, channels, channel, result: channels.act(action, world.terms.proxy.toString()) };
  };

  test('topup adds one stake', async () => {
    const { chain, result } = await act('topup');
    expect(await result).toMatchObject({ status: 'done', amount: toNano('15'), transaction: '10' });
    expect(chain.clientData()?.balance).toBe(toNano('30'));
  });

  test('withdraw takes what exceeds the stake, and says when there is nothing', async () => {
    const { result } = await act('withdraw', ({ chain }) => chain.setClient({ balance: toNano('20') }));
    expect(await result).toMatchObject({ status: 'done', amount: toNano('5') });
    await expect((await act('withdraw')).result).rejects.toMatchObject({ status: 409, code: 'nothing_to_withdraw' });
  });

  test('charge sends the newest voucher, its excesses coming back here', async () => {
    await expect((await act('charge')).result).rejects.toMatchObject({ code: 'no_voucher' });
    const world = setUp();
    const channels = world.make();
    channels.for(world.terms).payment(world.voucher(1000n), { db: 1000n, max: 1000n });
    expect(await channels.act('charge', undefined)).toMatchObject({ status: 'done', amount: 20_000n });
    expect(world.chain.clientData()).toMatchObject({ tokensUsed: 1000n, balance: toNano('15') - 20_000n });
    const body = world.wallet.messages[0]?.body.beginParse().skip(96);
    expect(body?.loadAddress().equals(WALLET)).toBe(true);
    await expect(channels.act('charge', undefined)).rejects.toMatchObject({ code: 'nothing_to_charge' });
  });

  test('close is remembered: a new process goes on closing', async () => {
    const world = setUp();
    const first = world.make();
    first.for(world.terms);
    world.wallet.failure = new ActionFailedError('the wallet is blocked');
    await expect(first.act('close', undefined)).rejects.toMatchObject({ status: 502, code: 'chain_action_failed' });
    await first.stop();

    world.wallet.failure = undefined;
    const second = world.make();
    expect(second.for(world.terms).closing).toBe(true);
    expect(second.for(world.terms).ending).toMatchObject({ code: 'channel_closing' });
    second.start();
    world.clock.advance(INTERVAL);
    await settle();
    expect(world.chain.clientData()?.state).toBe(CocoonState.closing);
    await second.stop();
  });

  test('an action whose outcome is not known is pending, not failed', async () => {
    const { result } = await act('topup', ({ wallet }) => {
      wallet.failure = new ActionFailedError('not seen in time', { unknown: true });
    });
    expect(await result).toMatchObject({ status: 'pending' });
  });

  test('a proxy that is not known, or no address, is refused', async () => {
    const { channels } = await act('topup');
    await expect(channels.act('topup', WALLET.toString())).rejects.toMatchObject({ status: 404 });
    await expect(channels.act('topup', 'nonsense')).rejects.toMatchObject({ status: 400, param: 'proxy' });
  });

  test('a closed channel takes no action', async () => {
    const { result } = await act('topup', ({ chain }) => chain.setClient({ state: CocoonState.closed }));
    await expect(result).rejects.toMatchObject({ status: 409, code: 'channel_closed' });
  });
});

describe('what is remembered (B19)', () => {
  test('counters and the newest voucher survive a restart', async () => {
    const world = setUp();
    const first = world.make();
    const channel = first.for(world.terms);
    channel.payment(world.voucher(100n), { db: 150n, max: 200n });
    channel.payment(world.voucher(50n), { db: 10n, max: 20n });
    channel.received(200n);
    await first.stop();
    const again = world.make().for(world.terms);
    expect([again.tokensSigned, again.tokensMax]).toEqual([100n, 200n]);
    expect(again.chargeMessage()).toBeDefined();
  });

  test('a damaged file is said by name instead of being overwritten', async () => {
    const world = setUp();
    const first = world.make();
    first.for(world.terms).payment(world.voucher(1n), { db: 1n, max: 1n });
    await first.stop();
    const dir = join(world.stateDir, 'channels');
    const [file] = readdirSync(dir);
    const path = join(dir, file as string);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"tokensMax"', '"tokensMin"'));
    expect(() => world.make().for(world.terms)).toThrow(path);
  });
});
